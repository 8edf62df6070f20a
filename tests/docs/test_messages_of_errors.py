"""What errors say: every message the sources hold, as `docs/errors.md` lists them."""

import runpy
from pathlib import Path

import pytest

from bedrock_customization_runtime import errors
from bedrock_customization_runtime.errors import remedy_of

MESSAGES = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "messages.py"))
ERRORS = [name for name, one in vars(errors).items() if "remedy" in getattr(one, "__dict__", {})]
# Names that keep their capitals at the head of a message.
NAMES = (
    "Bedrock",
    "CloudTrail",
    "Converse",
    "CSV",
    "Custom Model Import",
    "Parquet",
    "S3",
    "SageMaker",
)


@pytest.fixture(scope="module")
def messages():
    """All messages; not read where no test of this file runs."""
    return MESSAGES["messages"]()


def test_messages_of_all_three_packages_are_found(messages):
    assert {one.root for one in messages} == {
        MESSAGES["CONSTRUCTS"],
        MESSAGES["RUNTIME"],
        MESSAGES["COMMANDS"],
    }
    # Of a raise, of a function that makes the error, and of a function that makes the words.
    said = " | ".join(one.text for one in messages)
    assert "holds more than {most} usable records" in said
    assert "--epochs: {id} takes {allowed}, got {epochs}" in said
    assert "model invocation logging of this account and Region" in said


def test_every_error_of_a_run_has_a_message_and_says_what_to_do(messages):
    raised = {one.error for one in messages}
    for name in ERRORS:
        # The words of these two are Bedrock's, and the advice of the baseline.
        assert name in raised | {"DeploymentFailed", "TuningNotNeeded"}, name
        assert remedy_of(name), name


def test_what_to_do_is_known_for_step_functions_own_errors_and_not_for_a_services():
    assert remedy_of("States.Timeout")
    assert remedy_of("Bedrock.AccessDeniedException") is None


def test_messages_begin_small_and_end_without_a_full_stop(messages):
    for one in messages:
        assert not one.text.endswith("."), one
        begin = one.text.lstrip("[")
        assert begin.startswith(NAMES) or not begin[0].isupper(), one


def test_what_a_construct_refuses_it_says_how_to_mend(messages):
    for one in messages:
        if one.root == MESSAGES["CONSTRUCTS"]:
            assert ": " in one.text or "; " in one.text, one
