"""Import jobs on a whole embedded AWS: only what the policies of their roles allow."""

import itertools
import json
import time

import pytest
from botocore.exceptions import ClientError

from bedrock_customization_local.cloud.bedrock.tinylm.model import base_model
from bedrock_customization_local.cloud.bedrock.tinylm.model_folder import write_model_folder
from bedrock_customization_local.cloud.server import LocalCloud

ACCOUNT = "123456789012"
IMPORTS = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:model-import-job/*"
EC2 = f"arn:aws:ec2:us-east-1:{ACCOUNT}:"
INTERFACE = f"{EC2}network-interface/*"
TAG = "BedrockModelImportJobArn"
OWNER = {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}
FILES = {
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:ListBucket"],
    "Resource": ["arn:aws:s3:::models", "arn:aws:s3:::models/*"],
}


def allow(actions, resource, **conditions):
    found = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return found | ({"Condition": conditions} if conditions else {})


# The five statements of the user guide's page on importing in a VPC.
NETWORK = [
    allow(
        [
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeVpcs",
            "ec2:DescribeDhcpOptions",
            "ec2:DescribeSubnets",
            "ec2:DescribeSecurityGroups",
        ],
        "*",
    ),
    allow(
        "ec2:CreateNetworkInterface",
        INTERFACE,
        StringEquals={"aws:RequestTag/BedrockManaged": "true"},
        ArnEquals={f"aws:RequestTag/{TAG}": IMPORTS},
    ),
    allow("ec2:CreateNetworkInterface", [f"{EC2}subnet/*", f"{EC2}security-group/*"]),
    allow(
        [
            "ec2:CreateNetworkInterfacePermission",
            "ec2:DeleteNetworkInterface",
            "ec2:DeleteNetworkInterfacePermission",
        ],
        "*",
        ArnEquals={"ec2:Subnet": f"{EC2}subnet/*", f"ec2:ResourceTag/{TAG}": IMPORTS},
        StringEquals={"ec2:ResourceTag/BedrockManaged": "true"},
    ),
    allow(
        "ec2:CreateTags",
        INTERFACE,
        **{
            "StringEquals": {"ec2:CreateAction": "CreateNetworkInterface"},
            "ForAllValues:StringEquals": {"aws:TagKeys": ["BedrockManaged", TAG]},
        },
    ),
]


class Account:
    """The embedded AWS, and short words for what the tests do in it."""

    def __init__(self, cloud):
        self.client = cloud.client
        self.bedrock, self.iam = cloud.client("bedrock"), cloud.client("iam")
        self._numbers = itertools.count(1)

    def role(self, *statements, source=IMPORTS):
        name = f"Import{next(self._numbers)}"
        trust = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "bedrock.amazonaws.com"},
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnEquals": {"aws:SourceArn": source},
            },
        }
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
        self.iam.put_role_policy(
            RoleName=name, PolicyName="r", PolicyDocument=document(*statements)
        )
        return role["Role"]["Arn"]

    def ended(self, role, **more):
        """Return the job of an import, whose model is deleted."""
        number = next(self._numbers)
        job = self.bedrock.create_model_import_job(
            jobName=f"job-{number}",
            importedModelName=f"model-{number}",
            roleArn=role,
            modelDataSource={"s3DataSource": {"s3Uri": "s3://models/tiny"}},
            **more,
        )["jobArn"]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = self.bedrock.get_model_import_job(jobIdentifier=job)
            if found["status"] != "InProgress":
                if "importedModelArn" in found:
                    self.bedrock.delete_imported_model(modelIdentifier=found["importedModelArn"])
                return found
            time.sleep(0.03)
        raise AssertionError(f"{job} did not end")


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    write_model_folder(base_model("some model", "a few words"), folder)
    with LocalCloud(time_scale=1e-4) as cloud:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket="models")
        for path in folder.iterdir():
            s3.put_object(Bucket="models", Key=f"tiny/{path.name}", Body=path.read_bytes())
        yield Account(cloud)


def test_a_role_as_the_user_guide_has_it_is_enough(account):
    assert account.ended(account.role(FILES | {"Condition": OWNER}))["status"] == "Completed"


def test_a_bucket_of_another_account_than_the_role_names_is_not_read(account):
    another = {"StringEquals": {"aws:ResourceAccount": "210987654321"}}
    job = account.ended(account.role(FILES | {"Condition": another}))
    assert job["status"] == "Failed"
    assert "ListBucket" in job["failureMessage"]


def test_a_role_that_trusts_other_jobs_is_refused(account):
    role = account.role(FILES, source=IMPORTS.replace("import", "customization"))
    with pytest.raises(ClientError, match="The provided role ARN is invalid"):
        account.ended(role)


def test_a_job_in_a_vpc_needs_each_of_five_statements(account):
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="import", Description="import")
    network = {"vpcConfig": {"subnetIds": [subnet], "securityGroupIds": [group["GroupId"]]}}
    job = account.ended(account.role(FILES, *NETWORK), **network)
    assert (job["status"], job["vpcConfig"]) == ("Completed", network["vpcConfig"])
    for left_out in range(len(NETWORK)):
        rest = [one for number, one in enumerate(NETWORK) if number != left_out]
        job = account.ended(account.role(FILES, *rest), **network)
        assert job["status"] == "Failed"
        assert "Could not validate" in job["failureMessage"]


def test_a_model_with_a_key_needs_the_role_s_right_to_it(account):
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    job = account.ended(account.role(FILES), importedModelKmsKeyId=key)
    assert job["status"] == "Failed"
    assert "AWS KMS key" in job["failureMessage"]
    actions = [f"kms:{one}" for one in ("DescribeKey", "CreateGrant", "GenerateDataKey", "Decrypt")]
    job = account.ended(account.role(FILES, allow(actions, key)), importedModelKmsKeyId=key)
    assert (job["status"], job["importedModelKmsKeyArn"]) == ("Completed", key)
