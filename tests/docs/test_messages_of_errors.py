"""What errors say: every message the sources hold, as `docs/errors.md` lists them."""

import runpy
from pathlib import Path

import pytest

from bedrock_customization_runtime import errors
from bedrock_customization_runtime.errors import CustomizationError, remedy_of

MESSAGES = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "messages.py"))
ALL = MESSAGES["messages"]()
# Names that keep their capitals at the head of a message.
NAMES = ("Bedrock", "CloudTrail", "Converse", "Parquet", "S3", "CSV")


def test_messages_of_all_three_packages_are_found():
    assert {one.root for one in ALL} == {
        MESSAGES["CONSTRUCTS"],
        MESSAGES["RUNTIME"],
        MESSAGES["COMMANDS"],
    }
    # Of a raise, of a function that makes the error, and of a function that makes the words.
    said = " | ".join(one.text for one in ALL)
    assert "holds more than {most} usable records" in said
    assert "--epochs: {id} takes {allowed}, got {epochs}" in said
    assert "model invocation logging of this account and Region" in said


def test_every_error_of_a_run_that_is_raised_has_a_message():
    raised = {one.error for one in ALL}
    for name, one in vars(errors).items():
        if isinstance(one, type) and issubclass(one, CustomizationError):
            # States make this one, whose words are Bedrock's.
            assert name in raised | {"CustomizationError", "DeploymentFailed"}, name


def test_messages_begin_small_and_end_without_a_full_stop():
    for one in ALL:
        assert not one.text.endswith("."), one
        begin = one.text.lstrip("[")
        assert begin.startswith(NAMES) or not begin[0].isupper(), one


@pytest.mark.parametrize(
    "module", sorted({one.module for one in ALL if one.root == MESSAGES["CONSTRUCTS"]})
)
def test_what_a_construct_refuses_it_says_how_to_mend(module):
    for one in ALL:
        if one.root == MESSAGES["CONSTRUCTS"] and one.module == module:
            assert ": " in one.text or ", but" in one.text, one


def test_every_error_of_a_run_says_what_to_do():
    for name, one in vars(errors).items():
        if (
            isinstance(one, type)
            and issubclass(one, CustomizationError)
            and one is not CustomizationError
        ):
            assert remedy_of(name), name
    assert remedy_of("States.Timeout")
    assert remedy_of("Bedrock.AccessDeniedException") is None
