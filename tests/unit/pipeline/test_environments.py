"""Wherever a stack is deployed, and however: templates name no place but the one the app names.

Where the app names none, nothing is written out at all. Where it does, aws-cdk-lib writes account,
Region and partition into what it makes itself, such as ARNs of assets and of grants.
"""

import re

import pytest
from aws_cdk import (
    App,
    CliCredentialsStackSynthesizer,
    DefaultStackSynthesizer,
    Environment,
    LegacyStackSynthesizer,
    PermissionsBoundary,
    Stack,
    Token,
    aws_ec2 as ec2,
    aws_s3 as s3,
)
from aws_cdk.assertions import Template

from bedrock_customization import (
    BaseModel,
    CustomizationNetwork,
    CustomizationPipeline,
    ModelImportPipeline,
    S3Model,
)

ACCOUNT = "111122223333"
PARTITIONS = {
    "us-east-1": "aws",
    "us-gov-west-1": "aws-us-gov",
    "cn-north-1": "aws-cn",
    "eu-isoe-west-1": "aws-iso-e",
}


def tuning(stack, **how):
    CustomizationPipeline(stack, "Pipeline", base_model=BaseModel.NOVA_MICRO, **how)


def importing(stack, **how):
    # Where Bedrock customizes no model, imports stand for the rest of the constructs.
    models = s3.Bucket.from_bucket_name(stack, "Models", "models")
    source = S3Model(bucket=models)
    ModelImportPipeline(stack, "Pipeline", model=source, base_model=BaseModel.NOVA_MICRO, **how)


def regulated(stack):
    tuning(stack, regulated=True)


def regulated_import(stack):
    importing(stack, regulated=True)


def in_own_vpc(stack):
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=["a", "b"],
        private_subnet_ids=["subnet-1", "subnet-2"],
        private_subnet_route_table_ids=["rtb-1", "rtb-2"],
    )
    tuning(stack, network=CustomizationNetwork(stack, "Network", vpc=vpc))


def in_region(name):
    return {"env": Environment(account=ACCOUNT, region=name)}


ENVIRONMENTS = {
    "no environment": (tuning, {}),
    "an account and a Region": (tuning, in_region("us-east-1")),
    "a Region alone": (tuning, {"env": Environment(region="us-east-1")}),
    "aws-us-gov": (importing, in_region("us-gov-west-1")),
    "aws-cn": (importing, in_region("cn-north-1")),
    "aws-iso-e": (importing, in_region("eu-isoe-west-1")),
    "a qualifier": (tuning, {"synthesizer": lambda: DefaultStackSynthesizer(qualifier="ours")}),
    "credentials of the command line": (tuning, {"synthesizer": CliCredentialsStackSynthesizer}),
    "the legacy synthesizer": (tuning, {"synthesizer": LegacyStackSynthesizer}),
    "a permissions boundary": (
        tuning,
        {"permissions_boundary": PermissionsBoundary.from_name("boundary")},
    ),
    "a VPC of one's own": (in_own_vpc, {}),
    "regulated": (regulated, {}),
    "regulated, an account and a Region": (regulated, in_region("us-east-1")),
    "regulated, aws-us-gov": (regulated_import, in_region("us-gov-west-1")),
}


@pytest.fixture(scope="module", params=ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def placed(request, context):
    """A stack, and its template."""
    define, how = request.param
    made = {**how, "synthesizer": how["synthesizer"]()} if "synthesizer" in how else how
    stack = Stack(App(context=context), "Stack", **made)
    define(stack)
    return stack, Template.from_stack(stack).to_json()


def strings_of(value, path=()):
    """Yield every text of a template, and where it stands."""
    match value:
        case str():
            yield path, value
        case dict():
            for key, one in value.items():
                yield from strings_of(one, (*path, key))
        case list():
            for one in value:
                yield from strings_of(one, path)


PLACES = re.compile(
    r"arn:(?P<partition>aws[\w-]*):|\b(?P<account>\d{12})\b"
    r"|\b(?P<region>(?:us|eu|cn)-(?:[a-z]+-){1,2}\d)\b"
)


def test_no_place_is_written_out_that_the_app_does_not_name(placed):
    stack, template = placed
    region, account = (
        None if Token.is_unresolved(one) else one for one in (stack.region, stack.account)
    )
    known = {account, region, PARTITIONS[region] if region else None}
    found = [
        (path, text)
        for path, text in strings_of(template)
        for place in PLACES.finditer(text)
        if place[place.lastgroup] not in known
    ]
    assert found == []


def test_nothing_is_looked_up(placed):
    _, template = placed
    # So aws-cdk-lib names zones and VPCs that it has yet to look up.
    assert not [path for path, text in strings_of(template) if "dummy" in text]


def test_every_role_carries_a_boundary_that_an_app_asks_for(context):
    boundary = PermissionsBoundary.from_name("boundary")
    stack = Stack(App(context=context), "Stack", permissions_boundary=boundary)
    tuning(stack, regulated=True)
    roles = Template.from_stack(stack).find_resources("AWS::IAM::Role")
    assert roles
    assert all("PermissionsBoundary" in role["Properties"] for role in roles.values())
