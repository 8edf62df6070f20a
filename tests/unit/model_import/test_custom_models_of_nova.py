"""What SageMaker AI trained of Amazon Nova: where it is, room for it, and the custom model."""

import io
import json
import tarfile
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from bedrock_customization_runtime import manifest
from bedrock_customization_runtime.contract import DeploymentKind
from bedrock_customization_runtime.custom_model import artifacts, creation, planning
from bedrock_customization_runtime.deployment import removal
from bedrock_customization_runtime.errors import (
    DeploymentBusy,
    ImportFailed,
    ModelRejected,
    ModelSourceRefused,
    QuotaExhausted,
)

ACCOUNT = "123456789012"
CHECKPOINT = f"s3://customer-escrow-{ACCOUNT}-smtj-a1b2/job/checkpoint"
MODEL = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:custom-model/imported/abcdefghijkl"
DEPLOYMENT = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:custom-model-deployment/abcdefghijkl"
ARCHIVE = "out/job/output/output.tar.gz"


class Bedrock:
    """An account with custom models, one of which the run may have made."""

    class exceptions:
        class ResourceNotFoundException(Exception):
            pass

        class ConflictException(Exception):
            pass

        class ValidationException(Exception):
            pass

    def __init__(self, others=0, made=None, base="amazon.nova-micro-v1:0"):
        self.others, self.made, self.base = others, made, base
        self.status, self.is_deployed, self.requests = "Active", False, []

    def create_custom_model(self, **request):
        self.requests.append(request)
        if self.made:
            raise self.exceptions.ConflictException
        self.made = request["modelName"]
        return {"modelArn": MODEL}

    def get_custom_model(self, *, modelIdentifier):
        if not self.made or modelIdentifier not in {self.made, MODEL}:
            raise self.exceptions.ResourceNotFoundException
        return {
            "modelArn": MODEL,
            "modelStatus": self.status,
            "baseModelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{self.base}",
            "creationTime": datetime(2026, 11, 23, tzinfo=UTC),
        }

    def get_custom_model_deployment(self, **_):
        if not self.is_deployed:
            raise self.exceptions.ResourceNotFoundException
        return {"customModelDeploymentArn": DEPLOYMENT, "status": "Active"}

    def delete_custom_model(self, *, modelIdentifier):
        assert modelIdentifier == MODEL
        if self.is_deployed:
            raise self.exceptions.ConflictException
        self.made = None

    def get_paginator(self, operation):
        page = {
            "list_custom_models": {"modelSummaries": [{}] * self.others},
            "list_model_customization_jobs": {"modelCustomizationJobSummaries": []},
        }[operation]
        return type("Pages", (), {"paginate": lambda _, **__: [page]})()


class ServiceQuotas:
    def get_service_quota(self, **_):
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetServiceQuota")


class SageMaker:
    """One training job, whose output went to a bucket."""

    def __init__(self, bucket, status="Completed"):
        self._job = {
            "TrainingJobStatus": status,
            "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/out/"},
        }

    def describe_training_job(self, **_):
        return self._job


