"""Jobs on a whole embedded AWS: real graders, keys, networks, and only what the role allows."""

import csv
import gzip
import io
import itertools
import json
import time
import zipfile

import pytest
from botocore.exceptions import ClientError

from bedrock_customization_local.cloud.server import LocalCloud

ACCOUNT = "123456789012"
NOVA_MICRO, NOVA_2_LITE = "amazon.nova-micro-v1:0:128k", "amazon.nova-2-lite-v1:0:256k"
GRADER = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:grader"
NOVA_PRO = "amazon.nova-pro-v1:0"
JOBS = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:model-customization-job/*"
EC2 = f"arn:aws:ec2:us-east-1:{ACCOUNT}:"
LABELS = {"card": "card_arrival", "phone": "lost_phone", "rate": "exchange_rate"}
OPENINGS = ["where is", "help with", "a word on", "tell me of", "what about"]
ENDINGS = ["my {}", "the {}", "my own {}", "this {}", "that old {}", "our {}", "a {}", "one {}"]
QUESTIONS = {
    f"{opening} {ending.format(thing)}": answer
    for (thing, answer), opening, ending in itertools.product(LABELS.items(), OPENINGS, ENDINGS)
}
EXACT_MATCH = """
def handler(samples, context):
    results = []
    for sample in samples:
        assert set(sample) == {"id", "messages", "metadata"}, sorted(sample)
        *asked, said = sample["messages"]
        assert said["role"] == "assistant" and asked[-1]["role"] == "user"
        right = said["content"] == sample["metadata"]["reference_answer"]
        metric = {"name": "exact", "value": float(right), "type": "Reward"}
        results.append({
            "id": sample["id"], "aggregate_reward_score": float(right), "metrics_list": [metric]
        })
    return results
"""
S3_RIGHTS = [
    ("s3:GetObject", "arn:aws:s3:::data/*"),
    ("s3:ListBucket", "arn:aws:s3:::data"),
    ("s3:PutObject", "arn:aws:s3:::output/*"),
]


def statement(actions, resources, **conditions):
    return {
        "Effect": "Allow",
        "Action": actions,
        "Resource": resources,
        **({"Condition": conditions} if conditions else {}),
    }


def network_statements():
    """Return the five statements of the user guide."""
    managed = {"BedrockManaged": "true"}
    job = "BedrockModelCustomizationJobArn"
    interface = f"{EC2}network-interface/*"
    return [
        statement(
            [
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeVpcs",
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeSubnets",
                "ec2:DescribeSecurityGroups",
            ],
            "*",
        ),
        statement(
            "ec2:CreateNetworkInterface",
            interface,
            StringEquals={"aws:RequestTag/BedrockManaged": managed["BedrockManaged"]},
            ArnEquals={f"aws:RequestTag/{job}": JOBS},
        ),
        statement("ec2:CreateNetworkInterface", [f"{EC2}subnet/*", f"{EC2}security-group/*"]),
        statement(
            [
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
            ],
            "*",
            ArnEquals={"ec2:Subnet": f"{EC2}subnet/*", f"ec2:ResourceTag/{job}": JOBS},
            StringEquals={"ec2:ResourceTag/BedrockManaged": "true"},
        ),
        statement(
            "ec2:CreateTags",
            interface,
            **{
                "StringEquals": {"ec2:CreateAction": "CreateNetworkInterface"},
                "ForAllValues:StringEquals": {"aws:TagKeys": ["BedrockManaged", job]},
            },
        ),
    ]


class Account:
    """The embedded AWS, and short words for what the tests do in it."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.client = cloud.client
        self.bedrock, self.s3, self.iam = map(cloud.client, ("bedrock", "s3", "iam"))
        self._numbers = itertools.count(1)

    def number(self):
        return next(self._numbers)

    def role(self, *statements):
        """Return a service role with the rights to the data and some more."""
        name = f"Customization{self.number()}"
        trust = statement("sts:AssumeRole", [], ArnLike={"aws:SourceArn": JOBS})
        del trust["Resource"]
        trust["Principal"] = {"Service": "bedrock.amazonaws.com"}
        rights = [*(statement(*right) for right in S3_RIGHTS), *statements]
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
        self.iam.put_role_policy(RoleName=name, PolicyName="r", PolicyDocument=document(*rights))
        return role["Role"]["Arn"]

    def function(self, code):
        """Return the ARN of a Lambda function."""
        name = f"grader-{self.number()}"
        trust = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "lambda.amazonaws.com"},
        }
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("index.py", code)
        return self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.12",
            Handler="index.handler",
            Role=role["Role"]["Arn"],
            Timeout=30,
            Code={"ZipFile": archive.getvalue()},
        )["FunctionArn"]

    def create(self, role, **changes):
        number = self.number()
        request = {
            "jobName": f"job-{number}",
            "customModelName": f"model-{number}",
            "roleArn": role,
            "baseModelIdentifier": NOVA_MICRO,
            "trainingDataConfig": {"s3Uri": "s3://data/converse.jsonl"},
            "outputDataConfig": {"s3Uri": "s3://output/runs"},
            **changes,
        }
        return self.bedrock.create_model_customization_job(**request)["jobArn"]

    def job(self, arn):
        return self.bedrock.get_model_customization_job(jobIdentifier=arn)

    def ended(self, role, **changes):
        arn = self.create(role, **changes)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            job = self.job(arn)
            if job["status"] not in {"InProgress", "Stopping"}:
                return job
            time.sleep(0.05)
        raise AssertionError(f"{arn} did not end")

    def metrics(self, job, name):
        key = f"runs/model-customization-job-{job['jobArn'][-12:]}/{name}"
        body = self.s3.get_object(Bucket="output", Key=key)["Body"].read().decode()
        return list(csv.DictReader(io.StringIO(body)))


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def graded(question, answer, **more):
    system = {"role": "system", "content": "Name the intent."}
    messages = [system, {"role": "user", "content": question}]
    return json.dumps({"messages": messages, "reference_answer": answer, **more})


def converse(question, answer):
    return json.dumps(
        {
            "schemaVersion": "bedrock-conversation-2024",
            "system": [{"text": "Name the intent."}],
            "messages": [
                {"role": "user", "content": [{"text": question}]},
                {"role": "assistant", "content": [{"text": answer}]},
            ],
        }
    )


def rewards(function, **hyperparameters):
    config = {
        "graderConfig": {"lambdaGrader": {"lambdaArn": function}},
        "hyperParameters": {"trainingSamplePerPrompt": 4, "batchSize": 64, **hyperparameters},
    }
    return {
        "customizationType": "REINFORCEMENT_FINE_TUNING",
        "baseModelIdentifier": NOVA_2_LITE,
        "trainingDataConfig": {"s3Uri": "s3://data/graded.jsonl"},
        "customizationConfig": {"rftConfig": config},
    }


def distilled(teacher):
    model = {"teacherModelConfig": {"teacherModelIdentifier": teacher}}
    return {
        "customizationType": "DISTILLATION",
        "customizationConfig": {"distillationConfig": model},
    }


@pytest.fixture(scope="module")
def account():
    with LocalCloud(time_scale=1e-4) as cloud:
        account = Account(cloud)
        for bucket in ("data", "output"):
            account.s3.create_bucket(Bucket=bucket)
        for name, record in (("graded", graded), ("converse", converse)):
            lines = "".join(f"{record(*pair)}\n" for pair in QUESTIONS.items())
            account.s3.put_object(Bucket="data", Key=f"{name}.jsonl", Body=lines.encode())
        yield account


@pytest.fixture(scope="module")
def grader(account):
    return account.function(EXACT_MATCH)


def may_grade(function):
    return statement("lambda:InvokeFunction", [function, f"{function}:*"])


@pytest.mark.slow
def test_rewards_teach_what_a_grader_wants(account, grader):
    role = account.role(may_grade(grader))
    job = account.ended(
        role,
        **rewards(grader),
        validationDataConfig={"validators": [{"s3Uri": "s3://data/graded.jsonl"}]},
    )
    assert job["status"] == "Completed", job.get("failureMessage")
    assert "hyperParameters" not in job
    shown = job["customizationConfig"]["rftConfig"]["hyperParameters"]
    assert (shown["trainingSamplePerPrompt"], shown["epochCount"]) == (4, 1)
    assert shown["learningRate"] == pytest.approx(1e-5)
    steps = account.metrics(job, "training_artifacts/step_wise_training_metrics.csv")
    assert [row["step_number"] for row in steps] == [str(n) for n in range(len(steps))]
    column = "critic/rewards/mean"
    assert float(steps[0][column]) < 0.2
    assert float(steps[-1][column]) > 0.8
    name = "validation_artifacts/post_fine_tuning_validation/validation_metrics.csv"
    scores = [float(row["val-score/rewards/mean@1"]) for row in account.metrics(job, name)]
    assert scores[-1] > 0.9
    charged = [one for one in account.cloud.bedrock.meter.lines() if one.resource == job["jobArn"]]
    assert [(one.unit.value, one.usd) for one in charged] == [("training tokens", None)]


@pytest.mark.slow
def test_rewards_go_on_from_a_fine_tuned_model(account, grader):
    role = account.role(may_grade(grader))
    first = account.ended(role, baseModelIdentifier=NOVA_2_LITE)
    parent = first["outputModelArn"]
    deadline = time.monotonic() + 60
    while account.bedrock.get_custom_model(modelIdentifier=parent)["modelStatus"] != "Active":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    job = account.ended(role, **rewards(grader) | {"baseModelIdentifier": parent})
    steps = account.metrics(job, "training_artifacts/step_wise_training_metrics.csv")
    assert float(steps[0]["critic/rewards/mean"]) > 0.2
    model = account.bedrock.get_custom_model(modelIdentifier=job["outputModelArn"])
    assert model["baseModelArn"] == parent


@pytest.mark.slow
def test_rewards_teach_from_invocation_logs_too(account):
    by_word = account.function(
        f"""
LABELS = {LABELS!r}

def handler(samples, context):
    results = []
    for sample in samples:
        *asked, said = sample["messages"]
        wanted = next(label for word, label in LABELS.items() if word in asked[-1]["content"])
        right = float(said["content"] == wanted)
        results.append({{"id": sample["id"], "aggregate_reward_score": right}})
    return results
"""
    )
    logs = [
        {
            "schemaType": "ModelInvocationLog",
            "modelId": NOVA_PRO,
            "input": {"inputBodyJson": {"prompt": question}},
            "output": {"outputBodyJson": {"generation": answer}},
        }
        for question, answer in QUESTIONS.items()
    ]
    body = gzip.compress("".join(f"{json.dumps(log)}\n" for log in logs).encode())
    account.s3.put_object(Bucket="data", Key="logs/a.json.gz", Body=body)
    source = {"invocationLogSource": {"s3Uri": "s3://data/logs"}}
    job = account.ended(
        account.role(may_grade(by_word)),
        **rewards(by_word) | {"trainingDataConfig": {"invocationLogsConfig": source}},
        validationDataConfig={"validators": [{"s3Uri": "s3://data/graded.jsonl"}]},
    )
    assert job["status"] == "Completed", job.get("failureMessage")
    steps = account.metrics(job, "training_artifacts/step_wise_training_metrics.csv")
    assert float(steps[-1]["critic/rewards/mean"]) > 0.8


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def handler(samples, context):\n    raise ValueError('no')", "failed (Unhandled)"),
        ("def handler(samples, context):\n    return {'ok': 1}", "must be a JSON list"),
        ("def handler(samples, context):\n    return []", "must hold each of the"),
        (
            (
                "def handler(samples, context):\n"
                "    return [{'id': s['id'], 'aggregate_reward_score': 'high'} for s in samples]"
            ),
            "must be a finite number",
        ),
        (
            (
                "def handler(samples, context):\n"
                "    return [{'id': s['id'], 'aggregate_reward_score': 1, 'metrics_list': [1]}"
                " for s in samples]"
            ),
            "metrics_list must hold",
        ),
    ],
)
def test_a_grader_that_breaks_its_contract_fails_the_job(account, code, message):
    function = account.function(code)
    job = account.ended(account.role(may_grade(function)), **rewards(function))
    assert job["status"] == "Failed"
    assert f"The grader Lambda function {function}" in job["failureMessage"]
    assert message in job["failureMessage"]
    assert job["statusDetails"]["trainingDetails"]["status"] == "Failed"


def test_a_role_that_may_not_invoke_the_grader_fails_the_job_early(account, grader):
    job = account.ended(account.role(), **rewards(grader))
    assert job["failureMessage"] == (
        f"Could not validate InvokeFunction permissions to access Lambda function: {grader}"
    )
    assert job["statusDetails"]["validationDetails"]["status"] == "Failed"


def test_a_grader_that_does_not_exist_fails_the_job(account, grader):
    missing = f"{grader}-of-nobody"
    job = account.ended(account.role(may_grade(missing)), **rewards(missing))
    assert "could not be invoked (ResourceNotFoundException)" in job["failureMessage"]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"messages": []}, "last message must be the user's"),
        ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "content must be a text"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "role system, user or assistant"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "last message must be the user's"),
    ],
)
def test_a_bad_record_fails_the_job_before_anything_is_graded(account, grader, broken, message):
    lines = [graded(*pair) for pair in QUESTIONS.items()]
    lines[5] = json.dumps(json.loads(lines[5]) | broken)
    account.s3.put_object(Bucket="data", Key="broken.jsonl", Body="\n".join(lines).encode())
    request = rewards(grader) | {"trainingDataConfig": {"s3Uri": "s3://data/broken.jsonl"}}
    job = account.ended(account.role(may_grade(grader)), **request)
    assert "Invalid record in train data, line 6" in job["failureMessage"]
    assert message in job["failureMessage"]


def test_a_grader_needs_a_hundred_prompts(account, grader):
    lines = [graded(*pair) for pair in list(QUESTIONS.items())[:99]]
    account.s3.put_object(Bucket="data", Key="few.jsonl", Body="\n".join(lines).encode())
    request = rewards(grader) | {"trainingDataConfig": {"s3Uri": "s3://data/few.jsonl"}}
    job = account.ended(account.role(may_grade(grader)), **request)
    assert "training records is 99, below the minimum of 100" in job["failureMessage"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"customizationConfig": {"rftConfig": {}}}, "graderConfig: REINFORCEMENT"),
        ({"hyperParameters": {"epochCount": "1"}}, "belong in customizationConfig.rftConfig"),
        ({"baseModelIdentifier": NOVA_MICRO}, "does not support REINFORCEMENT_FINE_TUNING"),
        (rewards("arn:aws:lambda:nowhere"), "regular expression"),
        (rewards(GRADER, epochCount=51), "value less than or equal to 50"),
        (rewards(GRADER, reasoningEffort="none"), "enum value set"),
        (distilled(NOVA_PRO), "does not support DISTILLATION"),
    ],
)
def test_a_request_for_rewards_that_breaks_a_rule_is_refused(account, grader, changes, message):
    request = rewards(grader) | changes
    with pytest.raises(ClientError, match="ValidationException") as caught:
        account.create(account.role(), **request)
    assert message in caught.value.response["Error"]["Message"]


@pytest.mark.usefixtures("brief_training")
def test_a_teacher_behind_a_profile_needs_rights_on_the_profile_and_in_each_region(account):
    profile = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/us.{NOVA_PRO}"
    models = [
        f"arn:aws:bedrock:{region}::foundation-model/{NOVA_PRO}"
        for region in ("us-east-1", "us-east-2", "us-west-2")
    ]
    enough = account.role(statement("bedrock:InvokeModel", [profile, *models]))
    job = account.ended(enough, **distilled(f"us.{NOVA_PRO}"))
    assert job["status"] == "Completed", job.get("failureMessage")
    for missing in (profile, *models):
        rights = [one for one in (profile, *models) if one != missing]
        role = account.role(statement("bedrock:InvokeModel", rights))
        job = account.ended(role, **distilled(f"us.{NOVA_PRO}"))
        assert "Could not validate InvokeModel permissions" in job["failureMessage"], missing


@pytest.mark.usefixtures("brief_training")
def test_a_job_in_a_vpc_needs_the_five_statements(account):
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="jobs", Description="jobs", VpcId=vpc)["GroupId"]
    network = {"vpcConfig": {"subnetIds": [subnet], "securityGroupIds": [group]}}
    statements = network_statements()
    job = account.ended(account.role(*statements), **network)
    assert job["status"] == "Completed", job.get("failureMessage")
    assert job["vpcConfig"] == network["vpcConfig"]
    for left_out in statements:
        role = account.role(*(one for one in statements if one is not left_out))
        job = account.ended(role, **network)
        assert job["failureMessage"].startswith("Could not validate ec2:"), left_out
    missing = {"vpcConfig": {"subnetIds": ["subnet-0"], "securityGroupIds": [group]}}
    job = account.ended(account.role(*statements), **missing)
    assert "VPC configuration is invalid" in job["failureMessage"]


@pytest.mark.usefixtures("brief_training")
def test_a_models_key_needs_the_rights_of_the_service_role(account):
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/models", TargetKeyId=key)
    actions = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant"]
    via = {"kms:ViaService": "bedrock.us-east-1.amazonaws.com"}
    role = account.role(statement(actions, key, StringLike=via))
    job = account.ended(role, customModelKmsKeyId="alias/models")
    assert job["outputModelKmsKeyArn"] == key
    model = account.bedrock.get_custom_model(modelIdentifier=job["outputModelArn"])
    assert model["modelKmsKeyArn"] == key
    for left_out in actions:
        rights = [action for action in actions if action != left_out]
        role = account.role(statement(rights, key, StringLike=via))
        job = account.ended(role, customModelKmsKeyId=key)
        action = left_out.partition(":")[2]
        assert job["failureMessage"].startswith(f"Could not validate {action} permissions")
    elsewhere = {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
    role = account.role(statement(actions, key, StringLike=elsewhere))
    assert account.ended(role, customModelKmsKeyId=key)["status"] == "Failed"


def test_a_key_that_is_missing_or_disabled_is_refused(account):
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.disable_key(KeyId=key.rpartition("/")[2])
    role = account.role()
    for name, message in ((key, "is Disabled"), ("alias/nothing", "there is no key")):
        with pytest.raises(ClientError, match="ValidationException") as caught:
            account.create(role, customModelKmsKeyId=name)
        assert message in caught.value.response["Error"]["Message"]


@pytest.mark.parametrize("missing", range(3))
def test_each_right_to_the_data_is_needed(account, missing):
    role = account.role()
    rights = [statement(*right) for n, right in enumerate(S3_RIGHTS) if n != missing]
    account.iam.put_role_policy(
        RoleName=role.rpartition("/")[2], PolicyName="r", PolicyDocument=document(*rights)
    )
    action = S3_RIGHTS[missing][0].partition(":")[2]
    job = account.ended(role)
    assert job["status"] == "Failed"
    assert f"Could not validate {action} permissions to access" in job["failureMessage"]


def test_logs_are_delivered_only_as_the_buckets_policy_allows(account):
    config = {"s3Config": {"bucketName": "logs", "keyPrefix": "bedrock"}}
    account.s3.create_bucket(Bucket="logs")
    put = account.bedrock.put_model_invocation_logging_configuration
    with pytest.raises(ClientError, match="Failed to validate permissions"):
        put(loggingConfig=config)
    right = statement(
        "s3:PutObject",
        f"arn:aws:s3:::logs/bedrock/AWSLogs/{ACCOUNT}/BedrockModelInvocationLogs/*",
        StringEquals={"aws:SourceAccount": ACCOUNT},
        ArnLike={"aws:SourceArn": f"arn:aws:bedrock:us-east-1:{ACCOUNT}:*"},
    )
    right["Principal"] = {"Service": "bedrock.amazonaws.com"}
    account.s3.put_bucket_policy(Bucket="logs", Policy=document(right))
    put(loggingConfig=config)
    account.bedrock.delete_model_invocation_logging_configuration()
