"""The network of functions and jobs: what is reached, by whom, and that nobody is locked out."""

import ast
import json
from pathlib import Path

import pytest
from aws_cdk import App, Environment, Stack, aws_ec2 as ec2, aws_iam as iam, aws_s3 as s3
from aws_cdk.assertions import Match, Template
from botocore.session import Session

import bedrock_customization_runtime
from bedrock_customization import (
    BaseModel,
    CustomizationNetwork,
    CustomizationPipeline,
    CustomizationStorage,
    HuggingFaceModel,
    JobNetwork,
    ModelImportPipeline,
)
from bedrock_customization._access import Right
from bedrock_customization._services import BY_ACTION, BY_SERVICE, buckets_of, endpoints_of
from bedrock_customization_local.cloud.iam.evaluation import Policies, evaluate
from bedrock_customization_local.cloud.iam.policy import parse
from bedrock_customization_local.cloud.iam.request import (
    Context,
    Request,
    RolePrincipal,
    ServicePrincipal,
)

CALLED = {"bedrock", "bedrock-runtime", "monitoring", "s3", "sns", "ssm"}
ACCOUNT = "123456789012"
ENDPOINT = "vpce-1"


@pytest.fixture(scope="module")
def connected(context):
    """A pipeline in a network of its own, whose buckets are reached through the endpoint alone."""
    stack = Stack(
        App(context=context), "Stack", env=Environment(account=ACCOUNT, region="us-east-1")
    )
    network = CustomizationNetwork(stack, "Network")
    pipeline = CustomizationPipeline(
        stack, "Pipeline", base_model=BaseModel.NOVA_MICRO, network=network
    )
    reader = iam.Role.from_role_arn(stack, "Reader", f"arn:aws:iam::{ACCOUNT}:role/Reader")
    network.require_endpoint(pipeline.storage, scope=pipeline, except_for=[reader])
    return stack


@pytest.fixture(scope="module")
def network_template(connected):
    return Template.from_stack(connected)


def services_of(template):
    """Return the last words of the names of all endpoints."""
    names = [
        one["Properties"]["ServiceName"]
        for one in template.find_resources("AWS::EC2::VPCEndpoint").values()
    ]
    texts = [one if isinstance(one, str) else one["Fn::Join"][1][-1] for one in names]
    return sorted(text.removeprefix("com.amazonaws.us-east-1").lstrip(".") for text in texts)


def test_there_is_one_endpoint_for_each_service_that_is_called(network_template):
    # States and SNS are called by what cleans up after executions, and tells of them.
    assert services_of(network_template) == sorted(CALLED | {"states"})


def test_every_client_of_the_runtime_is_known_to_the_table():
    source = Path(bedrock_customization_runtime.__file__).with_name("aws.py").read_text()
    clients = {
        node.args[0].value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "create_client"
    }
    models = [Session().get_service_model(name) for name in clients]
    called = {one.endpoint_prefix.replace("api.sagemaker", "sagemaker.api") for one in models}
    without = {"iam", "servicequotas"}
    # By no client of ours: EMR Serverless writes the log of Spark.
    called.add("logs")
    assert called - without == {name for name in BY_SERVICE.values() if name} | {
        *BY_ACTION.values()
    }
    assert all(BY_SERVICE[name] is None for name in without)


def test_endpoints_and_buckets_are_read_from_rights():
    rights = [
        Right(actions=["bedrock:InvokeModel"], resources=["*"]),
        Right(actions=["s3:GetObject", "s3:PutObject"], resources=["arn:aws:s3:::a/b/*"]),
        Right(actions=["s3:ListBucket"], resources=["arn:aws:s3:::a"]),
        Right(actions=["iam:PassRole", "kms:Decrypt"], resources=["arn"]),
    ]
    assert endpoints_of(rights) == {"bedrock-runtime", "s3"}
    assert buckets_of(rights) == ["arn:aws:s3:::a"]
    with pytest.raises(KeyError):
        endpoints_of([Right(actions=["dynamodb:GetItem"], resources=["*"])])


def test_there_is_no_way_to_the_internet_and_nothing_is_looked_up(connected, network_template):
    for kind in ("InternetGateway", "NatGateway", "Route"):
        network_template.resource_count_is(f"AWS::EC2::{kind}", 0)
    subnets = network_template.find_resources("AWS::EC2::Subnet").values()
    zones = {json.dumps(one["Properties"]["AvailabilityZone"]) for one in subnets}
    assert len(zones) == 2
    assert "dummy" not in json.dumps(network_template.to_json())
    assert not [
        entry
        for one in connected.node.root.node.find_all()
        for entry in one.node.metadata
        if "missing" in entry.type
    ]


