import threading

import msgspec
import pytest
from botocore.exceptions import ClientError

from bedrock_customization_runtime import invocation
from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.evaluation import asking, parts

BASE = {"name": "base", "id": "amazon.nova-micro-v1:0"}
TUNED = {"name": "tuned", "id": "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/a"}
PREFIX = "s3://evaluation-blind/runs/7/answers"
HOUR_MS = 3_600_000


@pytest.fixture
def ask(s3, write_test):
    def run(
        models,
        *,
        questions=3,
        remaining_ms=lambda: HOUR_MS,
        pause=lambda _: None,
        test=None,
        number=0,
    ):
        return asking.ask(
            models,
            s3,
            test=test or write_test(questions),
            models=[BASE, TUNED],
            number=number,
            prefix=PREFIX,
            limits=invocation.Limits(max_tokens=64, remaining_ms=remaining_ms, pause=pause),
        )

    return run


def keys(s3):
    found = s3.list_objects_v2(Bucket="evaluation-blind", Prefix="runs/7/answers/").get(
        "Contents", []
    )
    return [item["Key"].removeprefix("runs/7/answers/") for item in found]


def test_every_model_answers_every_question_in_parts(ask, s3, make_models):
    models = make_models()

    answers = ask(models, questions=parts.QUESTIONS + 6)

    assert answers == {"done": True, "answered": 140}
    assert keys(s3) == [
        f"{name}/part-{number:05d}.jsonl" for name in ("base", "tuned") for number in (0, 1)
    ]
    for name in ("base", "tuned"):
        found, _ = parts.read(s3, PREFIX, name)
        assert [answer.id for answer in found] == [f"r{number}" for number in range(70)]
        assert [answer.answer for answer in found] == [f"QUESTION {n}" for n in range(70)]
        assert {(a.input_tokens, a.output_tokens, a.latency_ms, a.error) for a in found} == {
            (5, 2, 40, None)
        }


def test_both_models_are_asked_under_the_same_conditions(ask, make_models):
    models = make_models()

    ask(models, questions=2)

    conditions = [
        {name: value for name, value in request.items() if name != "modelId"}
        for request in models.requests
    ]
    assert len(models.requests) == 4
    for number in range(2):
        expected = {
            "system": [{"text": "Answer briefly."}],
            "messages": [{"role": "user", "content": [{"text": f"question {number}"}]}],
            "inferenceConfig": {"maxTokens": 64, "temperature": 0},
            "requestMetadata": {"bedrock-customization:purpose": "evaluation"},
        }
        assert conditions.count(expected) == 2


@pytest.mark.parametrize("system", [None, ""])
def test_a_record_without_system_prompt_is_asked_without_one(ask, make_models, write_test, system):
    models = make_models()

    ask(models, test=write_test(1, system=system))

    assert all("system" not in request for request in models.requests)


def test_a_repeated_call_asks_nothing_again(ask, make_models):
    ask(make_models(), questions=70)
    models = make_models()

    answers = ask(models, questions=70)

    assert answers["done"]
    assert answers["answered"] == 140
    assert models.requests == []


def test_a_call_that_died_is_resumed_at_the_parts_it_left(ask, s3, make_models):
    ask(make_models(), questions=70)
    s3.delete_object(Bucket="evaluation-blind", Key="runs/7/answers/tuned/part-00000.jsonl")
    models = make_models()

    answers = ask(models, questions=70)

    assert answers["done"]
    assert len(models.requests) == parts.QUESTIONS
    assert {request["modelId"] for request in models.requests} == {TUNED["id"]}


def test_little_time_left_ends_a_call_early_and_the_next_one_goes_on(ask, s3, make_models):
    models = make_models()

    def remaining_ms():
        return HOUR_MS if len(models.requests) < 70 else invocation.MARGIN_MS - 1

    answers = ask(models, questions=100, remaining_ms=remaining_ms)

    assert not answers["done"]
    assert answers["answered"] == 64
    assert keys(s3) == ["base/part-00000.jsonl"]
    assert ask(make_models(), questions=100)["done"]


def test_a_function_without_time_for_a_single_part_fails_instead_of_being_called_for_ever(
    ask, make_models
):
    models = make_models()

    with pytest.raises(EvaluationFailed, match=r"too short for 64 questions.*must exceed 120 s"):
        ask(models, remaining_ms=lambda: invocation.MARGIN_MS - 1)
    assert models.requests == []


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_a_model_that_cannot_answer_at_all_fails_the_evaluation(
    ask, s3, make_models, refusal, code
):
    def say(model, _):
        if model == TUNED["id"]:
            raise refusal(code)
        return "x"

    with pytest.raises(EvaluationFailed, match=rf"tuned model .*{code}.*role may invoke it"):
        ask(make_models(say))
    assert keys(s3) == ["base/part-00000.jsonl"]


