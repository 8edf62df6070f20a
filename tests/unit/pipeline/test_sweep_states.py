"""Sweeps in a template: states, scopes, rights, and what is refused."""

import json
import math
from dataclasses import replace

import pytest
from aws_cdk import App, Stack, aws_lambda as lambda_
from aws_cdk.assertions import Template
from hypothesis import given, settings, strategies as st

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    Distillation,
    EarlyStopping,
    FineTuning,
    ReinforcementFineTuning,
    Sweep,
)
from bedrock_customization.sweep import MAXIMUM_CANDIDATES
from bedrock_customization_local.cloud.stepfunctions.language.validation import findings
from bedrock_customization_runtime import contract
from bedrock_customization_runtime.customization.watch import look

NOVA, TUNING = BaseModel.NOVA_MICRO, FineTuning()
GRID = Sweep.grid({"epochCount": [2, 3], "learningRate": [1e-5, 5e-5]}, max_concurrency=3)


@pytest.fixture(scope="module")
def swept(context):
    stack = Stack(App(context=context), "Stack")
    CustomizationPipeline(
        stack,
        "Pipeline",
        base_model=NOVA,
        sweep=GRID,
        max_cost_usd=10,
        early_stopping=EarlyStopping(),
        sharding=None,
    )
    return Template.from_stack(stack)


@pytest.fixture(scope="module")
def machine(swept, read_definition):
    return read_definition(swept)


@pytest.fixture(scope="module")
def states(machine):
    return machine["States"]


@pytest.fixture(scope="module")
def within(states):
    """The states of one candidate."""
    return states["Train candidates"]["ItemProcessor"]["States"]


def test_rounds_go_on_until_nothing_is_proposed(states):
    assert states["Prepare data"]["Next"] == "Propose candidates"
    assert states["Propose candidates"]["Next"] == "Are there candidates to train?"
    choice = states["Are there candidates to train?"]
    assert choice["Choices"][0]["Next"] == "Train candidates"
    assert choice["Default"] == "Choose candidate"
    assert states["Train candidates"]["Next"] == "Propose candidates"
    assert states["Choose candidate"]["Next"] == "Is the model active?"
    assert states["Wait for the model"]["Next"] == "Choose candidate"
    assert "Plan customization" not in states


def test_a_redriven_run_begins_with_the_proposal(states):
    rules = states["Where did it fail?"]["Choices"]
    assert "Propose candidates" in [rule["Next"] for rule in rules]


def test_candidates_train_within_the_quota(states):
    train = states["Train candidates"]
    assert train["MaxConcurrency"] == 3
    assert train["ItemProcessor"]["ProcessorConfig"] == {"Mode": "INLINE"}
    assert train["Output"] == "{% $states.input %}"


def test_whatever_becomes_of_a_candidate_is_recorded_and_ends_no_other(within):
    job = within["Customize and watch"]
    assert [way["ErrorEquals"] for way in job["Catch"]] == [["States.ALL"]]
    assert {job["Catch"][0]["Next"], job["Next"]} == {"Record candidate"}
    assert within["Record candidate"]["End"]
    create = job["Branches"][0]["States"]["Customize model"]
    assert create["Resource"].endswith("createModelCustomizationJob.sync")


def scopes(machine, outer=frozenset()):
    """Yield the variables of each scope with those of the scopes around it."""
    assigned = {
        name
        for state in machine["States"].values()
        for way in [state, *state.get("Catch", []), *state.get("Choices", [])]
        for name in way.get("Assign", {})
    }
    yield assigned, outer
    for state in machine["States"].values():
        inner = [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])]
        for one in inner:
            yield from scopes(one, outer | assigned)


def test_no_scope_assigns_a_variable_of_a_scope_around_it(machine):
    found = list(scopes(machine))
    assert len(found) == 5
    for assigned, outer in found:
        assert not assigned & outer


def test_the_machine_is_one_that_step_functions_takes(machine):
    assert findings(json.dumps(machine)) == []


def test_looks_at_all_candidates_leave_half_the_history_free(within):
    branch = within["Customize and watch"]["Branches"][1]["States"]
    longest = branch["Watch job"]["Arguments"]["Payload"]["longest_wait_seconds"]

    class Bedrock:
        def get_model_customization_job(self, *, jobIdentifier):  # noqa: N803 - Bedrock's name
            return {"status": "InProgress", "jobName": jobIdentifier}

    looks, watch = 1, None
    while watch is None or watch["waited_seconds"] < 8 * 86_400:
        looks += 1
        watch = look(
            Bedrock(),
            None,
            "job",
            stall_limit_seconds=10**9,
            timeout_seconds=10**9,
            last=watch,
            longest_wait_seconds=longest,
        )
    assert MAXIMUM_CANDIDATES * (9 * looks + 25) <= 12_500


def statements_on(template, action):
    return [
        statement
        for role in template.find_resources("AWS::IAM::Role").values()
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == action
    ]


def test_only_a_sweep_may_delete_models_and_only_those_of_runs(swept, template):
    (statement,) = statements_on(swept, "bedrock:DeleteCustomModel")
    assert statement["Condition"] == {
        "StringLike": {"aws:ResourceTag/bedrock-customization:run": "?*"}
    }
    assert statements_on(template, "bedrock:DeleteCustomModel") == []


