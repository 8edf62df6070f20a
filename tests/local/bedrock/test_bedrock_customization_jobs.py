"""Customization jobs: their way from request to model, over HTTP."""

import csv
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bedrock_customization_local.cloud.bedrock.faults import Fault, FaultKind

JOB_FOLDER = "runs/1/model-customization-job-"
TRAINING_METRICS = "training_artifacts/step_wise_training_metrics.csv"
VALIDATION_METRICS = "validation_artifacts/post_fine_tuning_validation/validation_metrics.csv"


def metrics(cloud, job, name):
    key = f"{JOB_FOLDER}{job['jobArn'][-12:]}/{name}"
    body = cloud.s3.get_object(Bucket="output", Key=key)["Body"].read().decode()
    return list(csv.DictReader(io.StringIO(body)))


def test_a_job_leaves_an_active_model_and_its_metrics(cloud):
    model = cloud.bedrock.get_custom_model(modelIdentifier=cloud.trained_model())
    job = cloud.job("job-1")
    assert (model["jobArn"], model["modelStatus"]) == (job["jobArn"], "Active")
    assert job["outputModelArn"] == model["modelArn"]
    steps = metrics(cloud, job, TRAINING_METRICS)
    assert list(steps[0]) == ["step_number", "epoch_number", "training_loss", "perplexity"]
    assert steps[0]["step_number"] == "0"
    assert float(steps[-1]["training_loss"]) < float(steps[0]["training_loss"])
    assert model["trainingMetrics"]["trainingLoss"] == pytest.approx(
        job["trainingMetrics"]["trainingLoss"]
    )


def test_a_validation_set_gives_validation_metrics(cloud):
    cloud.put("validation.jsonl", cloud.records[:4])
    cloud.trained_model(
        validationDataConfig={"validators": [{"s3Uri": "s3://data/validation.jsonl"}]}
    )
    job = cloud.job("job-1")
    losses = [float(row["validation_loss"]) for row in metrics(cloud, job, VALIDATION_METRICS)]
    assert job["validationMetrics"] == [{"validationLoss": pytest.approx(min(losses))}]


def test_the_metrics_of_a_stopped_job_tell_how_far_it_came(cloud):
    cloud.put("validation.jsonl", cloud.records[:4])
    cloud.service.faults.inject(Fault(name="F14", kind=FaultKind.STOP_JOB))
    arn = cloud.create_job(
        hyperParameters={"epochCount": "4"},
        validationDataConfig={"validators": [{"s3Uri": "s3://data/validation.jsonl"}]},
    )
    assert cloud.ended_job(arn)["status"] == "Stopped"
    steps = metrics(cloud, {"jobArn": arn}, TRAINING_METRICS)
    assert steps[-1]["epoch_number"] in {"1", "2"}
    assert metrics(cloud, {"jobArn": arn}, VALIDATION_METRICS)


def test_default_hyperparameters_are_filled_in(cloud):
    cloud.trained_model(hyperParameters={"epochCount": "3"})
    assert cloud.job("job-1")["hyperParameters"] == {
        "epochCount": "3",
        "learningRate": "0.00001",
        "learningRateWarmupSteps": "10",
    }


def test_two_jobs_with_the_same_data_have_the_same_losses_to_the_last_digit(cloud):
    cloud.trained_model()
    cloud.trained_model(jobName="job-2", customModelName="model-2")
    first, second = (
        metrics(cloud, cloud.job(name), TRAINING_METRICS) for name in ("job-1", "job-2")
    )
    assert first == second


def test_a_job_can_go_on_from_a_custom_model(cloud):
    parent = cloud.trained_model(hyperParameters={"epochCount": "5"})
    child = cloud.trained_model(
        jobName="job-2", customModelName="model-2", baseModelIdentifier=parent
    )
    assert cloud.bedrock.get_custom_model(modelIdentifier=child)["baseModelArn"] == parent
    assert cloud.job("job-2")["baseModelArn"].endswith(
        "foundation-model/amazon.nova-micro-v1:0:128k"
    )
    first, second = (
        float(metrics(cloud, cloud.job(name), TRAINING_METRICS)[0]["training_loss"])
        for name in ("job-1", "job-2")
    )
    assert second < first / 2


