"""Who answers the blind set, and how the work is cut."""

import msgspec
import pytest
from botocore.exceptions import ClientError

from bedrock_customization_runtime import invocation
from bedrock_customization_runtime.catalog.rules import RecordFormat
from bedrock_customization_runtime.datasets.record_formats import formats
from bedrock_customization_runtime.datasets.record_formats.records import TestRecord, exchange
from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.evaluation import asking, parts, planning
from bedrock_customization_runtime.s3 import objects

BASE = {"name": "base", "id": "amazon.nova-micro-v1:0"}
ARN = "arn:aws:bedrock:us-east-1:123456789012"
TUNED = {"name": "tuned", "id": f"{ARN}:custom-model-deployment/aaaaaaaaaaaa"}
LIVE = f"{ARN}:custom-model-deployment/bbbbbbbbbbbb"
ALIAS = "/bedrock-customization/plan"
RUN = {
    "data": "s3://evaluation-artifacts/runs/7",
    "blind": "s3://evaluation-blind/runs/7",
}
TRAIN = "s3://evaluation-artifacts/runs/7/prepared/train.jsonl"
PREFIX = "s3://evaluation-blind/runs/7/answers"


class Serving:
    """Bedrock's control plane, as far as a plan asks: what answers, what is gone."""

    def __init__(self, **statuses):
        self.statuses = statuses

    def get_custom_model_deployment(self, **named):
        return self._status(**named)

    def get_provisioned_model_throughput(self, **named):
        return self._status(**named)

    def _status(self, **named):
        (arn,) = named.values()
        status = self.statuses.get(arn.rpartition("/")[2])
        if status is None or status.endswith("Exception"):
            code = status or "ResourceNotFoundException"
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "Get")
        return {"status": status}


@pytest.fixture
def ssm(make_client):
    return make_client("ssm")


@pytest.fixture
def plan(s3, ssm, write_test):
    def run(*, live=None, bedrock=None, questions=3, trained=None, few_shot=2, train=None):
        texts = trained or [f"example {word}" for word in ("ash", "bay", "cod", "dew")]
        body = train or b"".join(
            formats.training_line(exchange(None, text, text.upper()), RecordFormat.CONVERSE)
            for text in texts
        )
        objects.write(s3, TRAIN, body, "application/jsonl")
        if live:
            ssm.put_parameter(Name=ALIAS, Value=live, Type="String", Overwrite=True)
        return planning.plan(
            s3,
            bedrock or Serving(bbbbbbbbbbbb="Active"),
            ssm,
            {
                "step": "plan",
                "run": RUN,
                "preparation": {"train": TRAIN, "test": write_test(questions)},
                "models": [BASE, TUNED],
                "record_format": RecordFormat.CONVERSE.value,
                "few_shot": few_shot,
                "alias_parameter": ALIAS,
            },
        )

    yield run
    ssm.delete_parameters(Names=[ALIAS])


def names(found):
    return [model["name"] for model in found["models"]]


def test_the_base_model_answers_again_with_examples_from_the_training_set(plan, s3):
    found = plan()

    (model,) = [model for model in found["models"] if model["name"] == "few_shot"]
    assert model["id"] == BASE["id"]
    body = objects.read(s3, model["shots"])
    examples = [msgspec.json.decode(line, type=TestRecord) for line in body.splitlines()]
    assert len(examples) == 2
    assert all(one.reference == one.messages[0].text.upper() for one in examples)


def test_examples_are_written_once(plan, s3):
    (first,) = [model["shots"] for model in plan()["models"] if "shots" in model]
    before = objects.read(s3, first)
    plan(trained=["another training set", "of other words", "entirely", "so it is"])
    assert objects.read(s3, first) == before


def test_without_examples_the_base_model_answers_once(plan):
    assert names(plan(few_shot=0)) == ["base", "tuned"]


def test_a_training_set_of_prompts_alone_gives_no_examples_and_the_plan_says_so(plan):
    lines = b'{"messages": [{"role": "user", "content": [{"text": "a prompt"}]}]}\n' * 3
    found = plan(train=lines)
    assert names(found) == ["base", "tuned"]
    assert found["left_out"] == {"few_shot": "no training record can stand as an example"}


