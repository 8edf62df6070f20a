"""Graders and the rewards they are told to give."""

import json

import pytest
import re2
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    ExactMatch,
    Grader,
    JsonEquality,
    JudgeModel,
    NumericTolerance,
    RegularExpression,
    ReinforcementFineTuning,
    SqlDialect,
    SqlEquality,
)
from bedrock_customization_runtime.contract.grading import REWARD_VARIABLE, RewardName
from bedrock_customization_runtime.grading.scoring import scorer_of

JUDGE = JudgeModel(model="us.amazon.nova-lite-v1:0", instructions="Is it polite?")
REWARDS = [
    ExactMatch(),
    JsonEquality(),
    NumericTolerance(absolute=0.5),
    SqlEquality(dialect=SqlDialect.SQLITE),
    RegularExpression(r"\d+"),
    JUDGE,
]


def told(template):
    (function,) = template.find_resources("AWS::Lambda::Function").values()
    return json.loads(function["Properties"]["Environment"]["Variables"][REWARD_VARIABLE])


def actions_of(template, fragment):
    """Return the resources of each action in the policies of roles whose id holds a text."""
    found = {}
    for name, role in template.find_resources("AWS::IAM::Role").items():
        for policy in role["Properties"].get("Policies", []) if fragment in name else []:
            for statement in policy["PolicyDocument"]["Statement"]:
                actions = statement["Action"]
                for action in [actions] if isinstance(actions, str) else actions:
                    found.setdefault(action, []).append(statement["Resource"])
    return found


@pytest.mark.parametrize("reward", REWARDS, ids=lambda reward: type(reward).__name__)
def test_the_function_is_told_the_reward_and_understands_it(stack, reward):
    Grader(stack, "Grader", reward=reward)
    given = told(Template.from_stack(stack))
    assert given == json.loads(json.dumps(reward.to_contract()))
    if given["name"] != RewardName.JUDGE_MODEL:
        assert callable(scorer_of(given))


def test_every_reward_of_the_runtime_has_a_value_object():
    assert {reward.to_contract()["name"] for reward in REWARDS} == set(RewardName)


def test_a_grader_without_a_judge_may_do_nothing_but_log_and_trace(stack):
    Grader(stack, "Grader", reward=ExactMatch())
    template = Template.from_stack(stack)
    assert set(actions_of(template, "Grader")) == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
    }
    template.has_resource_properties("AWS::Lambda::Function", {"Timeout": 120})


def test_a_grader_with_a_judge_may_ask_this_model_alone_and_has_time_for_it(stack):
    Grader(stack, "Grader", reward=JUDGE)
    template = Template.from_stack(stack)
    (models,) = actions_of(template, "Grader")["bedrock:InvokeModel"]
    assert ":inference-profile/us.amazon.nova-lite-v1:0" in json.dumps(models)
    assert ":bedrock:*::foundation-model/amazon.nova-lite-v1:0" in json.dumps(models)
    template.has_resource_properties("AWS::Lambda::Function", {"Timeout": 900})


def pipeline(stack, grader):
    return CustomizationPipeline(
        stack,
        "Pipeline",
        base_model=BaseModel.NOVA_2_LITE,
        method=ReinforcementFineTuning(grader=grader),
    )


def test_bedrock_is_given_the_version_so_that_a_deployment_changes_no_job(stack, read_definition):
    pipeline(stack, Grader(stack, "Grader", reward=ExactMatch()))
    template = Template.from_stack(stack)
    states = read_definition(template)["States"]
    version = states["Start job"]["Arguments"]["Payload"]["grader_arn"].strip("${}")
    assert version in template.find_resources("AWS::Lambda::Version")
    (functions,) = actions_of(template, "ServiceRole")["lambda:InvokeFunction"]
    (grader,) = (
        name
        for name in template.find_resources("AWS::Lambda::Function")
        if name.startswith("GraderGrade")
    )
    arn = {"Fn::GetAtt": [grader, "Arn"]}
    assert functions == [arn, {"Fn::Join": ["", [arn, ":*"]]}]


def test_a_function_of_your_own_is_a_grader_too(stack, read_definition):
    own = lambda_.Function.from_function_arn(
        stack, "Own", "arn:aws:lambda:us-east-1:123456789012:function:mine"
    )
    pipeline(stack, own)
    template = Template.from_stack(stack)
    start = read_definition(template)["States"]["Start job"]["Arguments"]["Payload"]
    assert start["grader_arn"] == own.function_arn
    (functions,) = actions_of(template, "ServiceRole")["lambda:InvokeFunction"]
    assert functions == [own.function_arn, f"{own.function_arn}:*"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NumericTolerance(absolute=-1), "absolute must be a number from 0 to 1e"),
        (lambda: NumericTolerance(relative=2), "relative must be a number from 0 to 1, got 2"),
        (lambda: SqlEquality(dialect="nosql"), "'nosql' is not a valid SqlDialect"),
        (lambda: RegularExpression("("), r"pattern must be a regular expression, got '\('"),
        (lambda: JudgeModel(model="m", instructions=" "), "instructions must say what makes"),
    ],
)
def test_rewards_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_instructions_that_no_environment_holds_are_refused(stack):
    reward = JudgeModel(model="m", instructions="Be fair. " * 500)
    with pytest.raises(ValueError, match="must take at most 3500 bytes as JSON, got 45"):
        Grader(stack, "Grader", reward=reward)


BEYOND_RE2 = [
    *(r"(a)\1", r"(?P<x>a)(?P=x)", "a(?=b)", "a(?!b)", "(?<=a)b", "(?<!a)b", "(?>a)", "a++"),
    *("(?#why)a", "(?x) a", r"a\Z", r"(a)(?(1)b|c)"),
]


@pytest.mark.parametrize("pattern", BEYOND_RE2)
def test_what_re2_does_not_take_is_refused_at_synth(pattern):
    with pytest.raises(re2.error):
        re2.compile(pattern)
    with pytest.raises(ValueError, match="which has no backreferences and no look-around"):
        RegularExpression(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            r"^\s*\d+\.\d\s*$",
            r"[(?=)]\(\?=",
            r"[^\]a](b+?|c*?)d??",
            r"(?i:a)(?P<n>b)(?:c)",
            r"\\1",
        ),
        *(r"(?is)a.b", r"[]a](?-i:b)", r"\+\+", r"a{2,3}", "Grüße|你好"),
    ],
)
def test_what_re2_takes_is_taken(pattern):
    assert re2.compile(pattern)
    assert RegularExpression(pattern).pattern == pattern
