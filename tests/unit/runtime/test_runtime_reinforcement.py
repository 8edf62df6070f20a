"""The request of a reinforcement job, and who sends it how often."""

import botocore.session
import pytest
from botocore.validate import ParamValidator

from bedrock_customization_runtime.customization import reinforcement

EVENT = {
    "step": "start",
    "run": {"artifacts": "s3://artifacts/runs/a"},
    "job": {
        "name": "job",
        "model": "model",
        "token": "token",
        "hyperparameters": {
            "epochCount": "2",
            "batchSize": "32",
            "learningRate": "0.00001",
            "maxPromptLength": "4096",
            "trainingSamplePerPrompt": "4",
            "inferenceMaxTokens": "256",
            "reasoningEffort": "low",
            "evalInterval": "5",
        },
    },
    "base_model": "amazon.nova-2-lite-v1:0:256k",
    "role_arn": "arn:aws:iam::123456789012:role/job",
    "train": "s3://data/runs/a/prepared/train.jsonl",
    "validation": "s3://data/runs/a/prepared/validation.jsonl",
    "grader_arn": "arn:aws:lambda:us-east-1:123456789012:function:grader:3",
    "tags": [{"Key": "bedrock-customization:run", "Value": "a"}],
}


def configuration_of(request):
    return request["customizationConfig"]["rftConfig"]


def test_integers_are_integers_and_floats_are_floats():
    found = configuration_of(reinforcement.request(EVENT))["hyperParameters"]
    assert {name: (type(value), value) for name, value in found.items()} == {
        "epochCount": (int, 2),
        "batchSize": (int, 32),
        "learningRate": (float, 1e-5),
        "maxPromptLength": (int, 4096),
        "trainingSamplePerPrompt": (int, 4),
        "inferenceMaxTokens": (int, 256),
        "reasoningEffort": (str, "low"),
        "evalInterval": (int, 5),
    }


def test_a_learning_rate_that_looks_like_an_integer_is_a_float():
    job = {**EVENT["job"], "hyperparameters": {"learningRate": "0.001"}}
    found = configuration_of(reinforcement.request({**EVENT, "job": job}))["hyperParameters"]
    assert found == {"learningRate": 0.001}


def test_the_request_is_what_bedrock_takes():
    model = botocore.session.get_session().get_service_model("bedrock")
    shape = model.operation_model("CreateModelCustomizationJob").input_shape
    request = reinforcement.request(EVENT)
    assert ParamValidator().validate(request, shape).generate_report() == ""
    assert "hyperParameters" not in request
    assert configuration_of(request)["graderConfig"]["lambdaGrader"]["lambdaArn"].endswith(":3")


def test_a_base_model_without_a_validation_set_is_asked_for_without():
    request = reinforcement.request(
        {name: value for name, value in EVENT.items() if name != "validation"}
    )
    assert "validationDataConfig" not in request
    assert reinforcement.request(EVENT)["validationDataConfig"] == {
        "validators": [{"s3Uri": EVENT["validation"]}]
    }


class Bedrock:
    class exceptions:
        class ResourceNotFoundException(Exception):
            pass

    def __init__(self):
        self.jobs = {}
        self.asked = []

    def get_model_customization_job(self, *, jobIdentifier):
        if jobIdentifier not in self.jobs:
            raise self.exceptions.ResourceNotFoundException
        return {"jobArn": self.jobs[jobIdentifier]}

    def create_model_customization_job(self, **request):
        self.asked.append(request["clientRequestToken"])
        self.jobs[request["jobName"]] = "arn:job"
        return {"jobArn": "arn:job"}


def test_a_job_that_exists_is_gone_on_with_however_long_ago_it_was_made():
    bedrock = Bedrock()
    assert [reinforcement.start(bedrock, EVENT) for _ in range(3)] == ["arn:job"] * 3
    assert bedrock.asked == ["token"]


def test_a_value_that_bedrock_would_refuse_is_never_sent():
    job = {**EVENT["job"], "hyperparameters": {"batchSize": "8"}}
    with pytest.raises(ValueError, match=r"batchSize .* must be an integer from 16 to 512"):
        reinforcement.request({**EVENT, "job": job})
