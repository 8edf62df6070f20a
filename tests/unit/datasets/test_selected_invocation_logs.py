"""Which invocation logs a student learns from, and why the others are no training data."""

import json

import pytest
from planted_records import ANSWER, DISTILLED, QUESTION, log

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.datasets.examination import examine
from bedrock_customization_runtime.datasets.preparation import divide
from bedrock_customization_runtime.datasets.record_formats.log_selection import LogSelection
from bedrock_customization_runtime.datasets.settings import Settings
from bedrock_customization_runtime.errors import DatasetRejected, InvalidInput

TEACHER = "amazon.nova-pro-v1:0"


def selection(filters=None, *, use_prompt_response=True, teacher=TEACHER):
    plan = {"teacher": teacher, "use_prompt_response": use_prompt_response}
    return LogSelection({**plan, **({"request_metadata_filters": filters} if filters else {})})


def settings(logs):
    model, method = DISTILLED.split()
    return Settings(
        base_model=model,
        method=catalog.base_model(model).methods[catalog.Method(method)],
        template=None,
        split={"validation": 0.1, "test": 0.2, "seed": 0},
        max_rejected=0.0,
        logs=logs,
    )


def chosen(filters, metadata):
    """Say whether a log with such metadata is learned from."""
    more = {} if metadata is None else {"requestMetadata": metadata}
    with examine([log(**more)], settings(selection(filters))) as examined:
        (found,) = [finding.rule.id for finding in examined.findings.all()] or ["chosen"]
    return found == "chosen"


def equals(key, value):
    return {"equals": {key: value}}


def not_equals(key, value):
    return {"notEquals": {key: value}}


@pytest.mark.parametrize(
    ("filters", "metadata", "expected"),
    [
        (None, None, True),
        (equals("team", "a"), {"team": "a"}, True),
        (equals("team", "a"), {"team": "a", "stage": "live"}, True),
        (equals("team", "a"), {"team": "b"}, False),
        (equals("team", "a"), {}, False),
        (equals("team", "a"), None, False),
        (not_equals("team", "a"), {"team": "b"}, True),
        (not_equals("team", "a"), {"team": "a"}, False),
        (not_equals("team", "a"), None, True),
        ({"andAll": [equals("team", "a"), not_equals("stage", "test")]}, {"team": "a"}, True),
        (
            {"andAll": [equals("team", "a"), not_equals("stage", "test")]},
            {"team": "a", "stage": "test"},
            False,
        ),
        ({"orAll": [equals("team", "a"), equals("team", "b")]}, {"team": "b"}, True),
        ({"orAll": [equals("team", "a"), equals("team", "b")]}, {"team": "c"}, False),
        ({"orAll": [equals("team", "a"), not_equals("stage", "test")]}, {}, True),
    ],
)
def test_filters_choose_as_the_service_documents(filters, metadata, expected):
    assert chosen(filters, metadata) is expected


