"""What a run's own messages say: where it stood, why, a link of its partition, and no data."""

import json

import pytest

from bedrock_customization_local.cloud.stepfunctions.language import jsonata
from bedrock_customization_runtime.reports.text import MAXIMUM_BYTES


@pytest.fixture
def message(definition):
    """Return the message that a state publishes."""

    def render(state, *, partition="aws", region="us-east-1", name="monday", **variables):
        arn = f"arn:{partition}:states:{region}:123456789012:execution:{'M' * 80}:{name}"
        context = {"Execution": {"Id": arn, "Name": name}, "StateMachine": {"Name": "M" * 80}}
        return jsonata.render(
            definition["States"][state]["Arguments"]["Message"],
            states={"context": context},
            variables=variables,
            field="Message",
        )

    return render


def failure(error, cause):
    return {"error": error, "cause": cause, "phase": "Customize", "redrives": 0}


@pytest.mark.parametrize(
    ("partition", "region", "console"),
    [
        ("aws", "us-west-2", "us-west-2.console.aws.amazon.com"),
        ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
@pytest.mark.parametrize("state", ["Notify", "Notify failure"])
def test_the_link_leads_to_the_console_of_the_partition(state, partition, region, console, message):
    text = message(
        state,
        partition=partition,
        region=region,
        failure=failure("DatasetRejected", "too many"),
        record={"summary": "Promoted: better", "status": "promoted"},
    )
    link = f"https://{console}/states/home?region={region}#/v2/executions/details/arn:{partition}:"
    assert link in text


def test_a_failure_tells_phase_reason_code_and_our_own_words(message):
    text = message("Notify failure", failure=failure("DatasetRejected", "12 % are rejected"))
    assert text.startswith("Run monday of ")
    assert " ended as DatasetRejected in Customize: 12 % are rejected\n\nhttps://" in text


@pytest.mark.parametrize("error", ["KeyError", "ClientError", "Exception"])
def test_what_python_says_of_an_error_stays_in_the_log(error, message):
    text = message("Notify failure", failure=failure(error, "'a line of the user'"))
    assert f"ended as {error} in Customize" in text
    assert "a line of the user" not in text


@pytest.mark.parametrize("error", ["States.Timeout", "Bedrock.ValidationException"])
def test_what_aws_says_is_told(error, message):
    assert "it took too long" in message(
        "Notify failure", failure=failure(error, "it took too long")
    )


def test_the_longest_messages_are_four_kilobytes(message):
    widest = "\N{GRINNING FACE}"
    failed = message("Notify failure", name="n" * 80, failure=failure("A" * 80, widest * 5000))
    summary = "s" * (MAXIMUM_BYTES - 512)
    ended = message("Notify", name="n" * 80, record={"summary": summary, "status": "promoted"})
    for text in (failed, ended):
        assert len(json.dumps(text, ensure_ascii=False).encode()) <= MAXIMUM_BYTES
