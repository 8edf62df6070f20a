"""CreateModelCopyJob: a model of another account or Region becomes one of this account."""

import pytest

OTHER = "210987654321"
NOVA_MICRO = "amazon.nova-micro-v1:0:128k"
pytestmark = pytest.mark.usefixtures("brief_training")


@pytest.fixture
def shared(cloud):
    """ARN of a model of another account in another Region."""
    cloud.put("train.jsonl", cloud.records)
    return cloud.service.share(cloud.trained_model(), region="us-west-2", account_id=OTHER)


@pytest.fixture
def ended(cloud):
    def ended(arn):
        return cloud.until(
            lambda: cloud.bedrock.get_model_copy_job(jobArn=arn),
            lambda job: job["status"] != "InProgress",
        )

    return ended


def test_a_shared_model_is_copied_once_and_answers(cloud, shared, ended):
    request = {
        "sourceModelArn": shared,
        "targetModelName": "copy",
        "targetModelTags": [{"key": "run", "value": "1"}],
        "clientRequestToken": "token-1",
    }
    arn = cloud.bedrock.create_model_copy_job(**request)["jobArn"]
    assert cloud.bedrock.create_model_copy_job(**request)["jobArn"] == arn
    job = cloud.bedrock.get_model_copy_job(jobArn=arn)
    assert (job["status"], job["sourceAccountId"]) == ("InProgress", OTHER)
    target = job["targetModelArn"]
    assert cloud.bedrock.get_custom_model(modelIdentifier="copy")["modelStatus"] == "Creating"
    assert "failureMessage" not in ended(arn)
    model = cloud.bedrock.get_custom_model(modelIdentifier=target)
    assert (model["modelStatus"], model["modelName"]) == ("Active", "copy")
    assert target.startswith(f"arn:aws:bedrock:us-east-1:123456789012:custom-model/{NOVA_MICRO}/")
    assert cloud.bedrock.list_tags_for_resource(resourceARN=target)["tags"][0]["key"] == "run"
    assert cloud.answer(cloud.deployed(target), "where is my card")
    running = {line.resource for line in cloud.service.meter.running()}
    assert target in running
    (listed,) = cloud.bedrock.list_model_copy_jobs(sourceAccountEquals=OTHER)[
        "modelCopyJobSummaries"
    ]
    assert listed["jobArn"] == arn
    assert not cloud.bedrock.list_model_copy_jobs(targetModelNameContains="x")[
        "modelCopyJobSummaries"
    ]


def test_what_the_request_is_not_refused_for_the_job_fails_for(cloud, shared, ended):
    job = cloud.bedrock.create_model_copy_job(sourceModelArn=shared, targetModelName="model-1")
    found = ended(job["jobArn"])
    assert (found["status"], "in use" in found["failureMessage"]) == ("Failed", True)
    assert found["targetModelArn"] not in {line.resource for line in cloud.service.meter.running()}


def test_a_model_that_is_not_shared_is_not_found(cloud):
    arn = f"arn:aws:bedrock:us-west-2:{OTHER}:custom-model/{NOVA_MICRO}/abcdefghijkl"
    code, _ = cloud.refusal(
        cloud.bedrock.create_model_copy_job, sourceModelArn=arn, targetModelName="copy"
    )
    assert code == "ResourceNotFoundException"
    code, message = cloud.refusal(
        cloud.bedrock.create_model_copy_job, sourceModelArn="x" * 20, targetModelName="copy"
    )
    assert (code, "pattern" in message) == ("ValidationException", True)
