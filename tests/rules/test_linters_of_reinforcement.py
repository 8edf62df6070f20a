"""What other people's linters say of what only reinforcement has: graders, and who stops jobs."""

import json

import cdk_nag
import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template
from cfnlint.api import lint
from statelint.config import Config
from statelint.linter import Linter
from statelint.problem import ProblemType

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    Grader,
    JudgeModel,
    ReinforcementFineTuning,
    _acknowledged,
)

PACKS = [cdk_nag.AwsSolutionsChecks, cdk_nag.ServerlessChecks]


def judged_app(context):
    """Return an app with a pipeline whose grader asks a judge."""
    app = App(context=context)
    stack = Stack(app, "Reinforcement")
    reward = JudgeModel(model="us.amazon.nova-lite-v1:0", instructions="Is it polite?")
    CustomizationPipeline(
        stack,
        "Pipeline",
        base_model=BaseModel.NOVA_2_LITE,
        method=ReinforcementFineTuning(grader=Grader(stack, "Grader", reward=reward)),
    )
    return app


@pytest.fixture(scope="module")
def app(context):
    return judged_app(context)


@pytest.fixture(scope="module")
def reinforcement(app):
    return Template.from_stack(app.node.find_child("Reinforcement"))


def findings_of(pack, app):
    return {violation.rule_name for violation in pack(app).validate_scope(app).violations}


@pytest.mark.parametrize("pack", PACKS)
def test_cdk_nag_has_no_finding_that_is_not_acknowledged(pack, app):
    assert findings_of(pack, app) == set()


def test_every_acknowledgment_answers_a_finding(context, monkeypatch):
    acknowledged = set()

    class Recorder:
        @staticmethod
        def of(_scope):
            return Recorder()

        def acknowledge(self, *acknowledgments):
            acknowledged.update(found.id for found in acknowledgments)

    monkeypatch.setattr(_acknowledged, "Validations", Recorder)
    app = judged_app(context)
    assert acknowledged == set().union(*(findings_of(pack, app) for pack in PACKS))


def test_cfn_lint_is_content(reinforcement):
    matches = lint(json.dumps(reinforcement.to_json()))
    assert [match for match in matches if match.rule.id != "W3005"] == []


def test_statelint_is_content(reinforcement, read_definition):
    definition = read_definition(reinforcement)
    problems = Linter.validate(definition, Config({ProblemType.FLOAT}))
    # In JSONata a Wait's Seconds may be an expression; statelint 3.1 does not know.
    assert [p for p in problems if not ('.Seconds is "{%' in p and "an Integer" in p)] == []