@pytest.mark.parametrize(
    ("live", "status"),
    [
        (LIVE, "Active"),
        (LIVE.replace("custom-model-deployment", "provisioned-model"), "InService"),
        (LIVE.replace("custom-model-deployment", "provisioned-model"), "Updating"),
    ],
)
def test_the_model_in_production_answers_too(plan, live, status):
    found = plan(live=live, bedrock=Serving(bbbbbbbbbbbb=status), few_shot=0)
    assert found["models"][2:] == [{"name": "live", "id": live}]
    assert found["left_out"] == {}


def test_before_the_first_promotion_nothing_is_in_production(plan):
    assert names(plan(few_shot=0)) == ["base", "tuned"]


def test_a_candidate_that_is_in_production_already_answers_once(plan):
    assert names(plan(live=TUNED["id"], few_shot=0)) == ["base", "tuned"]


@pytest.mark.parametrize(
    ("live", "serving", "reason"),
    [
        (LIVE, Serving(), "was deleted"),
        (LIVE, Serving(bbbbbbbbbbbb="Failed"), "is Failed"),
        ("amazon.nova-micro-v1:0:128k", Serving(), "is neither a custom model deployment"),
    ],
)
def test_a_model_in_production_that_answers_no_more_is_left_out_and_the_plan_says_why(
    plan, live, serving, reason
):
    found = plan(live=live, bedrock=serving, few_shot=0)
    assert names(found) == ["base", "tuned"]
    assert found["left_out"]["live"].startswith(f"{live} {reason}")


def test_a_refused_look_at_the_model_in_production_is_no_absence(plan):
    with pytest.raises(ClientError, match="AccessDeniedException"):
        plan(live=LIVE, bedrock=Serving(bbbbbbbbbbbb="AccessDeniedException"))


def test_a_promotion_meanwhile_mixes_no_answers_of_two_models(plan):
    assert plan(live=LIVE)["models"][-1]["id"] == LIVE
    assert plan(live=LIVE.replace("bbbb", "cccc"))["models"][-1]["id"] == LIVE


def test_blind_records_in_the_training_set_are_counted(plan):
    # The digits of "question 0" to "question 2" do not count.
    assert plan(trained=["Question 7!", "something else"])["contaminated"] == 3
    assert plan()["contaminated"] == 0


def test_a_training_file_that_somebody_replaced_is_refused_without_being_quoted(plan):
    with pytest.raises(EvaluationFailed, match=r"line 1 of .*train\.jsonl is no training record"):
        plan(train=b'{"secret": 1}\n')


def test_an_empty_blind_set_is_refused(plan):
    with pytest.raises(EvaluationFailed, match="is empty"):
        plan(questions=0)


@pytest.mark.parametrize(
    ("records", "models", "items"), [(1, 1, 1), (64, 16, 1), (65, 16, 2), (10_000, 3, 30)]
)
def test_a_small_blind_set_is_one_item(records, models, items):
    assert asking.items_of(records, [BASE] * models) == items


def test_items_hold_every_part_of_every_model_once(plan, s3, make_models):
    found = plan(questions=700, live=LIVE, trained=["something else", "another"])
    assert (found["items"], found["total"]) == (3, 2800)
    models = make_models()

    answered = [
        asking.ask(
            models,
            s3,
            test="s3://evaluation-blind/runs/7/test.jsonl",
            models=found["models"],
            prefix=found["prefix"],
            limits=invocation.Limits(max_tokens=8, remaining_ms=lambda: 3_600_000),
            number=number,
        )
        for number in reversed(range(found["items"]))
    ]

    assert all(one["done"] for one in answered)
    assert sum(one["answered"] for one in answered) == len(models.requests) == 2800
    for model in ("base", "tuned", "few_shot", "live"):
        stored, _ = parts.read(s3, PREFIX, model)
        assert [one.id for one in stored] == [f"r{number}" for number in range(700)]


def test_examples_stand_before_the_question_as_turns_of_a_conversation(plan, s3, make_models):
    found = plan()
    models = make_models()
    asking.ask(
        models,
        s3,
        test="s3://evaluation-blind/runs/7/test.jsonl",
        models=[model for model in found["models"] if model["name"] == "few_shot"],
        prefix=found["prefix"],
        limits=invocation.Limits(max_tokens=8, remaining_ms=lambda: 3_600_000),
    )
    for request in models.requests:
        assert [one["role"] for one in request["messages"]] == ["user", "assistant"] * 2 + ["user"]
        assert request["messages"][-1]["content"][0]["text"].startswith("question")
        shot, reply = (one["content"][0]["text"] for one in request["messages"][:2])
        assert reply == shot.upper()