def packed(**files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, body in files.items():
            described = tarfile.TarInfo(name.replace("_json", ".json"))
            described.size = len(body)
            archive.addfile(described, io.BytesIO(body))
    return buffer.getvalue()


@pytest.fixture
def locate(s3):
    """Look for the model of a training job that has left an archive."""

    def locate(body, *, bucket="elsewhere", status="Completed"):
        if body is not None:
            s3.put_object(Bucket="elsewhere", Key=ARCHIVE, Body=body)
        source = {"training_job": "job", "bucket": bucket}
        sagemaker = SageMaker("elsewhere", status)
        try:
            return artifacts.locate(s3, lambda: sagemaker, source, account=ACCOUNT)
        finally:
            s3.delete_object(Bucket="elsewhere", Key=ARCHIVE)

    return locate


def named(uri):
    return json.dumps({"checkpoint_s3_bucket": uri}).encode()


def test_the_manifest_of_a_training_job_names_its_model(locate):
    body = packed(loss_json=b"[]", manifest_json=named(CHECKPOINT))
    assert locate(body) == {"uri": CHECKPOINT}


@pytest.mark.parametrize(
    ("body", "given", "error", "told"),
    [
        (None, {}, ModelSourceRefused, "has left no s3://elsewhere/out/job"),
        (None, {"status": "InProgress"}, ModelSourceRefused, "once it has Completed"),
        (None, {"bucket": "mine"}, ModelSourceRefused, "bucket elsewhere, and mine is the one"),
        (b"no archive", {}, ModelRejected, "cannot be unpacked"),
        (packed(loss_json=b"[]"), {}, ModelSourceRefused, "it has none"),
        (packed(manifest_json=b"["), {}, ModelSourceRefused, "names no checkpoint_s3_bucket"),
        (packed(manifest_json=b"{}"), {}, ModelSourceRefused, "names no checkpoint_s3_bucket"),
        (
            packed(manifest_json=named("s3://mine/model/")),
            {},
            ModelSourceRefused,
            "customer-escrow-123456789012-",
        ),
        (
            packed(manifest_json=named("s3://customer-escrow-1234567890123-x/y")),
            {},
            ModelSourceRefused,
            "customer-escrow-123456789012-",
        ),
    ],
)
def test_a_training_job_without_a_nova_of_this_account_is_refused(locate, body, given, error, told):
    with pytest.raises(error, match=told):
        locate(body, **given)


def test_a_model_package_is_bedrocks_to_resolve(s3):
    package = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package/nova/1"
    found = artifacts.locate(s3, SageMaker, {"model_package": package}, account=ACCOUNT)
    assert found == {"model_package": package}


@pytest.fixture
def plan(s3, run):
    """Plan a run in an account."""

    def plan(bedrock, **more):
        clients = planning.PlanningClients(
            s3=s3, bedrock=bedrock, service_quotas=ServiceQuotas(), sagemaker=SageMaker
        )
        event = {
            "step": "inspect",
            "run": run,
            "model_name": "nova",
            "source": {"artifacts": CHECKPOINT},
            "allow_unknown_price": False,
        }
        return planning.plan(clients, event | more)

    return plan


def test_what_is_created_stands_in_the_manifest_before_it_is(s3, run, plan):
    assert plan(Bedrock()) == {"uri": CHECKPOINT}
    found = manifest.load(s3, run["manifest"])
    assert found.custom_model.location == CHECKPOINT
    assert (found.custom_model.model_name, found.custom_model.model_arn) == ("nova", None)
    assert [check.name for check in found.preflight] == ["Region", "base model", "custom models"]


def test_a_full_account_is_refused_unless_the_run_has_made_its_model(plan):
    with pytest.raises(QuotaExhausted, match="custom models per account"):
        plan(Bedrock(others=100))
    plan(Bedrock(others=100, made="nova"))


def test_other_regions_and_base_models_are_refused():
    with pytest.raises(ImportFailed, match="us-east-1"):
        planning.check_region("us-west-2")
    with pytest.raises(ImportFailed, match="nova-micro"):
        planning.check_base_model("meta.llama3-3-70b-instruct-v1:0:128k")


def request(**more):
    return {
        "step": "create",
        "artifacts": {"uri": CHECKPOINT},
        "model_name": "nova",
        "token": "token-model",
        "tags": {"run": "1"},
        "role_arn": "arn:aws:iam::123456789012:role/creation",
        **more,
    }


def test_a_model_is_asked_for_once_and_adopted_after_that():
    bedrock = Bedrock()
    assert creation.create(bedrock, request()) == {"model_arn": MODEL}
    assert creation.create(bedrock, request()) == {"model_arn": MODEL}
    first, again = bedrock.requests
    assert first == again
    assert first["clientRequestToken"] == "token-model"
    assert first["modelSourceConfig"] == {"s3DataSource": {"s3Uri": CHECKPOINT}}
    assert first["modelTags"] == [{"key": "run", "value": "1"}]
    assert "modelKmsKeyArn" not in first


def test_a_model_package_is_asked_for_without_a_role():
    bedrock, event = Bedrock(), request(artifacts={"model_package": "arn"}, key_arn="key")
    del event["role_arn"]
    creation.create(bedrock, event)
    (asked,) = bedrock.requests
    source = {"modelPackageArnDataSource": {"modelPackageArn": "arn"}}
    assert asked["customModelDataSource"] == source
    assert asked["modelKmsKeyArn"] == "key"
    assert not {"roleArn", "modelSourceConfig"} & set(asked)


@pytest.mark.parametrize(
    "base", ["amazon.nova-micro-v1:0", "amazon.nova-micro-v1:0:128k", "amazon.nova-micro-v1:0:24k"]
)
def test_the_model_that_was_made_is_recorded(s3, run, plan, base):
    bedrock = Bedrock(base=base)
    plan(bedrock)
    creation.create(bedrock, request())
    event = {"step": "record", "run": run, "model_arn": MODEL}
    assert creation.record(bedrock, s3, event) == {"model_arn": MODEL}
    made = manifest.load(s3, run["manifest"]).custom_model
    assert (made.model_arn, made.created[:10]) == (MODEL, "2026-11-23")


def test_a_model_of_another_base_is_refused(s3, run, plan):
    bedrock = Bedrock(base="amazon.nova-pro-v1:0")
    plan(bedrock)
    creation.create(bedrock, request())
    with pytest.raises(ImportFailed, match=r"trained from amazon\.nova-pro-v1:0"):
        creation.record(bedrock, s3, {"step": "record", "run": run, "model_arn": MODEL})


def remove(bedrock, *in_use):
    return removal.remove_created_model(
        bedrock, kind=DeploymentKind.ON_DEMAND, name="nova", in_use=in_use
    )


def test_the_model_that_a_run_made_is_removed_once():
    bedrock = Bedrock(made="nova")
    assert remove(bedrock) == MODEL
    assert remove(bedrock) is None


def test_a_live_model_stays_and_one_that_is_changing_is_removed_later():
    bedrock = Bedrock(made="nova")
    bedrock.is_deployed = True
    assert remove(bedrock, DEPLOYMENT) is None
    with pytest.raises(DeploymentBusy, match="still deployed"):
        remove(bedrock)
    bedrock.is_deployed, bedrock.status = False, "Creating"
    with pytest.raises(DeploymentBusy, match="still being created"):
        remove(bedrock)
    assert bedrock.made
