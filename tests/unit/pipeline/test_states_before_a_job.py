"""What is handed to the step that looks at the account and estimates, and what it may look at."""

import json
from datetime import date

import pytest
from aws_cdk import App, Stack, aws_stepfunctions as sfn
from aws_cdk.assertions import Template

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    CustomizationStorage,
    Distillation,
    ModelCustomization,
)
from bedrock_customization_runtime import catalog

NOVA = BaseModel.NOVA_MICRO


def template_of(context, base_model, method=None, **given):
    stack = Stack(App(context=context), "Planned")
    CustomizationPipeline(stack, "Pipeline", base_model=base_model, method=method, **given)
    return Template.from_stack(stack)


def plan_of(template):
    """Return the event of "Plan customization", with `#` for tokens."""
    ((_, machine),) = template.find_resources("AWS::StepFunctions::StateMachine").items()
    parts = machine["Properties"]["DefinitionString"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else "#" for part in parts)
    return json.loads(text)["States"]["Plan customization"]["Arguments"]["Payload"]


def rights_of_planner(template):
    """Return the resources of each action of the function that plans, as text."""
    ((_, role),) = (
        (name, found)
        for name, found in template.find_resources("AWS::IAM::Role").items()
        if "ModelCustomizationCustomizeRole" in name
    )
    (policy,) = role["Properties"]["Policies"]
    found = {}
    for statement in policy["PolicyDocument"]["Statement"]:
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            found[action] = found.get(action, "") + json.dumps(statement["Resource"])
    return found


@pytest.fixture(scope="module")
def profiled():
    """A student and a teacher that is there through an inference profile alone."""
    today = date.today()  # noqa: DTZ011 - as the constructs look at it
    return next(
        (model.id, teacher.id)
        for model in catalog.base_models()
        if catalog.Method.DISTILLATION in model.methods
        for teacher in model.methods[catalog.Method.DISTILLATION].teachers
        if teacher.inference_profile_only
        and teacher.lifecycle.status_on(today) is catalog.LifecycleStatus.ACTIVE
    )


def test_the_estimate_knows_the_evaluation_that_follows_and_the_role_that_is_assumed(context):
    plan = plan_of(template_of(context, NOVA, max_tokens=64))
    assert (plan["evaluation_max_tokens"], plan["role_arn"]) == (64, "#")
    assert "teaching" not in plan


def test_the_estimate_knows_the_teacher_and_how_much_it_says(context):
    method = Distillation(teacher="amazon.nova-pro-v1:0", max_response_length=300)
    template = template_of(context, NOVA, method)
    assert plan_of(template)["teaching"] == {
        "teacher": "amazon.nova-pro-v1:0",
        "max_response_length": 300,
    }
    rights = rights_of_planner(template)
    assert "::foundation-model/amazon.nova-pro-v1:0" in rights["bedrock:GetFoundationModel"]
    assert "bedrock:GetInferenceProfile" not in rights


def test_who_looks_at_the_account_may_read_the_role_and_count(context):
    rights = rights_of_planner(template_of(context, NOVA))
    assert "ServiceRole" in rights["iam:GetRole"]
    assert "*" not in rights["iam:GetRole"]
    for action in (
        "bedrock:ListCustomModels",
        "bedrock:ListModelCustomizationJobs",
        "servicequotas:GetServiceQuota",
    ):
        assert rights[action] == '"*"'


def test_a_teacher_behind_a_profile_is_looked_up_as_both(context, profiled):
    student, teacher = profiled
    stack = Stack(App(context=context), "Phase")
    phase = ModelCustomization(
        stack,
        "ModelCustomization",
        storage=CustomizationStorage(stack, "Storage"),
        base_model=BaseModel(student),
        method=Distillation(teacher=teacher),
    )
    sfn.StateMachine(
        stack,
        "Machine",
        query_language=sfn.QueryLanguage.JSONATA,
        definition_body=sfn.DefinitionBody.from_chainable(sfn.Chain.start(phase)),
    )
    rights = rights_of_planner(Template.from_stack(stack))
    assert f":inference-profile/{teacher}" in rights["bedrock:GetInferenceProfile"]
    model = teacher.partition(".")[2]
    assert f"::foundation-model/{model}" in rights["bedrock:GetFoundationModel"]
    assert "inference-profile" not in rights["bedrock:GetFoundationModel"]
