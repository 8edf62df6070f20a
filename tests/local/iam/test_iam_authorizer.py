import json

import botocore.session
import pytest

from bedrock_customization_local.cloud.iam import (
    AccessDenied,
    Authorizer,
    Permission,
    Permissive,
)
from bedrock_customization_local.cloud.iam.actions import permissions_for
from bedrock_customization_local.cloud.iam.operations import RULES
from bedrock_customization_local.cloud.iam.resources import Scope

SCOPE = Scope(partition="aws", region="us-east-1", account="123456789012")
ACCOUNT = "arn:aws:bedrock:us-east-1:123456789012"
JOB = f"{ACCOUNT}:model-customization-job/amazon.nova-lite-v1:0:300k/abcdefghijkl"
DATA = "arn:aws:s3:::data"


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action, resource="*", **more):
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def may(aws, role, service, operation, **parameters):
    """Return None, or the action that is missing and where."""
    try:
        aws.authorizer.authorize(
            role_arn=role, service=service, operation=operation, parameters=parameters
        )
    except AccessDenied as error:
        return error.action, error.resource
    return None


def needs(service, operation, **parameters):
    found = permissions_for(service, operation, parameters, SCOPE)
    return [(one.action, one.resource) for one in found]


def bucket_with_key(aws, *key_statements, bucket_key=False, name="data"):
    root = {"AWS": "arn:aws:iam::123456789012:root"}
    policy = {"Version": "2012-10-17", "Statement": [allow("kms:*", Principal=root)]}
    if key_statements:
        policy["Statement"] = list(key_statements)
    key = aws.client("kms").create_key(
        Policy=json.dumps(policy), BypassPolicyLockoutSafetyCheck=True
    )["KeyMetadata"]["Arn"]
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket=name, Key="train.jsonl", Body=b"{}")
    return key


def test_a_missing_permission_is_named_as_aws_names_it(aws):
    role = aws.role(allow("s3:PutObject", f"{DATA}/*"))
    with pytest.raises(AccessDenied) as denied:
        aws.authorizer.authorize(
            role_arn=role,
            service="s3",
            operation="PutObjectTagging",
            parameters={"Bucket": "data", "Key": "x"},
        )
    assert str(denied.value) == (
        "User: arn:aws:sts::123456789012:assumed-role/Worker/session is not authorized to perform: "
        "s3:PutObjectTagging on resource: arn:aws:s3:::data/x "
        "because no identity-based policy allows the s3:PutObjectTagging action"
    )


def test_inline_and_attached_policies_count_and_a_boundary_limits_both(aws):
    iam = aws.client("iam")

    def managed(name, *statements):
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        policy = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document))
        return policy["Policy"]["Arn"]

    boundary = managed("Boundary", allow(["s3:*", "ssm:*"]))
    role = aws.role(allow("ssm:GetParameter"), boundary=boundary)
    iam.attach_role_policy(
        RoleName="Worker", PolicyArn=managed("Extra", allow(["s3:ListAllMyBuckets", "kms:*"]))
    )
    assert may(aws, role, "ssm", "GetParameter", Name="/alias") is None
    assert may(aws, role, "s3", "ListBuckets") is None
    decision = aws.authorizer.check(role, "kms:CreateKey", "*")
    assert decision.reason == "because no permissions boundary allows the kms:CreateKey action"


def test_a_role_that_does_not_exist_may_nothing(aws):
    missing = "arn:aws:iam::123456789012:role/Nobody"
    decision = aws.authorizer.check(missing, "s3:ListAllMyBuckets", "*")
    assert decision.reason == f"because the role {missing} does not exist"


def test_a_boundary_that_does_not_exist_allows_nothing(aws):
    role = aws.role(allow("*"), boundary="arn:aws:iam::123456789012:policy/Gone")
    assert not aws.authorizer.check(role, "ssm:GetParameter", "*").allowed


def test_the_tags_of_a_role_are_policy_variables(aws):
    aws.client("s3").create_bucket(Bucket="data")
    role = aws.role(
        allow("s3:PutObject", DATA + "/${aws:PrincipalTag/team}/*"),
        Tags=[{"Key": "team", "Value": "nlp"}],
    )
    assert may(aws, role, "s3", "PutObject", Bucket="data", Key="nlp/x") is None
    assert may(aws, role, "s3", "PutObject", Bucket="data", Key="cv/x")


