"""Whole templates: a changed logical id or resource shows here before it reaches a user.

Digests of assets are masked, so that editing a handler changes no snapshot.
"""

import json
import re

from aws_cdk import App, Duration, Stack, aws_events as events, aws_sns as sns
from aws_cdk.assertions import Template

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    DataSplit,
    FineTuning,
    Gate,
    Housekeeping,
    MetricName,
    Monitoring,
    NewData,
    RecordTemplate,
    RunTriggers,
)

_DIGESTS = [
    (re.compile(r"[0-9a-f]{64}"), "<asset>"),
    (re.compile(r"(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}"), r"\1<code>"),
    (re.compile(r"\(libraries [0-9a-f]{12}\)"), "(libraries <lock>)"),
    (re.compile(r"lock [0-9a-f]{12}"), "lock <lock>"),
]


def masked(stack):
    text = json.dumps(Template.from_stack(stack).to_json(), indent=1, sort_keys=True)
    for digest, mask in _DIGESTS:
        text = digest.sub(mask, text)
    return text


def test_a_pipeline_with_nothing_but_a_base_model(context, snapshot):
    stack = Stack(App(context=context), "Minimal")
    CustomizationPipeline(stack, "Pipeline", base_model=BaseModel.NOVA_MICRO)
    assert masked(stack) == snapshot


def test_a_pipeline_with_everything_on(context, snapshot):
    stack = Stack(App(context=context), "Everything")
    CustomizationPipeline(
        stack,
        "Pipeline",
        base_model=BaseModel.NOVA_PRO,
        template=RecordTemplate(
            prompt="{question}", completion="{sql}", system="Write SQL.", group_by="query_id"
        ),
        method=FineTuning(hyperparameters={"epochCount": 3, "learningRate": 1e-5}),
        split=DataSplit(validation=0.05, test=0.15, seed=7),
        max_rejected=0.01,
        metric=MetricName.TOKEN_F1,
        gate=Gate(min_improvement=0.02, no_regression_on=["db_id"], max_usd_per_1k=2),
        max_tokens=1024,
        topic=sns.Topic(stack, "Own"),
    )
    assert masked(stack) == snapshot


def test_what_housekeeping_adds_to_a_pipeline(context, snapshot):
    stack = Stack(App(context=context), "Kept")
    pipeline = CustomizationPipeline(stack, "Pipeline", base_model=BaseModel.NOVA_MICRO)
    Housekeeping(
        stack,
        "Housekeeping",
        pipelines=[pipeline],
        model_retention=Duration.days(30),
        data_retention=Duration.days(90),
    )
    template = json.loads(masked(stack))
    added = {
        name: resource
        for name, resource in template["Resources"].items()
        if name.startswith("Housekeeping")
    }
    assert json.dumps(added, indent=1, sort_keys=True) == snapshot


def test_what_monitoring_adds_to_a_pipeline(context, snapshot):
    app = App(context=context)
    pipeline = CustomizationPipeline(Stack(app, "P"), "Pipeline", base_model=BaseModel.NOVA_MICRO)
    # A topic of its own stack, so that the snapshot holds the monitoring alone.
    stack = Stack(app, "Watch")
    Monitoring(stack, "Monitoring", pipeline=pipeline, topic=sns.Topic(stack, "OnCall"))
    assert masked(stack) == snapshot


def test_what_starts_runs_by_itself(context, snapshot):
    app = App(context=context)
    stack = Stack(app, "Triggered")
    pipeline = CustomizationPipeline(
        Stack(app, "Minimal"), "Pipeline", base_model=BaseModel.NOVA_MICRO
    )
    RunTriggers(
        stack,
        "Triggers",
        pipeline=pipeline,
        prefix="tickets/",
        new_data=NewData(suffix=".jsonl"),
        schedule=events.Schedule.rate(Duration.days(7)),
    )
    assert masked(stack) == snapshot
