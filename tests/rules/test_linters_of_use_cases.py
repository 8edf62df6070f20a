"""What other people's linters say of a pipeline with a use case, which measures a baseline."""

import json

import cdk_nag
import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template
from cfnlint.api import lint
from statelint.config import Config
from statelint.linter import Linter
from statelint.problem import ProblemType

from bedrock_customization import BaseModel, CustomizationPipeline, MetricName, UseCase


@pytest.fixture(scope="module")
def aimed_app(context):
    app = App(context=context)
    CustomizationPipeline(
        Stack(app, "Stack"),
        "Pipeline",
        base_model=BaseModel.NOVA_MICRO,
        use_case=UseCase(task="Sort.", metric=MetricName.ACCURACY, owner="Us", target=0.9),
    )
    return app


@pytest.fixture(scope="module")
def aimed(aimed_app):
    return Template.from_stack(aimed_app.node.find_child("Stack"))


@pytest.mark.parametrize("pack", [cdk_nag.AwsSolutionsChecks, cdk_nag.ServerlessChecks])
def test_cdk_nag_has_no_finding_that_is_not_acknowledged(pack, aimed_app):
    found = pack(aimed_app).validate_scope(aimed_app).violations
    assert {violation.rule_name for violation in found} == set()


def test_cfn_lint_is_content(aimed):
    matches = lint(json.dumps(aimed.to_json()))
    assert [match for match in matches if match.rule.id != "W3005"] == []


def test_statelint_is_content(aimed, read_definition):
    problems = Linter.validate(read_definition(aimed), Config({ProblemType.FLOAT}))
    assert [p for p in problems if not ('.Seconds is "{%' in p and "an Integer" in p)] == []
