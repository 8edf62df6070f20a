"""Requests as the machine and the handlers send them, with the largest values they may hold.

They are held against botocore's model and its patterns, enums and maxima, which neither boto3 nor
Step Functions checks before the service does.
"""

from datetime import UTC, datetime

import pytest
from aws_cdk import (
    App,
    Stack,
    aws_ec2 as ec2,
    aws_iam as iam,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_s3 as s3,
)
from aws_cdk.assertions import Template

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    CustomizationStorage,
    Distillation,
    FineTuning,
    JobNetwork,
    ReinforcementFineTuning,
)
from bedrock_customization_local.cloud.bedrock import shapes
from bedrock_customization_local.cloud.stepfunctions.language import jsonata
from bedrock_customization_local.cloud.stepfunctions.tasks.shapes import to_botocore
from bedrock_customization_runtime import catalog, names
from bedrock_customization_runtime.customization import reinforcement

CREATE = "CreateModelCustomizationJob"
EXECUTION = "Ünï (code)! " + "x" * 68
MACHINE = "Prüfung(1)!+@=" + "m" * 66
EXECUTION_ARN = f"arn:aws-us-gov:states:us-gov-west-1:123456789012:execution:{MACHINE}:{EXECUTION}"
BUCKET = f"b{'-' * 61}b"
ROLE = f"arn:aws-us-gov:iam::123456789012:role/{'p' * 510}/{'r' * 64}"
KEY = f"arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-{'0' * 32}"
GRADER = f"arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:{'g' * 64}:{'a' * 128}"
PARENT = "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:custom-model/{}/abcdefghijkl"
TEACHER = "amazon.nova-pro-v1:0"


def machine_of(context, method, base_model, read_definition):
    """Return the states of a pipeline whose every name is as long as it may be."""
    stack = Stack(App(context=context), "Stack")
    imported = iam.Role.from_role_arn(stack, "Role", ROLE)
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=[f"z{number}" for number in range(16)],
        private_subnet_ids=[f"subnet-{number:025d}" for number in range(16)],
    )
    groups = [
        ec2.SecurityGroup.from_security_group_id(stack, f"Group{number}", f"sg-{number:029d}")
        for number in range(5)
    ]
    if callable(method):
        method = method(lambda_.Function.from_function_arn(stack, "Grader", GRADER))
    CustomizationPipeline(
        stack,
        "Pipeline",
        base_model=base_model,
        method=method,
        customization_role=imported,
        network=JobNetwork(vpc=vpc, security_groups=groups),
        model_key=kms.Key.from_key_arn(stack, "Key", KEY),
    )
    states = read_definition(Template.from_stack(stack))["States"]
    inside = states.get("Customize and watch", {"Branches": [{"States": {}}]})
    return {**states, **inside["Branches"][0]["States"]}


def variables_of(base_model, method):
    """Return what earlier states assign for a run with the longest names there are."""
    key = names.key_of(EXECUTION)
    deployment, token = names.names_of(EXECUTION_ARN)
    job, model, job_token = names.job_of(EXECUTION_ARN, 9)
    return {
        "run": {
            "key": key,
            "artifacts": f"s3://{BUCKET}/runs/{key}",
            "names": deployment,
            "tokens": token,
        },
        "preparation": {
            "train": f"s3://{BUCKET}/runs/{key}/prepared/train.jsonl",
            "validation": f"s3://{BUCKET}/runs/{key}/prepared/validation.jsonl",
        },
        "customization": {"model_arn": PARENT.format(base_model.id)},
        "deployment": {
            "arn": "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:custom-model-deployment/"
            "abcdefghijkl"
        },
        "job": {
            "name": job,
            "model": model,
            "token": job_token,
            "hyperparameters": largest(base_model.facts.methods[method]),
        },
    }


def largest(rules):
    """Return each hyperparameter's largest value, as the string map of the API."""
    return {
        name: catalog.rendered(one.choices[-1] if one.choices else one.maximum)
        for name, one in rules.hyperparameters.items()
        if one.choices or one.maximum is not None
    }


def rendered(template, variables, *, redrives=1000):
    """Return a template of a state with its expressions evaluated."""
    context = {
        "StateMachine": {"Name": MACHINE},
        "Execution": {"RedriveCount": redrives, "Name": EXECUTION},
    }
    states = {"context": context, "input": {}}
    return jsonata.render(template, states=states, variables=variables, field="Arguments")


