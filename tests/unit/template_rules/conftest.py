"""Templates of our own, each synthesized once, and their definitions as one reads them."""

import copy
import json

import pytest
from aws_cdk import App, Duration, Stack, aws_ec2 as ec2, aws_kms as kms
from aws_cdk.assertions import Template

from bedrock_customization import (
    Approval,
    BaseModel,
    CustomizationBudget,
    CustomizationPipeline,
    HuggingFaceModel,
    JobNetwork,
    ModelImportPipeline,
    ProvisionedThroughput,
    RecordTemplate,
)

_RECORDS = RecordTemplate(prompt="{text}", completion="{category}")


def supervised(stack):
    pipeline = CustomizationPipeline(
        stack,
        "Pipeline",
        base_model=BaseModel.NOVA_MICRO,
        template=_RECORDS,
        approval=Approval(),
        deployment=ProvisionedThroughput(
            ttl=Duration.days(1), max_hourly_cost_usd=50, allow_unknown_price=True
        ),
    )
    CustomizationBudget(stack, "Budget", pipeline=pipeline, monthly_limit_usd=100)


def networked(stack):
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=["a", "b"],
        private_subnet_ids=["subnet-1", "subnet-2"],
    )
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-1")
    CustomizationPipeline(
        stack,
        "Pipeline",
        base_model=BaseModel.NOVA_MICRO,
        template=_RECORDS,
        network=JobNetwork(vpc=vpc, security_groups=[group]),
        model_key=kms.Key(stack, "ModelKey", enable_key_rotation=True),
    )


def imported(stack):
    ModelImportPipeline(
        stack,
        "Pipeline",
        model=HuggingFaceModel(repo="owner/model"),
        base_model=BaseModel.NOVA_MICRO,
    )


@pytest.fixture(scope="session")
def own_templates(context):
    """Our templates by name; a definition is one text with substitutions."""
    return {
        define.__name__: _readable(_synthesized(define, context))
        for define in (supervised, networked, imported)
    }


@pytest.fixture
def own_template(own_templates):
    """Return a copy of one of our templates, to plant a defect in."""
    return lambda name: copy.deepcopy(own_templates[name])


def _synthesized(define, context):
    stack = Stack(App(context=context), "Stack")
    define(stack)
    return Template.from_stack(stack).to_json()


def _readable(template):
    for resource in template["Resources"].values():
        parts = (
            resource.get("Properties", {}).get("DefinitionString", {}).get("Fn::Join", [0, []])[1]
        )
        if parts:
            text = "".join(part if isinstance(part, str) else _variable(part) for part in parts)
            resource["Properties"]["DefinitionString"] = {"Fn::Sub": text}
    return json.loads(json.dumps(template))


def _variable(part):
    match part:
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
    return "${AWS::StackName}"
