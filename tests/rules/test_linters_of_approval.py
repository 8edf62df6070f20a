"""What other people's linters say of a pipeline that asks people, by a link and by credentials."""

import json

import cdk_nag
import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template
from cfnlint.api import lint
from statelint.config import Config
from statelint.linter import Linter
from statelint.problem import ProblemType

from bedrock_customization import Approval, BaseModel, CustomizationPipeline


@pytest.fixture(scope="module")
def asking_app(context):
    app = App(context=context)
    CustomizationPipeline(
        Stack(app, "Stack"), "Pipeline", base_model=BaseModel.NOVA_MICRO, approval=Approval()
    )
    return app


@pytest.fixture(scope="module")
def asking(asking_app):
    return Template.from_stack(asking_app.node.find_child("Stack"))


@pytest.mark.parametrize("pack", [cdk_nag.AwsSolutionsChecks, cdk_nag.ServerlessChecks])
def test_cdk_nag_has_no_finding_that_is_not_acknowledged(pack, asking_app):
    found = pack(asking_app).validate_scope(asking_app).violations
    assert {violation.rule_name for violation in found} == set()


def test_cfn_lint_is_content(asking):
    matches = lint(json.dumps(asking.to_json()))
    assert [match for match in matches if match.rule.id != "W3005"] == []


def test_statelint_is_content(asking, read_definition):
    problems = Linter.validate(read_definition(asking), Config({ProblemType.FLOAT}))
    assert [p for p in problems if not ('.Seconds is "{%' in p and "an Integer" in p)] == []