def test_the_trainer_may_read_the_data_but_not_the_blind_set(aws):
    s3 = aws.client("s3")
    for bucket in ("data", "blind"):
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="x", Body=b"")
    role = aws.role(allow("s3:GetObject"), deny("s3:*", ["arn:aws:s3:::blind/*"]))
    assert may(aws, role, "s3", "GetObject", Bucket="data", Key="x") is None
    assert may(aws, role, "s3", "GetObject", Bucket="blind", Key="x") == (
        "s3:GetObject",
        "arn:aws:s3:::blind/x",
    )


def test_who_may_not_list_a_bucket_is_not_told_that_an_object_is_missing(aws):
    aws.client("s3").create_bucket(Bucket="data")
    reader = aws.role(allow("s3:GetObject"), name="Reader")
    lister = aws.role(allow(["s3:GetObject", "s3:ListBucket"]), name="Lister")
    assert may(aws, reader, "s3", "HeadObject", Bucket="data", Key="x") == ("s3:ListBucket", DATA)
    assert may(aws, lister, "s3", "HeadObject", Bucket="data", Key="x") is None


def test_listing_may_be_limited_to_a_prefix(aws):
    limit = {"StringLike": {"s3:prefix": "runs/*"}}
    role = aws.role(allow("s3:ListBucket", DATA, Condition=limit))
    assert may(aws, role, "s3", "ListObjectsV2", Bucket="data", Prefix="runs/1/") is None
    assert may(aws, role, "s3", "ListObjectsV2", Bucket="data", Prefix="incoming/")
    assert may(aws, role, "s3", "ListObjectsV2", Bucket="data")


def test_a_bucket_policy_denies_and_hardening_does_not_hurt(aws):
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="data")
    role = aws.role(allow("s3:*"))
    hardened = [
        deny("s3:*", Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}}),
        deny("s3:*", Principal="*", Condition={"NumericLessThan": {"s3:TlsVersion": 1.2}}),
        deny("s3:DeleteObject", f"{DATA}/*", Principal={"AWS": role}),
    ]
    policy = {"Version": "2012-10-17", "Statement": hardened}
    s3.put_bucket_policy(Bucket="data", Policy=json.dumps(policy))
    assert may(aws, role, "s3", "PutObject", Bucket="data", Key="x") is None
    assert may(aws, role, "s3", "DeleteObject", Bucket="data", Key="x") == (
        "s3:DeleteObject",
        f"{DATA}/x",
    )


def test_a_customer_key_asks_for_rights_of_its_own(aws):
    key = bucket_with_key(aws)
    where = {"Bucket": "data", "Key": "train.jsonl"}
    bare = aws.role(allow("s3:*"), name="Bare")
    assert may(aws, bare, "s3", "GetObject", **where) == ("kms:Decrypt", key)
    assert may(aws, bare, "s3", "PutObject", **where) == ("kms:GenerateDataKey", key)
    assert may(aws, bare, "s3", "HeadObject", **where) is None
    via = {
        "StringEquals": {
            "kms:ViaService": "s3.us-east-1.amazonaws.com",
            "kms:EncryptionContext:aws:s3:arn": f"{DATA}/train.jsonl",
        }
    }
    full = aws.role(
        allow("s3:*"),
        allow(["kms:Decrypt", "kms:GenerateDataKey*"], key, Condition=via),
        name="Full",
    )
    assert may(aws, full, "s3", "GetObject", **where) is None
    assert may(aws, full, "s3", "PutObject", **where) is None
    assert not aws.authorizer.check(full, "kms:Decrypt", key).allowed


