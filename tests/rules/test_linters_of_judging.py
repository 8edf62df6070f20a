"""What other people's linters say of a pipeline with a judge."""

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
    Judge,
    JudgeMetric,
    _acknowledged,
)

PACKS = [cdk_nag.AwsSolutionsChecks, cdk_nag.ServerlessChecks]


def judged_app(context):
    app = App(context=context)
    CustomizationPipeline(
        Stack(app, "Stack"),
        "Pipeline",
        base_model=BaseModel.NOVA_MICRO,
        judge=Judge(model="us.amazon.nova-pro-v1:0", metrics=[JudgeMetric.CORRECTNESS]),
    )
    return app


@pytest.fixture(scope="module")
def app(context):
    return judged_app(context)


@pytest.fixture(scope="module")
def judged(app):
    return Template.from_stack(app.node.find_child("Stack"))


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


def test_cfn_lint_is_content(judged):
    matches = lint(json.dumps(judged.to_json()))
    assert [match for match in matches if match.rule.id != "W3005"] == []


def test_statelint_is_content(judged, read_definition):
    problems = Linter.validate(read_definition(judged), Config({ProblemType.FLOAT}))
    assert [p for p in problems if not ('.Seconds is "{%' in p and "an Integer" in p)] == []
