"""Rounds of housekeeping against Bedrock over HTTP: what every kind of list and answer looks like.

Time is given, so that nothing waits for it.
"""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from moto.moto_api._internal import moto_api_backend

from bedrock_customization_local.cloud.bedrock.faults import Fault, FaultKind
from bedrock_customization_runtime import manifest
from bedrock_customization_runtime.contract import PIPELINE_TAG, RUN_TAG
from bedrock_customization_runtime.housekeeping import rounds
from bedrock_customization_runtime.housekeeping.pipelines import Clients, Limits

NAMES = {
    "data_bucket": "data",
    "blind_bucket": "output",
    "artifacts_bucket": "output",
    "alias_parameter": "/tuned",
    "previous_parameter": "/tuned/previous",
}
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:Tuning:killed"
TAGS = [{"key": PIPELINE_TAG, "value": "Tuning"}, {"key": RUN_TAG, "value": "killed"}]
PIPELINE = {
    "name": "Tuning",
    "state_machine_arn": "arn:aws:states:us-east-1:123456789012:stateMachine:Tuning",
    **NAMES,
}


class StepFunctions:
    """Has forgotten every execution."""

    def describe_execution(self, **_):
        raise ClientError({"Error": {"Code": "ExecutionDoesNotExist"}}, "DescribeExecution")


@pytest.fixture
def keep(cloud):
    section = manifest.RunSection(
        id="killed",
        execution_arn=EXECUTION,
        source="s3://data/rows",
        base_model="amazon.nova-micro-v1:0:128k",
        inference_model="amazon.nova-micro-v1:0",
        catalog_version="1",
        library_version="1",
        started="2026-01-01T00:00:00+00:00",
        embedded=True,
    )
    manifest.begin(cloud.s3, "s3://output/runs/killed/manifest.json", section)

    def keep(**given):
        limits = Limits(models=timedelta(days=30), **given)
        return rounds.run(
            Clients(
                bedrock=cloud.bedrock,
                cloudwatch=cloud.client("cloudwatch"),
                s3=cloud.s3,
                ssm=cloud.client("ssm"),
                stepfunctions=StepFunctions(),
            ),
            PIPELINE,
            limits,
            now=datetime.now(UTC) + timedelta(days=40),
            dry_run=False,
            remaining_ms=lambda: 900_000,
        )

    yield keep
    moto_api_backend.reset()


def kinds(report):
    assert report.unseen == []
    return [(finding.kind.value, finding.outcome) for finding in report.findings]


@pytest.mark.usefixtures("brief_training")
def test_a_deployment_goes_at_once_and_its_model_at_the_next_round(cloud, keep):
    model = cloud.trained_model(customModelTags=TAGS)
    deployment = cloud.bedrock.create_custom_model_deployment(
        modelDeploymentName="candidate", modelArn=model, tags=TAGS
    )["customModelDeploymentArn"]
    cloud.until(lambda: cloud.deployment(deployment), lambda found: found["status"] == "Active")
    # The model stays for now: something was made of it.
    assert kinds(keep()) == [("orphaned-deployment", "removed")]
    assert kinds(keep()) == [("lost-candidate", "removed")]
    assert cloud.bedrock.list_custom_model_deployments()["modelDeploymentSummaries"] == []
    assert cloud.bedrock.list_custom_models()["modelSummaries"] == []
    assert cloud.service.meter.running() == ()


def test_a_job_that_stalls_is_stopped_once(cloud, keep):
    cloud.service.faults.inject(Fault(name="stalls", kind=FaultKind.STALL_JOB))
    job = cloud.create_job(jobTags=TAGS, customModelTags=TAGS)
    assert kinds(keep(stall=timedelta(days=50))) == []
    assert kinds(keep()) == [("stalled-job", "removed")]
    assert cloud.ended_job(job)["status"] == "Stopped"
    assert kinds(keep()) == []


def test_throughput_that_nobody_asks_is_reported_while_it_is_live(cloud, keep):
    arn = cloud.bedrock.create_provisioned_model_throughput(
        modelUnits=1,
        provisionedModelName="live",
        modelId="amazon.nova-micro-v1:0:128k",
        tags=TAGS,
    )["provisionedModelArn"]
    cloud.until(
        lambda: cloud.bedrock.get_provisioned_model_throughput(provisionedModelId=arn),
        lambda found: found["status"] == "InService",
    )
    ssm = cloud.client("ssm")
    ssm.put_parameter(Name="/tuned", Value=arn, Type="String")
    assert kinds(keep()) == [("idle-throughput", "reported")]
    assert kinds(keep(idle=timedelta(days=50))) == []
    ssm.delete_parameter(Name="/tuned")
    assert kinds(keep()) == [("orphaned-throughput", "removed")]