def test_the_endpoint_of_s3_lets_through_our_buckets_alone(network_template):
    (endpoint,) = [
        one["Properties"]
        for one in network_template.find_resources("AWS::EC2::VPCEndpoint").values()
        if one["Properties"]["VpcEndpointType"] == "Gateway"
    ]
    assert len(endpoint["RouteTableIds"]) == 2
    text = json.dumps([one["Resource"] for one in endpoint["PolicyDocument"]["Statement"]])
    for bucket in ("Data", "Blind", "Artifacts"):
        assert f"PipelineStorage{bucket}" in text
    assert '"*"' not in text


def test_jobs_run_in_the_network_too(network_template, read_definition):
    states = read_definition(network_template)["States"]
    jobs = [json.dumps(state) for state in states.values() if "VpcConfig" in json.dumps(state)]
    assert len(jobs) == 1


def test_only_functions_and_jobs_reach_the_interface_endpoints(network_template):
    allowed = {
        one["Properties"]["SourceSecurityGroupId"]["Fn::GetAtt"][0].rstrip("0123456789ABCDEF")
        for name, one in network_template.find_resources("AWS::EC2::SecurityGroupIngress").items()
        if "Endpoints" in name
    }
    assert allowed == {"NetworkFunctions", "NetworkJobs"}
    for group in network_template.find_resources("AWS::EC2::SecurityGroup").values():
        assert "SecurityGroupIngress" not in group["Properties"]


def plain(value):
    """Return part of a template with its references as plain texts."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"Fn::Join": [separator, parts]}:
            return separator.join(map(plain, parts))
        case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return named(name)
    return {key: plain(one) for key, one in value.items()}


def named(logical_id):
    """Return what a reference stands for: a pseudo parameter, the endpoint, a role or a bucket."""
    known = {"AWS::Partition": "aws", "AWS::AccountId": ACCOUNT}
    if logical_id in known:
        return known[logical_id]
    if logical_id.startswith("NetworkS3"):
        return ENDPOINT
    role = f"arn:aws:iam::{ACCOUNT}:role/{logical_id}"
    return role if "Role" in logical_id else f"arn:aws:s3:::{logical_id}"


def bucket_policies(template):
    """Yield the ARNs and policies of the three buckets."""
    for one in template.find_resources("AWS::S3::BucketPolicy").values():
        document = plain(one["Properties"]["PolicyDocument"])
        if "OnlyThroughTheEndpoint" in json.dumps(document):
            yield named(one["Properties"]["Bucket"]["Ref"]), parse(document)


def may(document, action, resource, *, role="Administrator", service=None, **context):
    """Return whether a principal with every right may do something under a bucket's policy."""
    everything = parse(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
        }
    )
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    principal = (
        ServicePrincipal(service)
        if service
        else RolePrincipal(
            role_arn=arn,
            session_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/s",
            account=ACCOUNT,
        )
    )
    known = {
        "aws:SecureTransport": "true",
        "s3:TlsVersion": "1.3",
        "aws:PrincipalIsAWSService": "true" if service else "false",
        **({} if service else {"aws:PrincipalArn": arn}),
        **context,
    }
    request = Request(principal=principal, action=action, resource=resource, context=Context(known))
    return evaluate(request, Policies(identity=(everything,), resource=document)).allowed


def test_objects_are_reached_through_the_endpoint_and_by_no_other_way(network_template):
    policies = list(bucket_policies(network_template))
    assert len(policies) == 3
    for bucket, policy in policies:
        for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
            assert not may(policy, action, f"{bucket}/runs/1/x"), (bucket, action)
            elsewhere = {"aws:SourceVpce": "vpce-2"}
            assert not may(policy, action, f"{bucket}/runs/1/x", **elsewhere)
            assert may(policy, action, f"{bucket}/runs/1/x", **{"aws:SourceVpce": ENDPOINT})
        assert not may(policy, "s3:ListBucket", bucket)