def test_statuses_come_in_the_documented_order(cloud):
    seen = []
    arn = cloud.create_job()

    def look():
        job = cloud.job(arn)
        details = job["statusDetails"]
        seen.append(
            (
                *(
                    details[phase]["status"]
                    for phase in ("validationDetails", "dataProcessingDetails", "trainingDetails")
                ),
                job["status"],
            )
        )
        return job

    cloud.until(look, lambda job: job["status"] != "InProgress")
    order = [
        ("NotStarted", "NotStarted", "NotStarted", "InProgress"),
        ("InProgress", "NotStarted", "NotStarted", "InProgress"),
        ("Completed", "NotStarted", "NotStarted", "InProgress"),
        ("Completed", "InProgress", "NotStarted", "InProgress"),
        ("Completed", "Completed", "NotStarted", "InProgress"),
        ("Completed", "Completed", "InProgress", "InProgress"),
        ("Completed", "Completed", "Completed", "Completed"),
    ]
    assert set(seen) <= set(order)
    assert seen == sorted(seen, key=order.index)
    assert cloud.heard(2) == ["InProgress", "Completed"]
    assert cloud.events[-1]["jobArn"] == arn


def test_the_same_token_starts_one_job(cloud):
    request = cloud.job_request(clientRequestToken="token-1")
    arns = {cloud.bedrock.create_model_customization_job(**request)["jobArn"] for _ in range(3)}
    assert len(arns) == 1
    jobs = cloud.bedrock.list_model_customization_jobs()["modelCustomizationJobSummaries"]
    assert [job["jobArn"] for job in jobs] == list(arns)


def test_a_token_is_good_for_one_request(cloud):
    cloud.create_job(clientRequestToken="token-1")
    code, message = cloud.refusal(
        cloud.create_job, clientRequestToken="token-1", jobName="job-2", customModelName="model-2"
    )
    assert code == "ConflictException"
    assert "clientRequestToken" in message


def test_the_name_of_a_job_is_taken_for_ever(cloud):
    cloud.trained_model()
    code, message = cloud.refusal(cloud.create_job, customModelName="model-2")
    assert code == "ConflictException"
    assert "jobName" in message


def test_the_name_of_a_model_is_free_again_when_the_model_is_deleted(cloud):
    model = cloud.trained_model()
    assert cloud.refusal(cloud.create_job, jobName="job-2")[0] == "ConflictException"
    cloud.bedrock.delete_custom_model(modelIdentifier=model)
    assert cloud.create_job(jobName="job-2")


def test_a_job_is_stopped_by_its_arn(cloud):
    arn = cloud.create_job()
    cloud.bedrock.stop_model_customization_job(jobIdentifier=arn)
    job = cloud.ended_job(arn)
    assert job["status"] == "Stopped"
    assert "outputModelArn" not in job
    assert cloud.refusal(cloud.bedrock.stop_model_customization_job, jobIdentifier=arn)[0] == (
        "ConflictException"
    )
    assert cloud.heard(3) == ["InProgress", "Stopping", "Stopped"]


@pytest.mark.parametrize("phase", ["validationDetails", "dataProcessingDetails", "trainingDetails"])
def test_a_job_is_stopped_in_whatever_phase_it_is(cloud, phase):
    lines = [cloud.record(f"where is my card number {n}", f"card {n % 9}") for n in range(600)]
    cloud.put("train.jsonl", lines)
    arn = cloud.create_job(hyperParameters={"epochCount": "5"})
    cloud.until(
        lambda: cloud.job(arn), lambda job: job["statusDetails"][phase]["status"] != "NotStarted"
    )
    cloud.bedrock.stop_model_customization_job(jobIdentifier=arn)
    details = cloud.job(arn)["statusDetails"]
    assert {"Stopping", "Stopped"} & {one["status"] for one in details.values()} or (
        details["trainingDetails"]["status"] == "NotStarted"
    )
    job = cloud.ended_job(arn)
    assert job["status"] == "Stopped"
    assert job["endTime"] >= job["creationTime"]
    assert "outputModelArn" not in job
    assert not {"InProgress", "Stopping"} & {one["status"] for one in job["statusDetails"].values()}
    for one in job["statusDetails"].values():
        assert (one["status"] == "NotStarted") == ("creationTime" not in one)


