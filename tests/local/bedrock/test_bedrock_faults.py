"""Faults on demand: what is refused, lost, failed, stalled, stopped."""

import pytest

from bedrock_customization_local.cloud.bedrock.faults import Fault, FaultKind, Faults

CREATE = "CreateModelCustomizationJob"


def jobs(cloud):
    return cloud.bedrock.list_model_customization_jobs()["modelCustomizationJobSummaries"]


def test_a_throttled_call_has_no_effect(cloud):
    cloud.service.faults.inject(
        Fault(name="F01", kind=FaultKind.THROTTLE, operation=CREATE, times=2)
    )
    for _ in range(2):
        assert cloud.refusal(cloud.create_job)[0] == "ThrottlingException"
    assert not jobs(cloud)
    assert cloud.create_job()
    assert cloud.service.faults.injected == ("F01", "F01")


def test_a_quota_can_be_exceeded_on_demand(cloud):
    cloud.service.faults.inject(Fault(name="F03", kind=FaultKind.QUOTA, operation=CREATE))
    assert cloud.refusal(cloud.create_job)[0] == "ServiceQuotaExceededException"
    assert not jobs(cloud)


def test_a_lost_reply_took_effect_and_the_same_token_finds_it(cloud):
    cloud.service.faults.inject(Fault(name="F07", kind=FaultKind.LOST_REPLY, operation=CREATE))
    code, _ = cloud.refusal(cloud.create_job, clientRequestToken="token-1")
    assert code == "InternalServerException"
    (job,) = jobs(cloud)
    assert cloud.create_job(clientRequestToken="token-1") == job["jobArn"]
    assert len(jobs(cloud)) == 1


def test_a_job_fails_on_demand(cloud):
    cloud.service.faults.inject(Fault(name="F13", kind=FaultKind.FAIL_JOB, message="no capacity"))
    job = cloud.ended_job(cloud.create_job())
    assert (job["status"], job["failureMessage"]) == ("Failed", "no capacity")
    assert job["statusDetails"]["trainingDetails"]["status"] == "Failed"


@pytest.mark.usefixtures("brief_training")
def test_a_fault_of_one_job_hits_no_other(cloud):
    cloud.service.faults.inject(Fault(name="second", kind=FaultKind.FAIL_JOB, job="job-2"))
    assert cloud.ended_job(cloud.create_job())["status"] == "Completed"
    job = cloud.create_job(jobName="job-2", customModelName="model-2")
    assert cloud.ended_job(job)["status"] == "Failed"


def test_a_job_stopped_while_it_trains_leaves_no_model_and_is_charged_for_what_it_did(cloud):
    whole = cloud.ended_job(cloud.create_job())
    cloud.service.faults.inject(Fault(name="F14", kind=FaultKind.STOP_JOB))
    job = cloud.ended_job(cloud.create_job(jobName="job-2", customModelName="model-2"))
    assert job["status"] == "Stopped"
    assert job["statusDetails"]["trainingDetails"]["status"] == "Stopped"
    assert "outputModelArn" not in job
    charged = {line.resource: line for line in cloud.service.meter.lines()}
    share = charged[job["jobArn"]].quantity / charged[whole["jobArn"]].quantity
    assert share == pytest.approx(0.5, abs=0.2)
    assert cloud.heard(5)[2:] == ["InProgress", "Stopping", "Stopped"]


def test_a_stalled_job_never_trains_and_can_be_stopped(cloud):
    cloud.service.faults.inject(Fault(name="F16", kind=FaultKind.STALL_JOB))
    arn = cloud.create_job()
    job = cloud.until(
        lambda: cloud.job(arn),
        lambda job: job["statusDetails"]["dataProcessingDetails"]["status"] == "Completed",
    )
    assert job["statusDetails"]["trainingDetails"]["status"] == "NotStarted"
    cloud.bedrock.stop_model_customization_job(jobIdentifier=arn)
    assert cloud.ended_job(arn)["status"] == "Stopped"


def test_the_same_seed_hits_the_same_calls():
    def hits(seed):
        faults = Faults()
        faults.inject(
            Fault(name="some", kind=FaultKind.LOST_REPLY, times=None, share=0.5, seed=seed)
        )
        found = []
        for number in range(40):
            try:
                faults.after(CREATE)
            except Exception:  # noqa: BLE001 - whatever it is, it hit
                found.append(number)
        return found

    assert hits(1) == hits(1) != hits(2)
    assert 10 < len(hits(1)) < 30