@pytest.mark.parametrize(
    "code", ["ValidationException", "ModelErrorException", "ModelTimeoutException"]
)
def test_a_single_question_that_cannot_be_answered_is_stored_with_its_code(
    ask, s3, make_models, refusal, code
):
    def say(_, question):
        if question == "question 1":
            raise refusal(code)
        return "fine"

    assert ask(make_models(say))["done"]

    found, _ = parts.read(s3, PREFIX, "base")
    assert [answer.error for answer in found] == [None, code, None]
    assert (found[1].answer, found[1].stop_reason) == ("", "error")


def test_a_model_that_refuses_its_whole_first_part_is_not_counted_as_wrong(
    ask, s3, make_models, refusal
):
    def say(model, _):
        if model == BASE["id"]:
            raise refusal("ValidationException")
        return "fine"

    with pytest.raises(EvaluationFailed, match=r"base model .* answered none of its first 3"):
        ask(make_models(say))
    assert keys(s3) == []


def test_a_busy_model_is_asked_again_after_a_pause(ask, make_models, refusal):
    pauses, lock, left = [], threading.Lock(), [4]

    def say(_, question):
        with lock:
            if question == "question 1" and left[0]:
                left[0] -= 1
                raise refusal("ThrottlingException")
        return "fine"

    assert ask(make_models(say), pause=pauses.append)["done"]
    assert len(pauses) == 4


def test_a_model_that_was_idle_is_waited_for_longer_each_time(ask, make_models, refusal):
    pauses, lock, left = [], threading.Lock(), [11]

    def say(_, question):
        with lock:
            if question == "question 0" and left[0]:
                left[0] -= 1
                raise refusal("ModelNotReadyException")
        return "fine"

    assert ask(make_models(say), questions=1, pause=pauses.append)["done"]
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]


def test_nobody_waits_for_an_idle_model_beyond_the_time_that_is_left(ask, make_models, refusal):
    clock = [invocation.MARGIN_MS + 20_000]

    def say(*_):
        raise refusal("ModelNotReadyException")

    def pause(seconds):
        clock[0] -= 1000 * seconds

    # What Bedrock said: the state waits and calls again, where too little time would end the run.
    with pytest.raises(ClientError, match="ModelNotReadyException"):
        ask(make_models(say), questions=1, remaining_ms=lambda: clock[0], pause=pause)
    assert clock[0] == invocation.MARGIN_MS + 20_000 - 14_000


@pytest.mark.parametrize("code", ["ThrottlingException", "ModelNotReadyException"])
def test_a_model_that_stays_busy_raises_what_bedrock_said_and_keeps_finished_parts(
    ask, s3, make_models, refusal, code
):
    def say(model, _):
        if model == TUNED["id"]:
            raise refusal(code)
        return "fine"

    with pytest.raises(ClientError) as raised:
        ask(make_models(say))
    assert raised.value.response["Error"]["Code"] == code
    assert keys(s3) == ["base/part-00000.jsonl"]


def test_an_error_nobody_foresaw_is_not_an_answer(ask, s3, make_models, refusal):
    def say(*_):
        raise refusal("SomethingNewException")

    with pytest.raises(ClientError, match="SomethingNewException"):
        ask(make_models(say))
    assert keys(s3) == []


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ({}, ""),
        ({"message": {"content": []}}, ""),
        ({"message": {"content": [{"text": "a"}, {"text": "b"}]}}, "ab"),
        ({"message": {"content": [{"reasoningContent": {}}, {"text": "b"}]}}, "b"),
        ({"message": {"content": [{"text": "cut \ud83d"}]}}, "cut ?"),
    ],
)
def test_the_answer_is_the_text_of_the_response_whatever_else_it_holds(output, text):
    assert invocation._text_of({"output": output}) == text


def test_a_line_that_is_no_test_record_is_refused_without_being_quoted(ask, s3, make_models):
    s3.put_object(Bucket="evaluation-blind", Key="bad.jsonl", Body=b'{"id": "secret words"}\n')

    with pytest.raises(EvaluationFailed) as raised:
        ask(make_models(), test="s3://evaluation-blind/bad.jsonl")
    assert "line 1 of s3://evaluation-blind/bad.jsonl is not a test record" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_no_more_than_the_threads_of_one_part_are_asked_at_once(ask, make_models):
    lock, now, most = threading.Lock(), [0], [0]

    def say(*_):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        with lock:
            now[0] -= 1
        return "fine"

    ask(make_models(say), questions=70)

    assert most[0] <= invocation.THREADS


def test_parts_hold_one_json_object_a_line(ask, s3, make_models):
    ask(make_models(lambda *_: "two\nlines"), questions=2)

    body = s3.get_object(Bucket="evaluation-blind", Key="runs/7/answers/base/part-00000.jsonl")[
        "Body"
    ].read()

    assert [msgspec.json.decode(line)["answer"] for line in body.splitlines()] == ["two\nlines"] * 2
