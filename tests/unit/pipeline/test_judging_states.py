"""A judge in a pipeline: its states, its role, its rights, what it refuses at synth."""

import json

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    Judge,
    JudgeCriterion,
    JudgeMetric,
    Sweep,
)

JUDGE = "us.amazon.nova-pro-v1:0"
POLITE = JudgeCriterion(name="polite", instructions="Is it polite?", scale=["Rude", "Polite"])


def judge(**more):
    return Judge(**{"model": JUDGE, "metrics": [JudgeMetric.CORRECTNESS]} | more)


@pytest.fixture(scope="module")
def judged(context):
    stack = Stack(App(context=context), "Stack")
    CustomizationPipeline(
        stack,
        "Pipeline",
        base_model=BaseModel.NOVA_MICRO,
        judge=judge(criteria=[POLITE], pairwise="The clearer one is better."),
    )
    return Template.from_stack(stack)


@pytest.fixture(scope="module")
def states(judged, read_definition):
    return read_definition(judged)["States"]


def statements_of(template, role):
    (found,) = [
        resource["Properties"]
        for name, resource in template.find_resources("AWS::IAM::Role").items()
        if role in name
    ]
    policies = [policy["PolicyDocument"]["Statement"] for policy in found.get("Policies", [])]
    return found, [statement for policy in policies for statement in policy]


def listed(value):
    return value if isinstance(value, list) else [value]


def test_a_judge_is_asked_after_the_answers_are_compared(states):
    assert states["Compare answers"]["Next"] == "Start judging"
    assert states["Start judging"]["Next"] == "Wait for the judge"
    assert states["Wait for the judge"]["Next"] == "Look at the judge"
    assert states["Look at the judge"]["Next"] == "Has the judge finished?"
    choice = states["Has the judge finished?"]
    assert choice["Choices"][0]["Next"] == "Record judgement"
    assert choice["Default"] == "Wait for the judge"
    assert states["Record judgement"]["Next"] == "Decide promotion"


def test_every_state_of_the_judge_fails_like_the_evaluation(states):
    for name in ("Start judging", "Look at the judge", "Record judgement"):
        (catch,) = states[name]["Catch"]
        assert catch["ErrorEquals"] == ["States.ALL"]
        assert catch["Assign"]["failure"]["phase"] == "ModelEvaluation"


def test_jobs_wait_for_room_and_carry_the_tags_of_the_run(states):
    start = states["Start judging"]
    assert any("ServiceQuotaExceededException" in one["ErrorEquals"] for one in start["Retry"])
    keys = {tag["Key"] for tag in start["Arguments"]["Payload"]["tags"]}
    assert keys == {"bedrock-customization:pipeline", "bedrock-customization:run"}


def test_who_starts_and_who_reads_are_told_the_same(states):
    told = [
        states[name]["Arguments"]["Payload"]["judge"]
        for name in ("Start judging", "Record judgement", "Plan customization")
    ]
    assert told[0] == told[1] == told[2]
    assert told[0] == {
        "model": JUDGE,
        "metrics": ["Builtin.Correctness"],
        "criteria": [
            {"name": "polite", "instructions": "Is it polite?", "scale": ["Rude", "Polite"]}
        ],
        "pairwise": "The clearer one is better.",
        "max_records": 500,
    }


def test_bedrock_assumes_the_role_for_evaluation_jobs_of_this_account_alone(judged):
    role, _ = statements_of(judged, "JudgingServiceRole")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "bedrock.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert json.dumps(trust["Condition"]["ArnLike"]).endswith(':evaluation-job/*"]]}}')


def test_the_role_reads_what_is_meant_for_a_judge_and_nothing_else(judged):
    _, statements = statements_of(judged, "JudgingServiceRole")
    objects = {
        action: json.dumps(statement["Resource"])
        for statement in statements
        for action in listed(statement["Action"])
        if action in {"s3:GetObject", "s3:PutObject"}
    }
    assert "StorageBlind" in objects["s3:GetObject"]
    assert "/runs/*/judge/*" in objects["s3:GetObject"]
    assert "/runs/*/judge/output/*" in objects["s3:PutObject"]
    text = json.dumps(statements)
    assert "prepared" not in text
    assert "StorageData" not in text
    assert "StorageArtifacts" not in text


def test_the_role_invokes_the_judge_in_each_region_of_its_profile_and_no_other_model(judged):
    _, statements = statements_of(judged, "JudgingServiceRole")
    (invoking,) = [one for one in statements if "bedrock:InvokeModel" in listed(one["Action"])]
    named = json.dumps(invoking["Resource"])
    assert f"inference-profile/{JUDGE}" in named
    assert ":bedrock:*::foundation-model/amazon.nova-pro-v1:0" in named
    assert len(invoking["Resource"]) == 2


