"""What other people's linters say of a pipeline with a sweep, early stopping and throughput."""

import json

import cdk_nag
import pytest
from aws_cdk import App, Duration, Stack
from aws_cdk.assertions import Template
from cfnlint.api import lint
from statelint.config import Config
from statelint.linter import Linter
from statelint.problem import ProblemType

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    EarlyStopping,
    ProvisionedThroughput,
    Sweep,
)


@pytest.fixture(scope="module")
def swept_app(context):
    app = App(context=context)
    CustomizationPipeline(
        Stack(app, "Stack"),
        "Pipeline",
        base_model=BaseModel.NOVA_MICRO,
        sweep=Sweep.grid({"epochCount": [2, 3]}),
        early_stopping=EarlyStopping(),
        deployment=ProvisionedThroughput(
            ttl=Duration.days(1), max_hourly_cost_usd=50, allow_unknown_price=True
        ),
    )
    return app


@pytest.fixture(scope="module")
def swept(swept_app):
    return Template.from_stack(swept_app.node.find_child("Stack"))


@pytest.mark.parametrize("pack", [cdk_nag.AwsSolutionsChecks, cdk_nag.ServerlessChecks])
def test_cdk_nag_has_no_finding_that_is_not_acknowledged(pack, swept_app):
    found = pack(swept_app).validate_scope(swept_app).violations
    assert {violation.rule_name for violation in found} == set()


def test_cfn_lint_is_content(swept):
    matches = lint(json.dumps(swept.to_json()))
    assert [match for match in matches if match.rule.id != "W3005"] == []


def test_statelint_is_content(swept, read_definition):
    problems = Linter.validate(read_definition(swept), Config({ProblemType.FLOAT}))
    assert [p for p in problems if not ('.Seconds is "{%' in p and "an Integer" in p)] == []