@pytest.mark.parametrize("teacher", [TEACHER, f"us.{TEACHER}"])
@pytest.mark.parametrize(
    ("model", "is_teacher"),
    [
        (TEACHER, True),
        (f"us.{TEACHER}", True),
        (f"arn:aws:bedrock:us-east-1::foundation-model/{TEACHER}", True),
        (f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/eu.{TEACHER}", True),
        ("amazon.nova-lite-v1:0", False),
        ("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", False),
        (None, False),
    ],
)
def test_logged_answers_are_learned_only_if_they_are_the_teachers(model, is_teacher, teacher):
    with examine([log(modelId=model)], settings(selection(teacher=teacher))) as examined:
        rules = [finding.rule.id for finding in examined.findings.all()]
        assert (examined.accepted, rules) == ((1, []) if is_teacher else (0, ["log-other-model"]))


def test_with_the_logged_answers_a_record_holds_them():
    with examine([log()], settings(selection())) as examined:
        assert examined.record(0).answer == ANSWER


def test_without_them_a_record_is_a_prompt_whichever_model_was_asked():
    logs = selection(use_prompt_response=False)
    with examine([log(modelId="meta.llama3-8b")], settings(logs)) as examined:
        (record,) = [examined.record(0)]
    assert not record.is_answered
    assert (record.system, record.asked) == ("Be brief.", QUESTION)


def test_a_prompt_is_taken_from_a_log_whose_answer_nobody_can_read():
    line = log(output={"outputBodyJson": [{"chunk": 1}]})
    with examine([line], settings(selection(use_prompt_response=False))) as examined:
        assert examined.accepted == 1


def test_a_log_that_is_not_chosen_tells_only_that():
    broken = log(input={}, output={}, requestMetadata={"team": "b"})
    with examine([broken], settings(selection(equals("team", "a")))) as examined:
        assert [finding.rule.id for finding in examined.findings.all()] == ["log-filtered"]


def test_own_prompts_beside_logs_are_not_asked_for_their_metadata():
    own = json.dumps(
        {
            "system": [{"text": "Be brief."}],
            "messages": [{"role": "user", "content": [{"text": "Where is the station?"}]}],
        }
    ).encode()
    with examine([own], settings(selection(equals("team", "a")))) as examined:
        assert examined.accepted == 1


def numbered(number):
    """Return a question like no other; near-copies are none of this test's business."""
    words = " ".join(f"{chr(97 + (number * step) % 26)}{number * step}word" for step in range(1, 9))
    return {
        "inputBodyJson": {
            "system": [{"text": "Be brief."}],
            "messages": [{"role": "user", "content": [{"text": words}]}],
        }
    }


def test_too_few_usable_logs_are_refused_with_the_count_of_each_reason():
    usable = [log(input=numbered(number)) for number in range(60)]
    others = [
        *[log(errorCode="ThrottlingException")] * 3,
        *[log(modelId="amazon.nova-lite-v1:0")] * 4,
        *[log(requestMetadata={"team": "b"})] * 5,
        *[log(output={"outputBodyS3Path": "s3://logs/data/x"})] * 2,
    ]
    logs = selection(not_equals("team", "b"))
    with examine([b"\n".join([*usable, *usable[:7], *others])], settings(logs)) as examined:
        with pytest.raises(DatasetRejected) as refusal:
            divide(examined)
        assert (examined.read, examined.omitted, examined.rejected) == (81, 14, 0)
    assert "found 60 usable records (81 read, 0 rejected, 14 omitted, 7 exact copies)" in str(
        refusal.value
    )
    assert "needs at least 100 for training" in str(refusal.value)
    assert "log-filtered 5, log-other-model 4, log-failed 3, log-outside 2" in str(refusal.value)


def test_logs_that_are_omitted_do_not_count_as_rejected():
    usable = [log(input=numbered(number)) for number in range(140)]
    lines = [*usable, *[log(errorCode="ThrottlingException")] * 140]
    with examine([b"\n".join(lines)], settings(selection())) as examined:
        assert divide(examined).duplicates == 0


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        ({"equals": {"a": "1", "b": "2"}}, "exactly one key and its value"),
        ({"equals": {}}, "exactly one key and its value"),
        ({"equals": {"a": "1"}, "notEquals": {"b": "2"}}, "exactly one of equals"),
        ({"near": {"a": "1"}}, "exactly one of equals"),
        ({"andAll": []}, "1 to 16"),
        ({"orAll": [equals("a", "1")] * 17}, "1 to 16 conditions, got 17"),
        ({"andAll": [{"orAll": [equals("a", "1")]}]}, "takes equals and notEquals"),
        ({"andAll": ["a"]}, "takes conditions like"),
        ({"equals": {"ä": "1"}}, "a key of equals"),
        ({"equals": {"": "1"}}, "a key of equals"),
        ({"equals": {"k" * 257: "1"}}, "a key of equals"),
        ({"notEquals": {"a": "!"}}, "a value of notEquals"),
        ({"notEquals": {"a": "v" * 257}}, "a value of notEquals"),
    ],
)
def test_filters_that_the_service_refuses_are_refused(filters, told):
    with pytest.raises(InvalidInput, match=told):
        selection(filters)


def test_an_empty_value_and_sixteen_conditions_are_fine():
    selection({"andAll": [equals("a", "")] * 16})