def test_the_handler_is_told_what_its_contract_says(states):
    payload = states["Propose candidates"]["Arguments"]["Payload"]
    assert payload.keys() <= contract.ProposeCandidates.__annotations__.keys()
    assert payload["sweep"].keys() == contract.SweepPlan.__annotations__.keys()
    assert payload["sweep"]["candidates"] == [
        {"epochCount": epochs, "learningRate": rate}
        for epochs in ("2", "3")
        for rate in ("0.00001", "0.00005")
    ]
    told = states["Choose candidate"]["Arguments"]["Payload"]
    assert told.keys() == contract.ChooseCandidate.__annotations__.keys()


RANGES = {"learningRate": (1e-6, 1e-4), "epochCount": (1, 5)}


@given(seed=st.integers(0, 10**6), candidates=st.integers(2, 15))
@settings(max_examples=30, deadline=None)
def test_draws_are_different_repeatable_and_within_their_ranges(seed, candidates):
    sweep = Sweep.random(RANGES, candidates=candidates, seed=seed)
    drawn = sweep.to_contract(NOVA, TUNING)["candidates"]
    assert drawn == sweep.to_contract(NOVA, TUNING)["candidates"]
    assert len({tuple(one.values()) for one in drawn}) == candidates
    for one in drawn:
        assert 1e-6 <= float(one["learningRate"]) <= 1e-4
        assert 1 <= int(one["epochCount"]) <= 5


def test_orders_of_magnitude_are_drawn_from_evenly():
    drawn = Sweep.random(RANGES, candidates=14).to_contract(NOVA, TUNING)["candidates"]
    logs = [math.log10(float(one["learningRate"])) for one in drawn]
    assert sum(log < -5 for log in logs) == 7


def test_an_adaptive_sweep_hands_its_ranges_on():
    plan = Sweep.adaptive(RANGES, rounds=3, candidates_per_round=2).to_contract(NOVA, TUNING)
    assert len(plan["candidates"]) == 2
    assert plan["ranges"] == {"learningRate": [1e-6, 1e-4], "epochCount": [1.0, 5.0]}
    assert (plan["rounds"], plan["candidates_per_round"]) == (3, 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Sweep.grid({}), "candidates must be a number from 2 to 15, got 1"),
        (lambda: replace(GRID, ranges={"learningRate": (1e-6, 1e-5)}), "not both"),
        (lambda: Sweep.grid({"epochCount": [2]}), "candidates must be a number from 2 to 15"),
        (lambda: Sweep.grid({"epochCount": []}), "epochCount must have different values"),
        (lambda: Sweep.grid({"epochCount": [2, 2]}), "epochCount must have different values"),
        (lambda: Sweep.random(RANGES, candidates=16), "got 16: one makes no sweep"),
        (lambda: Sweep.adaptive(RANGES, rounds=9), "got 18"),
        (lambda: Sweep.random(RANGES, candidates=2, max_concurrency=11), "from 1 to 10, got 11"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        (Sweep.grid({"epochs": [1, 2]}), "epochs is no hyperparameter .* did you mean epochCount"),
        (Sweep.grid({"epochCount": [1, 9]}), "epochCount .* must be an integer from 1 to 5, got 9"),
        (Sweep.random({"learningRate": (1e-6, 1)}, candidates=2), "must be a number from"),
        (Sweep.random({"learningRate": (1e-4, 1e-6)}, candidates=2), "up to a larger one"),
        (Sweep.random({"epochCount": (1, 3)}, candidates=4), "hold 3 different candidates, 4 are"),
        (Sweep.random({"learning": (1, 3)}, candidates=2), "did you mean learningRate"),
    ],
)
def test_what_the_base_model_does_not_take_is_refused_at_synth(stack, sweep, message):
    with pytest.raises(ValueError, match=message):
        CustomizationPipeline(stack, "P", base_model=NOVA, sweep=sweep)


def test_a_hyperparameter_is_swept_or_given_but_not_both(stack):
    method = FineTuning(hyperparameters={"epochCount": 2})
    with pytest.raises(ValueError, match="epochCount is a hyperparameter of the method too"):
        CustomizationPipeline(stack, "P", base_model=NOVA, method=method, sweep=GRID)


@pytest.mark.parametrize(
    ("model", "method", "message"),
    [
        (BaseModel.NOVA_2_LITE, lambda _: None, "takes no validation set"),
        (
            BaseModel.NOVA_LITE,
            lambda _: Distillation(teacher="amazon.nova-pro-v1:0"),
            "takes no validation set",
        ),
        (
            BaseModel.NOVA_2_LITE,
            lambda stack: ReinforcementFineTuning(
                grader=lambda_.Function.from_function_arn(
                    stack, "Grader", "arn:aws:lambda:us-east-1:123456789012:function:grader"
                )
            ),
            "leaves rewards instead",
        ),
    ],
)
def test_jobs_without_validation_loss_cannot_be_swept(stack, model, method, message):
    with pytest.raises(ValueError, match=f"sweep goes by validation loss, and .*{message}"):
        CustomizationPipeline(stack, "P", base_model=model, method=method(stack), sweep=GRID)
