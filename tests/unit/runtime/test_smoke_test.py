"""Whether a deployment answers. Bedrock's data plane is a few lines here; its errors are real."""

import pytest
from botocore.exceptions import ClientError

from bedrock_customization_runtime import smoke_test
from bedrock_customization_runtime.errors import SmokeTestFailed

ARN = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl"


class Bedrock:
    """Says one thing after the other; an error is raised."""

    def __init__(self, *says, latency=40):
        self.says, self.latency, self.requests = list(says), latency, []

    def converse(self, **request):
        self.requests.append(request)
        said = self.says.pop(0)
        if isinstance(said, Exception):
            raise said
        return {
            "output": {"message": {"role": "assistant", "content": [{"text": said}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 3, "outputTokens": 1, "totalTokens": 4},
            "metrics": {"latencyMs": self.latency},
        }


def error(code):
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Converse")


def ask(bedrock, *, remaining=600_000, pause=lambda _: None):
    return smoke_test.ask(bedrock, ARN, remaining_ms=lambda: remaining, pause=pause)


def test_a_deployment_that_answers_passes_with_its_latencies():
    bedrock = Bedrock("a", "b", "c")
    assert ask(bedrock) == [40, 40, 40]
    assert {request["modelId"] for request in bedrock.requests} == {ARN}
    assert {request["inferenceConfig"]["maxTokens"] for request in bedrock.requests} == {4}


def test_its_questions_are_marked_as_ours_so_that_their_logs_train_nobody():
    bedrock = Bedrock("a", "b", "c")
    ask(bedrock)
    metadata = {"bedrock-customization:purpose": "smoke test"}
    assert [request["requestMetadata"] for request in bedrock.requests] == [metadata] * 3


def test_a_cold_model_is_waited_for():
    pauses = []
    bedrock = Bedrock(error("ModelNotReadyException"), "a", "b", "c")
    assert ask(bedrock, pause=pauses.append) == [40, 40, 40]
    assert len(pauses) == 1


def test_a_model_that_stays_cold_is_the_states_to_ask_again():
    bedrock = Bedrock(*[error("ModelNotReadyException")] * 12)
    with pytest.raises(ClientError, match="ModelNotReady"):
        ask(bedrock)


def test_one_question_may_be_answered_with_nothing_but_not_all():
    assert len(ask(Bedrock("", " ", "blue"))) == 3
    with pytest.raises(SmokeTestFailed, match="answers all of 3 questions with nothing"):
        ask(Bedrock("", " ", ""))


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException"])
def test_a_deployment_that_cannot_be_asked_fails(code):
    with pytest.raises(SmokeTestFailed, match=f"cannot be asked: {code}"):
        ask(Bedrock(error(code)))


@pytest.mark.parametrize("code", ["ModelErrorException", "ValidationException"])
def test_a_question_that_has_no_answer_fails(code):
    with pytest.raises(SmokeTestFailed, match=f"cannot answer a question: {code}"):
        ask(Bedrock("a", error(code)))


def test_an_error_that_nobody_foresaw_fails():
    with pytest.raises(SmokeTestFailed, match="refuses a question"):
        ask(Bedrock(error("SomethingElse")))


@pytest.mark.parametrize("latency", [float("nan"), float("inf"), -1])
def test_a_latency_that_is_no_duration_fails(latency):
    with pytest.raises(SmokeTestFailed, match="reports a latency of"):
        ask(Bedrock("a", "b", "c", latency=latency))


def test_no_question_is_asked_without_the_time_for_its_answer():
    with pytest.raises(SmokeTestFailed, match="did not answer in time"):
        ask(Bedrock("a", "b", "c"), remaining=1000)
