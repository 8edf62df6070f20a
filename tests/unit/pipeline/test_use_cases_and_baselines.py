"""With a use case or a target a pipeline measures the base model first; else all is as before."""

import json

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    Gate,
    KnowledgeChanges,
    MetricName,
    UseCase,
)
from bedrock_customization_runtime import manifest
from bedrock_customization_runtime.contract import use_case as contract

USE_CASE = UseCase(
    task="Name the intent.",
    metric=MetricName.TOKEN_F1,
    owner="Card team",
    target=0.9,
    margin=0.02,
    max_cost_usd=40,
    knowledge_changes=KnowledgeChanges.YEARLY,
)
FILE = """
task = "Name the intent."
metric = "token_f1"
owner = "Card team"
target = 0.9
margin = 0.02
max_cost_usd = 40
knowledge_changes = "yearly"
"""


def pipeline(stack, **given):
    return CustomizationPipeline(stack, "Pipeline", base_model=BaseModel.NOVA_MICRO, **given)


def plain(**given):
    return UseCase(task="Sort.", metric=MetricName.ACCURACY, owner="Us", **given)


@pytest.fixture(scope="module")
def aimed(context):
    """Template of a pipeline with a use case."""
    stack = Stack(App(context=context), "Aimed")
    pipeline(stack, use_case=USE_CASE)
    return Template.from_stack(stack)


@pytest.fixture(scope="module")
def states(aimed, read_definition):
    return read_definition(aimed)["States"]


def payload(states, name):
    return states[name]["Arguments"]["Payload"]


def test_a_file_is_the_same_as_its_values(tmp_path):
    (tmp_path / "use_case.toml").write_text(FILE)
    assert UseCase.from_file(tmp_path / "use_case.toml") == USE_CASE


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"use_case must be a file .*nowhere\.toml: No such file"):
        UseCase.from_file(tmp_path / "nowhere.toml")


def test_fields_are_those_of_the_file_and_of_the_manifest():
    assert set(UseCase.__dataclass_fields__) == set(contract.UseCase.__annotations__)
    stated = USE_CASE.to_contract()
    section = manifest.UseCaseSection(**json.loads(json.dumps(stated)))
    assert {name: getattr(section, name) for name in section.__struct_fields__} == stated


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"target": 90}, "use_case: target must be a number above 0 and up to 1, got 90"),
        ({"margin": -1}, "use_case: margin must be a number from 0"),
        ({"knowledge_changes": "hourly"}, "use_case: knowledge_changes must be one of never"),
    ],
)
def test_values_are_checked_like_a_file(given, message):
    with pytest.raises(ValueError, match=message):
        plain(**given)


def test_metric_target_margin_and_budget_are_those_of_the_use_case(states):
    measured = payload(states, "Measure baseline")
    assert measured["metric"] == payload(states, "Compare answers")["metric"] == "token_f1"
    assert measured["target"] == 0.9
    assert measured["min_improvement"] == 0.02
    assert payload(states, "Decide promotion")["gate"]["min_improvement"] == 0.02
    assert measured["max_cost_usd"] == payload(states, "Plan customization")["max_cost_usd"] == 40
    assert measured["knowledge_changes"] == "yearly"
    assert payload(states, "Start run")["use_case"] == USE_CASE.to_contract()


@pytest.mark.parametrize(
    ("argument", "field", "given", "stated"),
    [
        ("metric", "metric", MetricName.TOKEN_F1, MetricName.ACCURACY),
        ("target", "target", 0.8, 0.9),
        ("gate", "margin", Gate(min_improvement=0.03), 0.02),
        ("max_cost_usd", "max_cost_usd", 50, 40),
    ],
)
def test_an_argument_that_contradicts_the_use_case_is_refused(
    stack, argument, field, given, stated
):
    use_case = plain(**({} if field == "metric" else {field: stated}))
    with pytest.raises(ValueError, match=rf"{argument}.* is .* but the use case states {field} = "):
        pipeline(stack, use_case=use_case, **{argument: given})


def test_an_argument_that_the_use_case_leaves_open_or_says_too_is_taken(stack, read_definition):
    pipeline(stack, use_case=plain(target=0.9), target=0.9, max_cost_usd=7)
    states = read_definition(Template.from_stack(stack))["States"]
    assert payload(states, "Measure baseline")["target"] == 0.9
    assert payload(states, "Plan customization")["max_cost_usd"] == 7


def test_a_target_alone_is_measured_before_the_job(stack, read_definition):
    pipeline(stack, target=0.8)
    states = read_definition(Template.from_stack(stack))["States"]
    assert payload(states, "Measure baseline")["target"] == 0.8
    assert "use_case" not in payload(states, "Start run")


@pytest.mark.parametrize("target", [0, 1.1, -1, "0.9", float("nan")])
def test_a_target_out_of_range_is_refused(stack, target):
    with pytest.raises(ValueError, match="target must be a number from 1e-06 to 1, got"):
        pipeline(stack, target=target)


def test_without_a_target_or_a_use_case_nobody_is_asked(definition):
    assert "Measure baseline" not in definition["States"]


def test_the_baseline_is_asked_again_until_it_is_measured(states):
    choice = states[states["Measure baseline"]["Next"]]
    assert choice["Type"] == "Choice"
    assert choice["Choices"][0]["Next"] == "Measure baseline"
    assert choice["Default"] == "Plan customization"


def test_a_redriven_run_goes_on_with_the_baseline(states):
    ways = {way["Condition"]: way["Next"] for way in states["Where did it fail?"]["Choices"]}
    assert ways["{% $failure.phase in ['BaselineMeasurement'] %}"] == "Measure baseline"


def test_the_function_that_measures_has_no_right_on_the_blind_set(aimed):
    ((_, role),) = (
        (name, found)
        for name, found in aimed.find_resources("AWS::IAM::Role").items()
        if "BaselineMeasurementMeasureRole" in name
    )
    assert "Blind" not in json.dumps(role)
