"""Enrichment in a pipeline: its states, its rights, and what it refuses."""

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Match, Template

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    Enrichment,
    EnrichmentTask,
    RecordTemplate,
)
from bedrock_customization_runtime import contract

MICRO = "us.amazon.nova-micro-v1:0"


def enrichment(**more):
    return Enrichment(
        **{"model": MICRO, "task": EnrichmentTask.COMPLETE, "max_cost_usd": 5.0} | more
    )


@pytest.fixture(scope="module")
def enriched(context):
    stack = Stack(App(context=context), "Stack")
    CustomizationPipeline(
        stack,
        "Pipeline",
        base_model=BaseModel.NOVA_MICRO,
        template=RecordTemplate(prompt="{q}", completion="{a}"),
        enrichment=enrichment(instructions="Be brief."),
    )
    return Template.from_stack(stack)


def test_a_model_is_asked_call_by_call_before_the_data_are_prepared(enriched, read_definition):
    states = read_definition(enriched)["States"]

    assert states["Start run"]["Next"] == "Enrich data"
    assert states["Enrich data"]["Next"] == "Is everything enriched?"
    choice = states["Is everything enriched?"]
    assert choice["Choices"][0]["Next"] == "Enrich data"
    assert choice["Default"] == "Prepare data"
    assert any(
        "ThrottlingException" in one["ErrorEquals"] for one in states["Enrich data"]["Retry"]
    )
    assert states["Enrich data"]["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


def test_both_functions_are_told_the_same(enriched, read_definition):
    states = read_definition(enriched)["States"]
    told = [
        states[name]["Arguments"]["Payload"]["enrichment"]
        for name in ("Enrich data", "Prepare data")
    ]

    assert (
        told[0]
        == told[1]
        == {
            "task": "complete",
            "model": MICRO,
            "instructions": "Be brief.",
            "max_tokens": 512,
            "max_cost_usd": 5,
            "min_score": 3,
        }
    )
    assert told[0].keys() <= contract.EnrichmentPlan.__annotations__.keys()


def test_the_function_may_invoke_the_one_model_and_nothing_else(enriched):
    roles = enriched.find_resources(
        "AWS::IAM::Role", {"Properties": {"Description": "Asks a model about the records"}}
    )
    (role,) = roles.values()
    statements = [
        statement
        for policy in role["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "bedrock:InvokeModel"
    ]

    (statement,) = statements
    written = [str(resource) for resource in statement["Resource"]]
    assert len(written) == 2
    assert f":inference-profile/{MICRO}" in written[0]
    assert ":*::foundation-model/amazon.nova-micro-v1:0" in written[1]


def test_without_enrichment_nothing_of_it_is_there(template, definition):
    assert "Enrich data" not in definition["States"]
    assert "enrichment" not in definition["States"]["Prepare data"]["Arguments"]["Payload"]
    template.resource_properties_count_is(
        "AWS::Lambda::Function", {"Handler": Match.string_like_regexp("enrich")}, 0
    )


def test_a_model_is_named_by_its_id_its_profile_or_an_arn():
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"
    prices = {"input_usd_per_1k_tokens": 0.1, "output_usd_per_1k_tokens": 0.2}

    assert enrichment(model=arn, **prices).arns() == [arn]
    assert len(enrichment(model="amazon.nova-micro-v1:0").arns()) == 1
    assert len(enrichment().arns()) == 2


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"max_cost_usd": -1.0}, "max_cost_usd"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"min_score": 6}, "min_score"),
        ({"task": "improve"}, "improve"),
        ({"model": "us.anthropic.claude-sonnet-4-6"}, "has no price in the catalogue"),
        (
            {"model": "us.anthropic.claude-sonnet-4-6", "input_usd_per_1k_tokens": 0.1},
            "output_usd_per_1k_tokens",
        ),
        ({"instructions": "{% $run %}"}, "instructions"),
    ],
)
def test_what_cannot_work_is_refused_at_synth(given, named):
    with pytest.raises(ValueError, match=named):
        enrichment(**given).to_contract()