def test_with_a_bucket_key_the_encryption_context_is_the_bucket(aws):
    key = bucket_with_key(aws, bucket_key=True)
    context = {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": DATA}}
    role = aws.role(allow("s3:*"), allow("kms:*", key, Condition=context))
    assert may(aws, role, "s3", "PutObject", Bucket="data", Key="new") is None


def test_a_key_whose_policy_names_nobody_stays_closed(aws):
    admin = {"AWS": "arn:aws:iam::123456789012:role/Admin"}
    key = bucket_with_key(aws, allow("kms:*", Principal=admin))
    role = aws.role(allow("*"))
    assert may(aws, role, "s3", "GetObject", Bucket="data", Key="train.jsonl") == (
        "kms:Decrypt",
        key,
    )
    decision = aws.authorizer.check(role, "kms:Decrypt", key)
    assert decision.reason == "because no resource-based policy allows the kms:Decrypt action"
    aws.client("kms").create_grant(KeyId=key, GranteePrincipal=role, Operations=["Decrypt"])
    assert may(aws, role, "s3", "GetObject", Bucket="data", Key="train.jsonl") is None


def test_a_key_may_be_named_by_id_alias_or_ciphertext(aws):
    key = bucket_with_key(aws)
    kms = aws.client("kms")
    kms.create_alias(AliasName="alias/data", TargetKeyId=key)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    right = aws.role(allow("kms:Decrypt", key), name="Right")
    wrong = aws.role(allow("kms:Decrypt", key + "x"), name="Wrong")
    for name in (key, key.rpartition("/")[2], "alias/data"):
        assert may(aws, right, "kms", "Decrypt", KeyId=name) is None
        assert may(aws, wrong, "kms", "Decrypt", KeyId=name) == ("kms:Decrypt", key)
    assert may(aws, right, "kms", "Decrypt", CiphertextBlob=blob) is None
    assert may(aws, wrong, "kms", "Decrypt", CiphertextBlob=blob) == ("kms:Decrypt", key)


def test_publishing_to_an_encrypted_topic_needs_its_key(aws):
    key = bucket_with_key(aws)
    topic = aws.client("sns").create_topic(Name="t", Attributes={"KmsMasterKeyId": key})
    role = aws.role(allow("sns:Publish"))
    missing = may(aws, role, "sns", "Publish", TopicArn=topic["TopicArn"], Message="x")
    assert missing == ("kms:GenerateDataKey", key)


def test_sending_to_an_encrypted_queue_needs_its_key(aws):
    key = bucket_with_key(aws)
    queue = aws.client("sqs").create_queue(QueueName="q", Attributes={"KmsMasterKeyId": key})
    role = aws.role(allow("sqs:*", "arn:aws:sqs:us-east-1:123456789012:q"))
    url = queue["QueueUrl"]
    for operation in ("SendMessage", "ReceiveMessage"):
        assert may(aws, role, "sqs", operation, QueueUrl=url)[1] == key
    assert may(aws, role, "sqs", "DeleteMessage", QueueUrl=url) is None


def test_bedrock_assumes_a_role_only_for_the_job_and_account_its_trust_names(aws):
    role = aws.role()

    def assume(service="bedrock.amazonaws.com", source=JOB, account="123456789012"):
        aws.authorizer.assume(role, service, source_arn=source, source_account=account)

    assume()
    for wrong in (
        {"service": "lambda.amazonaws.com"},
        {"source": f"{ACCOUNT}:model-import-job/abc"},
        {"account": "999999999999"},
    ):
        with pytest.raises(AccessDenied, match="sts:AssumeRole"):
            assume(**wrong)


def test_starting_a_customization_needs_base_model_job_role_and_tags():
    parameters = {
        "jobName": "run-1",
        "customModelName": "model-1",
        "roleArn": "arn:aws:iam::123456789012:role/Trainer",
        "baseModelIdentifier": "amazon.nova-lite-v1:0:300k",
        "jobTags": [{"key": "app", "value": "x"}],
    }
    create = "bedrock:CreateModelCustomizationJob"
    job = f"{ACCOUNT}:model-customization-job/run-1"
    assert needs("bedrock", "CreateModelCustomizationJob", **parameters) == [
        (create, "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:300k"),
        (create, f"{ACCOUNT}:custom-model/model-1"),
        (create, job),
        ("bedrock:TagResource", job),
        ("iam:PassRole", "arn:aws:iam::123456789012:role/Trainer"),
    ]


def test_a_role_is_passed_to_bedrock_and_to_nobody_else(aws):
    parameters = {
        "jobName": "run-1",
        "importedModelName": "m",
        "roleArn": "arn:aws:iam::123456789012:role/Importer",
    }

    def role(service):
        condition = {"StringEquals": {"iam:PassedToService": service}}
        return aws.role(
            allow("bedrock:CreateModelImportJob"),
            allow("iam:PassRole", parameters["roleArn"], Condition=condition),
            name=service.partition(".")[0],
        )

    good, bad = role("bedrock.amazonaws.com"), role("lambda.amazonaws.com")
    assert may(aws, good, "bedrock", "CreateModelImportJob", **parameters) is None
    missing = may(aws, bad, "bedrock", "CreateModelImportJob", **parameters)
    assert missing == ("iam:PassRole", parameters["roleArn"])


def test_request_tags_can_be_demanded(aws):
    demanded = {"StringEquals": {"aws:RequestTag/cost-centre": "42"}}
    role = aws.role(allow("bedrock:*", Condition=demanded))
    parameters = {"modelDeploymentName": "d", "modelArn": f"{ACCOUNT}:custom-model/x/abc"}
    tags = [{"key": "cost-centre", "value": "42"}]
    operation = "CreateCustomModelDeployment"
    assert may(aws, role, "bedrock", operation, **parameters, tags=tags) is None
    assert may(aws, role, "bedrock", operation, **parameters)


def test_a_customer_key_of_a_model_is_used_through_bedrock(aws):
    key = bucket_with_key(aws)
    via = {"StringLike": {"kms:ViaService": "bedrock.*.amazonaws.com"}}
    use = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant"]
    base = (allow("bedrock:*"), allow("iam:PassRole"))
    parameters = {
        "jobName": "j",
        "customModelName": "m",
        "baseModelIdentifier": "b",
        "roleArn": "arn:aws:iam::123456789012:role/T",
        "customModelKmsKeyId": key,
    }
    bare, full = (
        aws.role(*base, name="Bare"),
        aws.role(*base, allow(use, key, Condition=via), name="Full"),
    )
    operation = "CreateModelCustomizationJob"
    assert may(aws, full, "bedrock", operation, **parameters) is None
    assert may(aws, bare, "bedrock", operation, **parameters)[1] == key


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        (
            "bedrock-runtime",
            "Converse",
            {"modelId": "us.amazon.nova-lite-v1:0"},
            [
                ("bedrock:InvokeModel", f"{ACCOUNT}:inference-profile/us.amazon.nova-lite-v1:0"),
                (
                    "bedrock:InvokeModel",
                    "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
                ),
            ],
        ),
        (
            "bedrock-runtime",
            "InvokeModelWithResponseStream",
            {"modelId": f"{ACCOUNT}:custom-model-deployment/abc"},
            [
                (
                    "bedrock:InvokeModelWithResponseStream",
                    f"{ACCOUNT}:custom-model-deployment/abc",
                )
            ],
        ),
        (
            "bedrock",
            "GetModelCustomizationJob",
            {"jobIdentifier": JOB},
            [("bedrock:GetModelCustomizationJob", JOB)],
        ),
        (
            "bedrock",
            "UpdateCustomModelDeployment",
            {"modelArn": f"{ACCOUNT}:custom-model/a/b", "customModelDeploymentIdentifier": "d"},
            [
                (
                    "bedrock:UpdateCustomModelDeployment",
                    f"{ACCOUNT}:custom-model-deployment/d",
                ),
                ("bedrock:UpdateCustomModelDeployment", f"{ACCOUNT}:custom-model/a/b"),
            ],
        ),
        ("bedrock", "ListCustomModels", {}, [("bedrock:ListCustomModels", "*")]),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "f", "Qualifier": "3"},
            [("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:f:3")],
        ),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:f:live"},
            [("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:f:live")],
        ),
        (
            "stepfunctions",
            "StartExecution",
            {"stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:m"},
            [("states:StartExecution", "arn:aws:states:us-east-1:123456789012:stateMachine:m")],
        ),
        ("stepfunctions", "SendTaskSuccess", {"taskToken": "t"}, [("states:SendTaskSuccess", "*")]),
        (
            "ssm",
            "GetParameters",
            {"Names": ["/a/b", "c"]},
            [
                ("ssm:GetParameters", "arn:aws:ssm:us-east-1:123456789012:parameter/a/b"),
                ("ssm:GetParameters", "arn:aws:ssm:us-east-1:123456789012:parameter/c"),
            ],
        ),
        (
            "events",
            "PutEvents",
            {"Entries": [{"Source": "app"}, {"Source": "app", "EventBusName": "own"}]},
            [
                ("events:PutEvents", "arn:aws:events:us-east-1:123456789012:event-bus/default"),
                ("events:PutEvents", "arn:aws:events:us-east-1:123456789012:event-bus/own"),
            ],
        ),
        (
            "s3",
            "CopyObject",
            {"Bucket": "b", "Key": "new", "CopySource": {"Bucket": "a", "Key": "old/x"}},
            [("s3:GetObject", "arn:aws:s3:::a/old/x"), ("s3:PutObject", "arn:aws:s3:::b/new")],
        ),
        (
            "s3",
            "DeleteObjects",
            {"Bucket": "b", "Delete": {"Objects": [{"Key": "x"}, {"Key": "y"}]}},
            [("s3:DeleteObject", "arn:aws:s3:::b/x"), ("s3:DeleteObject", "arn:aws:s3:::b/y")],
        ),
        (
            "s3",
            "GetObject",
            {"Bucket": "b", "Key": "x", "VersionId": "1"},
            [("s3:GetObjectVersion", "arn:aws:s3:::b/x")],
        ),
        ("cloudwatch", "PutMetricData", {"Namespace": "N"}, [("cloudwatch:PutMetricData", "*")]),
        ("sts", "GetCallerIdentity", {}, []),
    ],
)
def test_an_operation_needs_these_actions_on_these_resources(
    service, operation, parameters, expected
):
    assert needs(service, operation, **parameters) == expected


