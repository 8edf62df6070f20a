"""What other people's linters say of templates: of the plain one, and of those with every option.

A linter looks at one resource or state at a time, so options that can be had together are linted
together.
"""

import json
import re
from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace

import cdk_nag
import pytest
from aws_cdk import (
    App,
    Duration,
    Stack,
    Validations,
    aws_events as events,
    aws_kms as kms,
    aws_s3 as s3,
    aws_secretsmanager as secretsmanager,
)
from aws_cdk.assertions import Template
from cfnlint.api import lint
from statelint.config import Config
from statelint.linter import Linter
from statelint.problem import ProblemType

from bedrock_customization import (
    Approval,
    BaseModel,
    CustomizationPipeline,
    EarlyStopping,
    Grader,
    HuggingFaceModel,
    Judge,
    JudgeMetric,
    JudgeModel,
    MetricName,
    ModelCopyPipeline,
    ModelImportPipeline,
    NewData,
    ProvisionedThroughput,
    RecordTemplate,
    ReinforcementFineTuning,
    RunTriggers,
    SageMakerNovaModel,
    Spark,
    Sweep,
    UseCase,
    _acknowledged,
)

PACKS = [cdk_nag.AwsSolutionsChecks, cdk_nag.ServerlessChecks]


def plain(stack):
    CustomizationPipeline(
        stack,
        "Pipeline",
        base_model=BaseModel.NOVA_MICRO,
        template=RecordTemplate(prompt="{text}", completion="{category}"),
    )


def with_every_option_of_supervised_jobs(stack):
    pipeline = CustomizationPipeline(
        stack,
        "Pipeline",
        base_model=BaseModel.NOVA_MICRO,
        use_case=UseCase(task="Sort.", metric=MetricName.ACCURACY, owner="Us", target=0.9),
        sweep=Sweep.grid({"epochCount": [2, 3]}),
        early_stopping=EarlyStopping(),
        spark=Spark(),
        judge=Judge(model="us.amazon.nova-pro-v1:0", metrics=[JudgeMetric.CORRECTNESS]),
        approval=Approval(),
        deployment=ProvisionedThroughput(
            ttl=Duration.days(1), max_hourly_cost_usd=50, allow_unknown_price=True
        ),
    )
    RunTriggers(
        stack,
        "Triggers",
        pipeline=pipeline,
        new_data=NewData(suffix=".jsonl"),
        schedule=events.Schedule.rate(Duration.days(7)),
        alarms=[
            pipeline.metric_failed().create_alarm(stack, "F", threshold=1, evaluation_periods=1)
        ],
    )


def with_a_grader_that_asks_a_judge(stack):
    reward = JudgeModel(model="us.amazon.nova-lite-v1:0", instructions="Is it polite?")
    CustomizationPipeline(
        stack,
        "Pipeline",
        base_model=BaseModel.NOVA_2_LITE,
        method=ReinforcementFineTuning(grader=Grader(stack, "Grader", reward=reward)),
    )


def with_models_of_elsewhere(stack):
    ModelImportPipeline(
        stack,
        "Pipeline",
        model=HuggingFaceModel(
            repo="owner/model",
            token=secretsmanager.Secret.from_secret_name_v2(stack, "Token", "hub"),
        ),
        base_model=BaseModel.NOVA_MICRO,
    )
    ModelImportPipeline(
        stack,
        "Nova",
        model=SageMakerNovaModel.of_artifacts("s3://customer-escrow-123456789012-smtj-1/model/"),
        base_model=BaseModel.NOVA_MICRO,
    )
    ModelCopyPipeline(
        stack,
        "Copy",
        base_model=BaseModel.NOVA_MICRO,
        source_region="us-east-1",
        source_key=kms.Key(stack, "SourceKey", enable_key_rotation=True),
        model_key=kms.Key(stack, "ModelKey", enable_key_rotation=True),
    )


PIPELINES: list[Callable[[Stack], None]] = [
    plain,
    with_every_option_of_supervised_jobs,
    with_a_grader_that_asks_a_judge,
    with_models_of_elsewhere,
]


def findings_of(app):
    """Return the names of all that cdk-nag finds in an app."""
    return {
        violation.rule_name
        for pack in PACKS
        for violation in pack(app).validate_scope(app).violations
    }


def warnings_of(stack):
    """Return the ids of what aws-cdk-lib itself warns of, as they are acknowledged."""
    return {
        f"Annotation::{found[1]}"
        for construct in stack.node.find_all()
        for entry in construct.node.metadata
        if entry.type == "aws:cdk:warning" and (found := re.search(r"\[ack: (.+)]$", entry.data))
    }


class Acknowledgments:
    """What constructs acknowledge; kept from cdk-nag until it is told."""

    def __init__(self):
        self._kept = []

    def of(self, scope):
        """Stand in for `Validations.of`."""
        return SimpleNamespace(acknowledge=lambda *given: self._kept.append((scope, given)))

    def reasons(self):
        """Return the reasons by finding."""
        return {one.id: one.reason for _, given in self._kept for one in given}

    def tell(self):
        """Let cdk-nag know of all of them, where they were made."""
        for scope, given in self._kept:
            Validations.of(scope).acknowledge(*given)


@pytest.fixture(scope="module", params=PIPELINES, ids=lambda define: define.__name__)
def linted(request, context):
    """A pipeline's template, and what is found before and after the reasons are told."""
    app = App(context=context)
    stack = Stack(app, "Stack")
    acknowledgments = Acknowledgments()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_acknowledged, "Validations", acknowledgments)
        request.param(stack)
    found = findings_of(app) | warnings_of(stack)
    acknowledgments.tell()
    return SimpleNamespace(
        reasons=acknowledgments.reasons(),
        found=found,
        left=findings_of(app),
        template=Template.from_stack(stack),
    )


def test_cdk_nag_has_no_finding_that_is_not_acknowledged(linted):
    assert linted.left == set()


def test_every_acknowledgment_answers_a_finding_and_says_why(linted):
    assert set(linted.reasons) == linted.found
    assert all(len(reason) >= 20 for reason in linted.reasons.values())


def test_cdk_nag_would_find_something(context):
    app = App(context=context)
    s3.Bucket(Stack(app, "Canary"), "Open")
    assert "AwsSolutions-S1" in findings_of(app)


def test_cfn_lint_is_content(linted):
    # W3005: aws-cdk-lib writes dependencies that a reference already implies.
    matches = lint(json.dumps(linted.template.to_json()))
    assert [match for match in matches if match.rule.id != "W3005"] == []


def test_statelint_is_content(linted, read_definitions):
    # FLOAT: JSON has one kind of number, so 2 is as good a BackoffRate as 2.0.
    problems = [
        problem
        for definition in read_definitions(linted.template)
        for problem in Linter.validate(definition, Config({ProblemType.FLOAT}))
    ]
    # In JSONata a Wait's Seconds may be an expression; statelint 3.1 does not know.
    assert [p for p in problems if not ('.Seconds is "{%' in p and "an Integer" in p)] == []


def test_every_handler_exists(linted):
    for function in linted.template.find_resources("AWS::Lambda::Function").values():
        module, _, name = function["Properties"]["Handler"].rpartition(".")
        assert callable(getattr(import_module(module), name))
