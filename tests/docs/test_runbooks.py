"""The runbooks: the same three questions, and commands that AWS knows."""

import re
import shlex
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.session import Session

RUNBOOKS = sorted((Path(__file__).parents[2] / "docs" / "runbooks").glob("*.md"))
SECTIONS = ["What it means", "What to look at", "How to end it"]


@pytest.fixture(scope="module")
def session():
    return Session()


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_a_runbook_says_what_it_means_what_to_look_at_and_how_to_end_it(page):
    assert re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE) == SECTIONS


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_the_commands_of_a_runbook_are_ones_that_aws_knows(page, session):
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL)
    commands = [shlex.split(line) for block in blocks for line in block.splitlines() if line]
    assert commands
    for program, service, *rest in commands:
        if program != "aws":
            assert program == "bedrock-customization"
            continue
        operation, *options = rest
        model = session.get_service_model(service)
        operations = {xform_name(name, "-"): name for name in model.operation_names}
        assert operation in operations, (page.name, operation)
        members = model.operation_model(operations[operation]).input_shape.members
        known = {xform_name(name, "-"): name for name in members}
        given = {one.removeprefix("--") for one in options if one.startswith("--")}
        assert given <= known.keys(), (page.name, operation, given - known.keys())
        required = model.operation_model(operations[operation]).input_shape.required_members
        assert {xform_name(one, "-") for one in required} <= given, (page.name, operation)