def test_the_data_are_read_and_written_as_the_role(cloud):
    cloud.trained_model()
    job = cloud.job("job-1")
    folder = f"{JOB_FOLDER}{job['jobArn'][-12:]}"
    assert cloud.roles.asked == [
        ("AssumeRole", job["jobArn"]),
        ("ListObjectsV2", "train.jsonl"),
        ("GetObject", "train.jsonl"),
        ("PutObject", "runs/1/.write_access_check_file.tmp"),
        ("PutObject", f"{folder}/{TRAINING_METRICS}"),
    ]


@pytest.mark.parametrize(
    ("denied", "message"),
    [
        (
            "GetObject",
            "Amazon S3 bucket: data at key train.jsonl",
        ),
        (
            "PutObject",
            "S3 bucket: output at key runs/1/.write_access_check_file.tmp",
        ),
    ],
)
def test_a_role_without_rights_fails_the_job(cloud, denied, message):
    cloud.roles.denied.add(denied)
    job = cloud.ended_job(cloud.create_job())
    assert job["status"] == "Failed"
    assert f"Could not validate {denied} permissions to access" in job["failureMessage"]
    assert job["failureMessage"].endswith(message)
    assert job["statusDetails"]["validationDetails"]["status"] == "Failed"
    assert job["statusDetails"]["trainingDetails"]["status"] == "NotStarted"


def test_a_role_that_cannot_be_assumed_is_refused(cloud):
    cloud.roles.denied.add("AssumeRole")
    code, message = cloud.refusal(cloud.create_job)
    assert code == "ValidationException"
    assert "Could not assume provided IAM role" in message


def test_no_more_jobs_run_than_the_quota_allows(cloud):
    for number in range(10):
        cloud.create_job(jobName=f"job-{number}", customModelName=f"model-{number}")
    code, _ = cloud.refusal(cloud.create_job, jobName="job-10", customModelName="model-10")
    assert code == "ServiceQuotaExceededException"


def test_jobs_are_listed_page_by_page_and_filtered(cloud):
    for number in range(3):
        cloud.create_job(jobName=f"job-{number}", customModelName=f"model-{number}")
        cloud.bedrock.stop_model_customization_job(jobIdentifier=f"job-{number}")
    pages = cloud.bedrock.get_paginator("list_model_customization_jobs").paginate(
        sortOrder="Ascending", PaginationConfig={"PageSize": 2}
    )
    names = [[j["jobName"] for j in page["modelCustomizationJobSummaries"]] for page in pages]
    assert names == [["job-0", "job-1"], ["job-2"]]
    found = cloud.bedrock.list_model_customization_jobs(nameContains="job-1")
    assert [j["jobName"] for j in found["modelCustomizationJobSummaries"]] == ["job-1"]


def test_training_ends_with_the_process_that_asked_for_it(tmp_path):
    script = tmp_path / "parent.py"
    (tmp_path / "job").mkdir()
    script.write_text(
        "from pathlib import Path\n"
        "from bedrock_customization_local.cloud.bedrock.tinylm.training import Settings\n"
        "from bedrock_customization_local.cloud.bedrock.tinylm.worker import Worker\n"
        "pairs = [(f'question {n} ' * 60, f'answer {n}') for n in range(2000)]\n"
        f"worker = Worker(Path({str(tmp_path / 'job')!r}), pairs, [], Settings(epochs=50))\n"
        "next(worker.progress())\n"
        "print(worker.process_id, flush=True)\n"
        "for _ in worker.progress(): pass\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-P", str(script)], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        worker = int(parent.stdout.readline())
        descriptor = os.pidfd_open(worker) if hasattr(os, "pidfd_open") else None
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    if descriptor is None:
        pytest.skip("this system cannot wait for a process that is not its child")
    import select  # noqa: PLC0415 - only where pidfd_open exists

    assert select.select([descriptor], [], [], 30)[0], "the worker outlived its parent"
    os.close(descriptor)
    assert not (Path(tmp_path) / "job" / "model.npz").exists()