def test_a_judge_without_a_profile_is_one_model_in_one_region(context):
    stack = Stack(App(context=context), "Stack")
    CustomizationPipeline(
        stack,
        "Pipeline",
        base_model=BaseModel.NOVA_MICRO,
        judge=judge(model="amazon.nova-pro-v1:0"),
    )
    _, statements = statements_of(Template.from_stack(stack), "JudgingServiceRole")
    (invoking,) = [one for one in statements if "bedrock:InvokeModel" in listed(one["Action"])]
    assert "foundation-model/amazon.nova-pro-v1:0" in json.dumps(invoking["Resource"])
    assert ":bedrock:*:" not in json.dumps(invoking["Resource"])


def test_the_trainer_stays_locked_out_of_what_the_judge_reads(judged):
    _, statements = statements_of(judged, "ModelCustomizationServiceRole")
    denied = [one for one in statements if one["Effect"] == "Deny"]
    assert {action for one in denied for action in listed(one["Action"])} == {"s3:*", "kms:*"}


def test_the_plan_may_look_the_judge_up(judged):
    _, statements = statements_of(judged, "CustomizeRole")
    looking = {
        action: json.dumps(statement["Resource"])
        for statement in statements
        for action in listed(statement["Action"])
        if action in {"bedrock:GetFoundationModel", "bedrock:GetInferenceProfile"}
    }
    assert "amazon.nova-pro-v1:0" in looking["bedrock:GetFoundationModel"]
    assert JUDGE in looking["bedrock:GetInferenceProfile"]


def test_a_sweep_looks_the_judge_up_too(context, read_definition):
    stack = Stack(App(context=context), "Stack")
    CustomizationPipeline(
        stack,
        "Pipeline",
        base_model=BaseModel.NOVA_MICRO,
        sweep=Sweep.grid({"epochCount": [1, 2]}),
        judge=judge(),
    )
    states = read_definition(Template.from_stack(stack))["States"]
    assert states["Propose candidates"]["Arguments"]["Payload"]["judge"]["model"] == JUDGE


def test_without_a_judge_there_is_nothing_of_it(template):
    text = json.dumps(template.to_json())
    assert "Judging" not in text
    assert "judge_answers" not in text
    assert "valuationJob" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metrics": []}, "must have metrics, criteria or pairwise"),
        ({"metrics": ["Builtin.Taste"]}, "Builtin.Taste"),
        ({"metrics": [JudgeMetric.RELEVANCE] * 2}, "each metric once, got Builtin.Relevance"),
        ({"criteria": [POLITE, POLITE]}, "each metric once, got polite"),
        ({"max_records": 1001}, "max_records must be a number from 1 to 1000"),
        ({"max_records": 0}, "max_records"),
        ({"pairwise": " "}, "pairwise must have 1 to 3,500 characters, got 0"),
        ({"pairwise": "{% $x %}"}, "must not hold"),
        (
            {"criteria": [JudgeCriterion(name=f"c{n}", instructions="?") for n in range(11)]},
            "at most 10, got 11",
        ),
    ],
)
def test_a_judge_that_bedrock_would_refuse_is_refused_at_synth(arguments, message):
    with pytest.raises(ValueError, match=message):
        judge(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "is polite"}, "name must be up to 50 letters"),
        ({"name": "Builtin.Correctness"}, "not start with Builtin"),
        ({"name": "x" * 51}, "up to 50"),
        ({"instructions": ""}, "instructions of polite must have"),
        ({"instructions": "x" * 3501}, "got 3501"),
        ({"instructions": "Rate {{prediction}}"}, "must not hold"),
        ({"scale": ["Good"]}, "2 to 10 different labels, got 1"),
        ({"scale": ["Good", "Good "]}, "different labels"),
        ({"scale": ["Good", ""]}, "use a word or a few"),
        ({"scale": [str(n) for n in range(11)]}, "got 11"),
    ],
)
def test_a_criterion_that_bedrock_would_refuse_is_refused_at_synth(arguments, message):
    with pytest.raises(ValueError, match=message):
        JudgeCriterion(**{"name": "polite", "instructions": "Is it?"} | arguments)


def test_jobs_of_a_run_that_ends_badly_are_stopped(judged):
    _, statements = statements_of(judged, "CleanUpRole")
    allowed = {
        action: json.dumps(statement["Resource"])
        for statement in statements
        for action in listed(statement["Action"])
        if "EvaluationJob" in action
    }
    assert allowed.keys() == {
        "bedrock:GetEvaluationJob",
        "bedrock:ListEvaluationJobs",
        "bedrock:StopEvaluationJob",
    }
    assert ":evaluation-job/*" in allowed["bedrock:StopEvaluationJob"]
    rules = json.dumps(judged.find_resources("AWS::Events::Rule"))
    assert "judged_bucket" in rules