def problems(operation, arguments):
    """Return what the service would find wrong with arguments in Step Functions' spelling."""
    shape = shapes.operation_model(operation).input_shape
    return list(shapes.request_problems(operation, to_botocore(shape, arguments)))


METHODS = {
    "fine-tuning": (FineTuning(), BaseModel.NOVA_PRO),
    "of a custom model": (
        FineTuning(),
        BaseModel.NOVA_PRO.customized(PARENT.format("amazon.nova-pro-v1:0:300k")),
    ),
    "distillation": (
        Distillation(teacher=TEACHER, max_response_length=1_000_000),
        BaseModel.NOVA_MICRO,
    ),
}


@pytest.mark.parametrize("name", METHODS)
def test_the_largest_requests_of_the_machine_are_valid(context, read_definition, name):
    method, base_model = METHODS[name]
    states = machine_of(context, method, base_model, read_definition)
    variables = variables_of(base_model, method.method)
    create = rendered(states["Customize model"]["Arguments"], variables)
    assert len(create["VpcConfig"]["SubnetIds"]) == 16
    assert create["CustomModelKmsKeyId"] == KEY
    assert problems(CREATE, create) == []
    for state, operation in {
        "Adopt job": "GetModelCustomizationJob",
        "Deploy candidate": "CreateCustomModelDeployment",
        "Check deployment": "GetCustomModelDeployment",
    }.items():
        assert problems(operation, rendered(states[state]["Arguments"], variables)) == []


def test_every_method_is_one_that_the_request_knows(context, read_definition):
    """Continued pre-training has no base model left, and would send what fine-tuning sends."""
    states = machine_of(context, *METHODS["fine-tuning"], read_definition)
    variables = variables_of(BaseModel.NOVA_PRO, catalog.Method.FINE_TUNING)
    create = rendered(states["Customize model"]["Arguments"], variables)
    for method in catalog.Method:
        assert problems(CREATE, {**create, "CustomizationType": method.value}) == []


def test_the_largest_request_of_reinforcement_is_valid(context, read_definition):
    states = machine_of(
        context,
        lambda grader: ReinforcementFineTuning(grader=grader),
        BaseModel.NOVA_2_LITE,
        read_definition,
    )
    variables = variables_of(BaseModel.NOVA_2_LITE, catalog.Method.REINFORCEMENT_FINE_TUNING)
    event = rendered(states["Start job"]["Arguments"]["Payload"], variables)
    request = reinforcement.request(event)
    assert request["customizationConfig"]["rftConfig"]["hyperParameters"]
    assert list(shapes.request_problems(CREATE, request)) == []


ON_OFFER = [
    (model, method)
    for model in catalog.base_models()
    for method, rules in model.methods.items()
    if model.lifecycle.status_on(datetime.now(UTC).date()) is catalog.LifecycleStatus.ACTIVE
    and method is catalog.Method.REINFORCEMENT_FINE_TUNING
    and rules.hyperparameters
    and model.regions == ("us-east-1",)
]


@pytest.mark.parametrize(("model", "method"), ON_OFFER, ids=str)
def test_what_the_catalogue_allows_the_request_allows_too(model, method):
    """Typed hyperparameters have bounds of their own in botocore's model."""
    shape = shapes.operation_model(CREATE).input_shape.members["customizationConfig"]
    members = shape.members["rftConfig"].members["hyperParameters"].members
    for name, one in model.methods[method].hyperparameters.items():
        bounds = members[name].metadata
        assert "max" not in bounds or one.maximum <= bounds["max"], name
        assert "min" not in bounds or one.minimum >= bounds["min"], name
        assert set(one.choices) <= set(members[name].enum if one.choices else one.choices), name


def test_a_bucket_that_bedrock_does_not_take_is_refused_at_synth(stack):
    legacy = s3.Bucket.from_bucket_name(stack, "Legacy", "Data_Of_2015")
    with pytest.raises(ValueError, match="lower-case letters, digits, hyphens and dots, got Data_"):
        CustomizationStorage(stack, "Storage", data_bucket=legacy)


@pytest.mark.parametrize("length", [0, -1, 1_000_001, 2.5])
def test_a_length_of_answers_that_is_none_is_refused_at_synth(length):
    with pytest.raises(ValueError, match="max_response_length must be a"):
        Distillation(teacher=TEACHER, max_response_length=length)