def test_whoever_deploys_is_never_locked_out(network_template):
    managing = [
        "s3:PutBucketPolicy",
        "s3:GetBucketPolicy",
        "s3:DeleteBucketPolicy",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:PutBucketVersioning",
        "s3:PutBucketLogging",
        "s3:PutBucketTagging",
        "s3:DeleteBucket",
    ]
    for bucket, policy in bucket_policies(network_template):
        for action in managing:
            assert may(policy, action, bucket), action
            # CloudFormation brings along the credentials of whoever deploys.
            assert may(policy, action, bucket, **{"aws:ViaAWSService": "true"}), action


def test_who_is_named_and_aws_itself_are_let_in_from_anywhere(network_template):
    for bucket, policy in bucket_policies(network_template):
        one = f"{bucket}/runs/1/x"
        assert may(policy, "s3:GetObject", one, role="Reader")
        assert not may(policy, "s3:GetObject", one, role="Readers")
        assert may(policy, "s3:GetObject", one, **{"aws:ViaAWSService": "true"})
        roles = list(network_template.find_resources("AWS::IAM::Role"))
        (machine,) = [name for name in roles if "StateMachineRole" in name]
        assert may(policy, "s3:GetObject", one, role=machine)
        (training,) = [name for name in roles if "ServiceRole" in name]
        assert not may(policy, "s3:GetObject", one, role=training)


def own_vpc(stack):
    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=["a", "b"],
        private_subnet_ids=["subnet-1", "subnet-2"],
        private_subnet_route_table_ids=["rtb-1", "rtb-2"],
    )


def test_endpoints_that_a_vpc_has_are_not_defined_again(stack):
    network = CustomizationNetwork(
        stack, "Network", vpc=own_vpc(stack), existing_endpoints=["s3", "bedrock", "ssm"]
    )
    pipeline = CustomizationPipeline(
        stack, "Pipeline", base_model=BaseModel.NOVA_MICRO, network=network
    )
    template = Template.from_stack(stack)
    assert services_of(template) == ["bedrock-runtime", "monitoring", "sns", "states"]
    template.resource_count_is("AWS::EC2::VPC", 0)
    template.has_resource_properties(
        "AWS::Lambda::Function",
        {"VpcConfig": Match.object_like({"SubnetIds": ["subnet-1", "subnet-2"]})},
    )
    with pytest.raises(ValueError, match="needs the endpoint for S3 that this network defines"):
        network.require_endpoint(pipeline.storage, scope=pipeline)


def test_two_pipelines_share_a_network(stack):
    network = CustomizationNetwork(stack, "Network")
    for name in ("First", "Second"):
        CustomizationPipeline(stack, name, base_model=BaseModel.NOVA_MICRO, network=network)
    template = Template.from_stack(stack)
    assert services_of(template) == sorted(CALLED | {"states"})
    assert "SecondStorageData" in json.dumps(template.find_resources("AWS::EC2::VPCEndpoint"))


def test_an_imported_bucket_is_refused_whose_policy_cannot_be_changed(stack):
    network = CustomizationNetwork(stack, "Network")
    storage = CustomizationStorage(
        stack, "Storage", data_bucket=s3.Bucket.from_bucket_name(stack, "Theirs", "theirs")
    )
    pipeline = CustomizationPipeline(
        stack, "Pipeline", base_model=BaseModel.NOVA_MICRO, storage=storage, network=network
    )
    with pytest.raises(ValueError, match="cannot change the policy of Stack/Theirs"):
        network.require_endpoint(storage, scope=pipeline)


def test_what_contradicts_itself_is_refused(stack):
    with pytest.raises(ValueError, match="none is given: give the vpc"):
        CustomizationNetwork(stack, "Network", existing_endpoints=["s3"])
    jobs = JobNetwork(
        vpc=own_vpc(stack),
        security_groups=[ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-1")],
    )
    with pytest.raises(ValueError, match="network is a JobNetwork, of jobs alone"):
        CustomizationPipeline(
            stack, "Jobs", base_model=BaseModel.NOVA_MICRO, network=jobs, regulated=True
        )
    with pytest.raises(ValueError, match="an isolated network has no way there"):
        ModelImportPipeline(
            stack,
            "Hub",
            model=HuggingFaceModel(repo="owner/model"),
            base_model=BaseModel.NOVA_MICRO,
            regulated=True,
        )


def test_without_a_network_nothing_is_in_a_vpc(template):
    text = json.dumps(template.to_json())
    assert "AWS::EC2::" not in text
    assert "VpcConfig" not in text
