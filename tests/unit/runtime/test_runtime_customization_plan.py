"""Before a job is paid: may it start, what does it cost, its name. Bedrock is a few lines here."""

import pytest
from botocore.exceptions import ClientError

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.customization import plan
from bedrock_customization_runtime.errors import (
    BaseModelUnavailable,
    CustomizationFailed,
    InvalidInput,
)
from bedrock_customization_runtime.names import job_of

NOVA, LLAMA = "amazon.nova-micro-v1:0:128k", "meta.llama3-1-8b-instruct-v1:0:128k"
ARN = "arn:aws:states:us-east-1:123456789012:execution:Machine:run"
TUNING = catalog.Method.FINE_TUNING


class NotFoundError(ClientError):
    def __init__(self):
        super().__init__({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "Get")


class Bedrock:
    class exceptions:
        ResourceNotFoundException = NotFoundError
        ValidationException = NotFoundError

    class meta:
        region_name = "us-east-1"

    def __init__(self, *, jobs=(), lifecycle="ACTIVE", models=()):
        self.jobs = dict(jobs)
        self.lifecycle = lifecycle
        self.models = dict(models)

    def get_custom_model(self, *, modelIdentifier):
        if modelIdentifier not in self.models:
            raise NotFoundError
        return self.models[modelIdentifier]

    def get_model_customization_job(self, *, jobIdentifier):
        if jobIdentifier not in self.jobs:
            raise NotFoundError
        return {"status": self.jobs[jobIdentifier]}

    def get_foundation_model(self, *, modelIdentifier):
        if self.lifecycle is None:
            raise NotFoundError
        return {
            "modelDetails": {
                "modelId": modelIdentifier,
                "modelLifecycle": {"status": self.lifecycle},
            }
        }


def job_name(attempt):
    return job_of(ARN, attempt)[0]


@pytest.mark.parametrize("status", ["InProgress", "Completed"])
def test_a_job_that_runs_or_has_completed_is_gone_on_with(status):
    bedrock = Bedrock(jobs={job_name(0): status})
    assert plan.next_job(bedrock, ARN, {})["name"] == job_name(0)


def test_each_job_that_ended_without_a_model_asks_for_another_name_of_everything():
    bedrock = Bedrock(jobs={job_name(0): "Failed", job_name(1): "Stopped"})
    job = plan.next_job(bedrock, ARN, {"epochCount": "1"})
    assert (job["name"], job["model"], job["token"]) == job_of(ARN, 2)
    assert job["hyperparameters"] == {"epochCount": "1"}


def test_a_run_whose_jobs_all_fail_gives_up():
    bedrock = Bedrock(jobs={job_name(attempt): "Failed" for attempt in range(10)})
    with pytest.raises(CustomizationFailed, match="10 jobs of this run ended without a model"):
        plan.next_job(bedrock, ARN, {})


@pytest.mark.parametrize(
    ("bedrock", "model", "message"),
    [
        (Bedrock(lifecycle="LEGACY"), NOVA, "Bedrock calls .* LEGACY"),
        (Bedrock(lifecycle=None), NOVA, "does not offer .* in us-east-1"),
        (Bedrock(), "anthropic.claude-3-haiku-20240307-v1:0:200k", "is retired"),
        (Bedrock(), "amazon.nova-mikro", "is no base model of the catalogue"),
    ],
)
def test_a_base_model_that_bedrock_does_not_offer_is_refused(bedrock, model, message):
    with pytest.raises(BaseModelUnavailable, match=message):
        plan.check_base_model(bedrock, model, TUNING)


def test_the_executions_hyperparameters_go_over_the_constructs():
    model = catalog.base_model(NOVA)
    merged = plan.hyperparameters(
        model, TUNING, {"epochCount": "1", "learningRate": "0.00001"}, {"epochCount": "3"}
    )
    assert merged == {"epochCount": "3", "learningRate": "0.00001"}
    with pytest.raises(InvalidInput, match="hyperparameters: epochs is no hyperparameter"):
        plan.hyperparameters(model, TUNING, {}, {"epochs": "3"})


PARENT = f"arn:aws:bedrock:us-east-1:123456789012:custom-model/{NOVA}/abcdefghijkl"
FOUNDATION = f"arn:aws:bedrock:us-east-1::foundation-model/{NOVA}"


@pytest.mark.parametrize(
    "parent",
    [
        {"baseModelArn": FOUNDATION, "modelStatus": "Active"},
        {"baseModelArn": FOUNDATION},
        # A grandparent, itself a custom model.
        {"baseModelArn": PARENT.replace("abc", "xyz"), "modelStatus": "Active"},
    ],
)
def test_an_active_model_of_the_base_model_is_customized_further(parent):
    plan.check_parent(Bedrock(models={PARENT: parent}), PARENT, catalog.base_model(NOVA))


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ({}, "there is no custom model arn:.* in us-east-1"),
        ({PARENT: {"baseModelArn": FOUNDATION, "modelStatus": "Creating"}}, "is Creating, and"),
        ({PARENT: {"baseModelArn": FOUNDATION, "modelStatus": "Failed"}}, "is Failed, and only"),
        ({PARENT: {"baseModelArn": FOUNDATION.replace(NOVA, LLAMA)}}, f"not of {NOVA}"),
    ],
)
def test_another_parent_is_refused(models, message):
    with pytest.raises(BaseModelUnavailable, match=message):
        plan.check_parent(Bedrock(models=models), PARENT, catalog.base_model(NOVA))