def test_every_operation_in_the_tables_exists():
    session = botocore.session.get_session()
    services = {
        "bedrock": ("bedrock", "bedrock-runtime"),
        "states": ("stepfunctions",),
    }
    for call in RULES:
        prefix, _, operation = call.partition(":")
        known = {
            name
            for service in services.get(prefix, (prefix,))
            for name in session.get_service_model(service).operation_names
        }
        assert operation in known, call


def test_with_iam_off_everyone_may_do_everything():
    everyone = Permissive()
    everyone.authorize(role_arn="", service="s3", operation="GetObject", parameters={})
    everyone.assume("", "bedrock.amazonaws.com", source_arn="", source_account="")


def test_a_permission_without_a_call_is_evaluated_with_its_context(aws):
    tagged = {"StringEquals": {"aws:RequestTag/Owner": "jobs"}}
    role = aws.role(allow("ec2:CreateNetworkInterface", Condition=tagged))
    action, interface = "ec2:CreateNetworkInterface", "arn:aws:ec2:us-east-1:123456789012:x/y"
    aws.authorizer.require(role, Permission(action, interface, {"aws:RequestTag/Owner": "jobs"}))
    with pytest.raises(AccessDenied):
        aws.authorizer.require(role, Permission(action, interface))


def test_a_service_itself_needs_the_policy_of_the_bucket(aws):
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="logs")
    source = {"aws:SourceAccount": "123456789012"}
    put = Permission("s3:PutObject", "arn:aws:s3:::logs/x", source)
    with pytest.raises(AccessDenied):
        aws.authorizer.require_of_service("bedrock.amazonaws.com", put)
    statement = allow(
        "s3:PutObject",
        "arn:aws:s3:::logs/*",
        Principal={"Service": "bedrock.amazonaws.com"},
        Condition={"StringEquals": source},
    )
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket="logs", Policy=json.dumps(policy))
    aws.authorizer.require_of_service("bedrock.amazonaws.com", put)
    for service, needed in (
        ("logs.amazonaws.com", put),
        ("bedrock.amazonaws.com", Permission("s3:PutObject", "arn:aws:s3:::logs/x")),
    ):
        with pytest.raises(AccessDenied):
            aws.authorizer.require_of_service(service, needed)


def test_a_condition_on_a_resources_tag_looks_at_that_resource(aws):
    model = f"{ACCOUNT}:custom-model/amazon.nova-lite-v1:0:300k/"
    tagged = {"StringLike": {"aws:ResourceTag/run": "?*"}}
    role = aws.role(allow("bedrock:DeleteCustomModel", f"{model}*", Condition=tagged))
    authorizer = Authorizer(
        region="us-east-1",
        account_id="123456789012",
        resource_tags=lambda arn: {"run": "seven"} if arn.endswith("/ours") else {},
    )
    action = "bedrock:DeleteCustomModel"
    assert authorizer.check(role, action, f"{model}ours").allowed
    assert not authorizer.check(role, action, f"{model}theirs").allowed
