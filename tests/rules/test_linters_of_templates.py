"""What other people's linters say of the deployable template."""

import json
from importlib import import_module

import cdk_nag
import pytest
from aws_cdk import App, Stack, aws_s3 as s3
from cfnlint.api import lint
from statelint.config import Config
from statelint.linter import Linter
from statelint.problem import ProblemType

from bedrock_customization import BaseModel, CustomizationStack, RecordTemplate, _acknowledged

PACKS = [cdk_nag.AwsSolutionsChecks, cdk_nag.ServerlessChecks]


def customization_app(context):
    app = App(context=context)
    CustomizationStack(
        app,
        "Customization",
        base_model=BaseModel.NOVA_MICRO,
        template=RecordTemplate(prompt="{text}", completion="{category}"),
    )
    return app


def findings_of(pack, app):
    return {violation.rule_name for violation in pack(app).validate_scope(app).violations}


@pytest.mark.parametrize("pack", PACKS)
def test_cdk_nag_has_no_finding_that_is_not_acknowledged(pack, context):
    app = customization_app(context)
    assert findings_of(pack, app) == set()


def test_cdk_nag_would_find_something(context):
    app = App(context=context)
    s3.Bucket(Stack(app, "Canary"), "Open")
    assert "AwsSolutions-S1" in findings_of(cdk_nag.AwsSolutionsChecks, app)


def test_every_acknowledgment_answers_a_finding_and_says_why(context, monkeypatch):
    acknowledged = {}

    class Recorder:
        @staticmethod
        def of(_scope):
            return Recorder()

        def acknowledge(self, *acknowledgments):
            acknowledged.update({found.id: found.reason for found in acknowledgments})

    monkeypatch.setattr(_acknowledged, "Validations", Recorder)
    app = customization_app(context)
    assert set(acknowledged) == set().union(*(findings_of(pack, app) for pack in PACKS))
    assert all(len(reason) >= 20 for reason in acknowledged.values())


def test_cfn_lint_is_content(template):
    # W3005: aws-cdk-lib writes dependencies that a reference already implies.
    matches = lint(json.dumps(template.to_json()))
    assert [match for match in matches if match.rule.id != "W3005"] == []


def test_statelint_is_content(definition):
    # FLOAT: JSON has one kind of number, so 2 is as good a BackoffRate as 2.0.
    config = Config({ProblemType.FLOAT})
    problems = Linter.validate(definition, config)
    # In JSONata a Wait's Seconds may be an expression; statelint 3.1 does not know.
    assert [p for p in problems if not ('.Seconds is "{%' in p and "an Integer" in p)] == []


def test_every_handler_exists(template):
    for function in template.find_resources("AWS::Lambda::Function").values():
        module, _, name = function["Properties"]["Handler"].rpartition(".")
        assert callable(getattr(import_module(module), name))
