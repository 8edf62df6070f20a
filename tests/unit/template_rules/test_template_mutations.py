"""One defect at a time in our own templates: each is found, by the rule that is about it."""

# ruff: noqa: E501 - tables read by row

import json
from collections.abc import Iterator

import pytest

from bedrock_customization_runtime.template_rules import TABLE, check_template

OWN_ARN = {
    "Fn::Sub": "arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:evaluation-job/*"
}


class Planted:
    """A template of ours, and how one plants a defect in it."""

    def __init__(self, template):
        self.template = template
        self.resources = template["Resources"]

    def find(self, kind, fragment=""):
        """Return the properties of the first resource of a type whose id holds a text."""
        return self.body(kind, fragment)["Properties"]

    def body(self, kind, fragment=""):
        return next(
            body
            for name, body in self.resources.items()
            if body["Type"].endswith(kind) and fragment in name
        )

    def statement(self, action, fragment="", effect="Allow"):
        """Return the first statement with an action in what a resource's id holds."""
        for name, body in self.resources.items():
            if fragment in name:
                for each in _statements(body.get("Properties", {})):
                    actions = each.get("Action", [])
                    listed = [actions] if isinstance(actions, str) else actions
                    if action in listed and each["Effect"] == effect:
                        return each
        raise LookupError(action)

    def change_states(self, change):
        """Change the definition of the machine."""
        machine = self.find("StateMachine")
        definition = json.loads(machine["DefinitionString"]["Fn::Sub"])
        change(definition["States"])
        machine["DefinitionString"]["Fn::Sub"] = json.dumps(definition)

    def change_state(self, change, name=None, text=""):
        """Change the state of that name, or the first task whose resource holds a text."""

        def change_it(states):
            found = next(
                state
                for key, state in _states(states)
                if (key == name if name else text in state.get("Resource", ""))
            )
            change(found)

        self.change_states(change_it)


def _states(states):
    for name, state in states.items():
        yield name, state
        inner = [*state.get("Branches", []), state.get("ItemProcessor", {})]
        for each in inner:
            yield from _states(each.get("States", {}))


def _statements(value) -> Iterator[dict]:
    if isinstance(value, dict):
        if "Effect" in value:
            yield value
        for each in value.values():
            yield from _statements(each)
    elif isinstance(value, list):
        for each in value:
            yield from _statements(each)


def trust(planted, fragment="ModelCustomizationServiceRole"):
    return planted.find("IAM::Role", fragment)["AssumeRolePolicyDocument"]["Statement"][0]


def set_source_arn(planted, value, fragment="ModelCustomizationServiceRole"):
    trust(planted, fragment)["Condition"]["ArnLike"]["aws:SourceArn"] = value


def arn(kind, account="${AWS::AccountId}", region="${AWS::Region}", partition="${AWS::Partition}"):
    return {"Fn::Sub": f"arn:{partition}:bedrock:{region}:{account}:{kind}"}


def add_right(planted, action, resource, **more):
    role = planted.find("IAM::Role", "PromotionGatePromote")
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    role["Policies"][0]["PolicyDocument"]["Statement"].append(statement)


def add_resource(planted, name, kind, properties, **more):
    planted.resources[name] = {"Type": kind, "Properties": properties, **more}


def alarm_on_topic(planted):
    add_resource(
        planted,
        "Alarm",
        "AWS::CloudWatch::Alarm",
        {"AlarmActions": [{"Ref": logical_id(planted, "SNS::Topic")}]},
    )


def logical_id(planted, kind, fragment=""):
    return next(
        name
        for name, body in planted.resources.items()
        if body["Type"].endswith(kind) and fragment in name
    )


def drop(mapping, *names):
    for name in names:
        del mapping[name]


def pattern(planted):
    return planted.find("Events::Rule", "RunCleanup")["EventPattern"]


def remove_statement(planted, action, fragment, effect="Allow"):
    wanted = planted.statement(action, fragment, effect)
    for body in planted.resources.values():
        _remove(body, wanted)


def _remove(value, wanted):
    if isinstance(value, dict):
        for each in value.values():
            _remove(each, wanted)
    elif isinstance(value, list):
        value[:] = [each for each in value if each is not wanted]
        for each in value:
            _remove(each, wanted)


def poll_every_minute(planted):
    def change(states):
        first = next(iter(states))
        states["Poll"] = {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:bedrock:getModelCustomizationJob",
            "TimeoutSeconds": 60,
            "Retry": [{"ErrorEquals": ["Bedrock.ThrottlingException"]}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": first}],
            "Next": "Done?",
        }
        states["Done?"] = {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $done %}", "Next": first}],
            "Default": "Pause",
        }
        states["Pause"] = {"Type": "Wait", "Seconds": 60, "Next": "Poll"}

    planted.change_states(change)


def nobody_deletes_throughput(planted):
    for body in planted.resources.values():
        for each in _statements(body.get("Properties", {})):
            actions = each.get("Action")
            if isinstance(actions, list):
                each["Action"] = [
                    action
                    for action in actions
                    if action != "bedrock:DeleteProvisionedModelThroughput"
                ]
            elif actions == "bedrock:DeleteProvisionedModelThroughput":
                each["Action"] = "bedrock:GetProvisionedModelThroughput"


def deny_nothing_of_the_blind_bucket(planted):
    # Both the job's role and the bucket's policy deny it: one of them is enough.
    remove_statement(planted, "s3:*", "ModelCustomizationServiceRole", "Deny")
    statements = planted.find("BucketPolicy", "Blind")["PolicyDocument"]["Statement"]
    statements[:] = [each for each in statements if "Condition" in each]


PUBLIC = "PublicAccessBlockConfiguration"
STORAGE = "PipelineStorageData5"
CREATE_JOB = "createModelCustomizationJob"
CREATE_PT = "createProvisionedModelThroughput"
EVENTS_KEY = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
    "Resource": "*",
}

# fmt: off
MUTATIONS = {
    # Trust
    "trust without account": ("trust-without-source-account", lambda p: drop(trust(p)["Condition"], "StringEquals")),
    "trust of any account": ("trust-without-source-account", lambda p: trust(p)["Condition"]["StringEquals"].update({"aws:SourceAccount": "*"})),
    "trust without arn": ("trust-without-source-arn", lambda p: drop(trust(p)["Condition"], "ArnLike")),
    "trust of any arn": ("trust-without-source-arn", lambda p: set_source_arn(p, "*")),
    "trust if the key is there": ("trust-without-source-arn", lambda p: trust(p)["Condition"].update(ArnLikeIfExists=trust(p)["Condition"].pop("ArnLike"))),
    "trust by negation": ("trust-without-source-account", lambda p: trust(p)["Condition"].update(StringNotEquals=trust(p)["Condition"].pop("StringEquals"))),
    "trust without condition": ("trust-without-source-account", lambda p: drop(trust(p), "Condition")),
    "trust of evaluations": ("trust-of-another-kind", lambda p: set_source_arn(p, arn("evaluation-job/*"))),
    "trust of imports": ("trust-of-another-kind", lambda p: set_source_arn(p, arn("model-import-job/*"))),
    "trust of a kind that is none": ("trust-of-another-kind", lambda p: set_source_arn(p, arn("model-customization-jobs/*"))),
    "trust of two kinds": ("trust-shared-between-kinds", lambda p: set_source_arn(p, [arn("model-customization-job/*"), arn("model-import-job/*")])),
    "trust of all kinds": ("trust-shared-between-kinds", lambda p: set_source_arn(p, arn("*"))),
    "machine's trust without account": ("trust-without-source-account", lambda p: drop(trust(p, "StateMachineRole")["Condition"], "StringEquals")),
    "machine's trust without arn": ("trust-without-source-arn", lambda p: drop(trust(p, "StateMachineRole")["Condition"], "ArnLike")),
    "trust of anyone": ("any-principal", lambda p: trust(p, "RunStart").update(Principal="*")),
    # Permissions
    "pass role to anyone": ("pass-role-without-service", lambda p: drop(p.statement("iam:PassRole"), "Condition")),
    "pass any role": ("wildcard-resource", lambda p: p.statement("iam:PassRole").update(Resource="*", Condition={})),
    "all of bedrock": ("wildcard-action", lambda p: add_right(p, "bedrock:*", arn("custom-model/*"))),
    "all there is": ("wildcard-action", lambda p: add_right(p, "*", "*")),
    "all creations": ("wildcard-action", lambda p: add_right(p, "bedrock:Create*", arn("custom-model/*"))),
    "all reads of S3": ("wildcard-action", lambda p: add_right(p, "s3:Get*", {"Fn::GetAtt": ["PipelineStorageData5CFE2A6F", "Arn"]})),
    "any bucket": ("wildcard-resource", lambda p: p.statement("s3:GetObject", "Promote").update(Resource="*")),
    "any bucket by arn": ("wildcard-resource", lambda p: p.statement("s3:GetObject", "Promote").update(Resource={"Fn::Sub": "arn:${AWS::Partition}:s3:::*/*"})),
    "any model": ("wildcard-resource", lambda p: add_right(p, "bedrock:InvokeModel", "*")),
    "any function": ("wildcard-resource", lambda p: p.statement("lambda:InvokeFunction", "StateMachine").update(Resource="*")),
    "any key": ("wildcard-resource", lambda p: p.statement("kms:Decrypt", "Promote").update(Resource="*")),
    "any topic": ("wildcard-resource", lambda p: p.statement("sns:Publish", "StateMachineRole").update(Resource=["*"])),
    "full access": ("full-access-policy", lambda p: p.find("IAM::Role", "RunStart").update(ManagedPolicyArns=[{"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AmazonBedrockFullAccess"}])),
    "administrator": ("full-access-policy", lambda p: p.find("IAM::Role", "RunStart").update(ManagedPolicyArns=[{"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::aws:policy/AdministratorAccess"]]}])),
    "all actions but": ("allow-all-but", lambda p: add_right(p, [], "*", NotAction="iam:*")),
    "all resources but": ("allow-all-but", lambda p: add_right(p, "s3:GetObject", [], NotResource=arn("x"))),
    "bucket for anyone": ("any-principal", lambda p: p.find("BucketPolicy")["PolicyDocument"]["Statement"].append({"Effect": "Allow", "Action": "s3:GetObject", "Principal": {"AWS": "*"}, "Resource": {"Fn::Sub": "${PipelineStorageData5CFE2A6F.Arn}/*"}})),
    "key for anyone": ("any-principal", lambda p: p.find("KMS::Key")["KeyPolicy"]["Statement"][0].update(Principal="*")),
    "permission without source": ("lambda-permission-without-source", lambda p: drop(p.find("Lambda::Permission", "RunCleanup"), "SourceArn")),
    "any parameter": ("any-parameter-writable", lambda p: p.statement("ssm:PutParameter").update(Resource="*")),
    "all parameters by arn": ("any-parameter-writable", lambda p: p.statement("ssm:PutParameter").update(Resource={"Fn::Sub": "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/*"})),
    "literal partition": ("literal-partition", lambda p: set_source_arn(p, arn("model-customization-job/*", partition="aws"))),
    "literal Region": ("literal-region", lambda p: add_right(p, "bedrock:GetCustomModel", arn("custom-model/*", region="us-east-1"))),
    "literal account": ("literal-account", lambda p: add_right(p, "bedrock:GetCustomModel", arn("custom-model/*", account="123456789012"))),
    "literal partition of a state": ("literal-partition", lambda p: p.change_state(lambda s: s.update(Resource="arn:aws:states:::lambda:invoke"), "Start run")),
    "condition that ends in a colon": ("condition-without-value", lambda p: set_source_arn(p, {"Fn::Sub": "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:"}, "StateMachineRole")),
    "empty condition": ("condition-without-value", lambda p: p.statement("iam:PassRole").update(Condition={"StringEquals": {"iam:PassedToService": ""}})),
    # Data
    "plain HTTP": ("bucket-without-tls-deny", lambda p: remove_statement(p, "s3:*", "StorageDataPolicy", "Deny")),
    "plain HTTP allowed": ("bucket-without-tls-deny", lambda p: p.statement("s3:*", "StorageBlindPolicy", "Deny")["Condition"]["Bool"].update({"aws:SecureTransport": "true"})),
    "no public block": ("bucket-without-public-block", lambda p: drop(p.find("S3::Bucket", STORAGE), PUBLIC)),
    "one public block off": ("bucket-without-public-block", lambda p: p.find("S3::Bucket", STORAGE)[PUBLIC].update(BlockPublicPolicy=False)),
    "no versions": ("bucket-without-versions", lambda p: drop(p.find("S3::Bucket", STORAGE), "VersioningConfiguration")),
    "versions suspended": ("bucket-without-versions", lambda p: p.find("S3::Bucket", STORAGE)["VersioningConfiguration"].update(Status="Suspended")),
    "no abort of uploads": ("bucket-without-abort", lambda p: drop(p.find("S3::Bucket", STORAGE)["LifecycleConfiguration"]["Rules"][0], "AbortIncompleteMultipartUpload")),
    "abort disabled": ("bucket-without-abort", lambda p: p.find("S3::Bucket", STORAGE)["LifecycleConfiguration"]["Rules"][0].update(Status="Disabled")),
    "bucket deleted": ("stateful-without-retain", lambda p: p.body("S3::Bucket", STORAGE).update(DeletionPolicy="Delete")),
    "bucket lost by replacement": ("stateful-without-retain", lambda p: drop(p.body("S3::Bucket", STORAGE), "UpdateReplacePolicy")),
    "key deleted": ("stateful-without-retain", lambda p: drop(p.body("KMS::Key"), "DeletionPolicy")),
    "blind data not denied": ("blind-data-readable", deny_nothing_of_the_blind_bucket),
    "output without a key": ("output-less-protected", lambda p: drop(p.find("S3::Bucket", "StorageArtifacts"), "BucketEncryption")),
    "a secret by name": ("secret-in-environment", lambda p: p.find("Lambda::Function", "RunStart").update(Environment={"Variables": {"API_KEY": "abcdef"}})),
    "a secret by form": ("secret-in-environment", lambda p: p.find("Lambda::Function", "RunStart").update(Environment={"Variables": {"HUB": "hf_" + "a" * 34}})),
    "a secret resolved": ("secret-in-environment", lambda p: p.find("Lambda::Function", "RunStart").update(Environment={"Variables": {"X": "{{resolve:secretsmanager:hub}}"}})),
    "logs for ever": ("log-group-without-retention", lambda p: drop(p.find("Logs::LogGroup"), "RetentionInDays")),
    # Keys
    "no rotation": ("key-without-rotation", lambda p: drop(p.find("KMS::Key"), "EnableKeyRotation")),
    "gone in a week": ("key-gone-soon", lambda p: p.find("KMS::Key").update(PendingWindowInDays=7)),
    "key for a service": ("key-open-to-service", lambda p: p.find("KMS::Key")["KeyPolicy"]["Statement"].append({**EVENTS_KEY, "Principal": {"Service": "bedrock.amazonaws.com"}})),
    "events key with source": ("events-key-with-source", lambda p: p.find("KMS::Key", "Topic")["KeyPolicy"]["Statement"].append({**EVENTS_KEY, "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}})),
    "machine without its key": ("machine-key-incomplete", lambda p: p.find("StateMachine").update(EncryptionConfiguration={"Type": "CUSTOMER_MANAGED_KMS_KEY"})),
    # Machines
    "task without time-out": ("task-without-timeout", lambda p: p.change_state(lambda s: drop(s, "TimeoutSeconds"), "Start run")),
    "job without time-out": ("task-without-timeout", lambda p: p.change_state(lambda s: drop(s, "TimeoutSeconds"), text=CREATE_JOB)),
    "task in a map without time-out": ("task-without-timeout", lambda p: p.change_state(lambda s: drop(s, "TimeoutSeconds"), "Answer questions")),
    "task without retry": ("task-without-retry", lambda p: p.change_state(lambda s: drop(s, "Retry"), "Notify failure")),
    "no attempt to retry": ("task-without-retry", lambda p: p.change_state(lambda s: s.update(Retry=[{"ErrorEquals": ["X"], "MaxAttempts": 0}]), "Start run")),
    "retry of everything": ("retry-of-everything", lambda p: p.change_state(lambda s: s.update(Retry=[{"ErrorEquals": ["States.ALL"]}]), "Start run")),
    "retry without end": ("retry-unbounded", lambda p: p.change_state(lambda s: s["Retry"][0].update(MaxAttempts=99999999), "Start run")),
    "task without catch": ("task-without-catch", lambda p: p.change_state(lambda s: drop(s, "Catch"), "Prepare data")),
    "deployment without catch": ("task-without-catch", lambda p: p.change_state(lambda s: drop(s, "Catch"), text=CREATE_PT)),
    "job without token": ("create-without-token", lambda p: p.change_state(lambda s: drop(s["Arguments"], "ClientRequestToken"), text=CREATE_JOB)),
    "deployment without token": ("create-without-token", lambda p: p.change_state(lambda s: drop(s["Arguments"], "ClientRequestToken"), text=CREATE_PT)),
    "token by chance": ("random-token", lambda p: p.change_state(lambda s: s["Arguments"].update(ClientRequestToken="{% $uuid() %}"), text=CREATE_JOB)),
    "no right to stop the job": ("sync-without-rights", lambda p: p.statement("bedrock:StopModelCustomizationJob", "StateMachineRole").update(Action="bedrock:GetModelCustomizationJob")),
    "polling each minute": ("polling-fills-history", poll_every_minute),
    "data in logs": ("execution-data-in-logs", lambda p: p.find("StateMachine")["LoggingConfiguration"].update(IncludeExecutionData=True)),
    "no logs": ("machine-without-logs", lambda p: p.find("StateMachine")["LoggingConfiguration"].update(Level="OFF")),
    "no tracing": ("machine-without-tracing", lambda p: p.find("StateMachine")["TracingConfiguration"].update(Enabled=False)),
    "latest code": ("function-as-latest", lambda p: p.change_state(lambda s: s["Arguments"].update(FunctionName="${PipelineRunStartFunction56287142.Arn}"), "Start run")),
    "latest code by name": ("function-as-latest", lambda p: p.change_state(lambda s: s["Arguments"].update(FunctionName="prepare:$LATEST"), "Start run")),
    # Events
    "state in small letters": ("event-pattern-never-matches", lambda p: pattern(p)["detail"].update(status=["Failed"])),
    "state of a job": ("event-pattern-never-matches", lambda p: pattern(p).update({"source": ["aws.bedrock"], "detail-type": ["Model Customization Job State Change"], "detail": {"status": ["Failed"]}})),
    "another detail-type": ("event-pattern-never-matches", lambda p: pattern(p).update({"source": ["aws.bedrock"], "detail-type": ["Bedrock Model Customization Job State Change"]})),
    "source with a capital": ("event-pattern-never-matches", lambda p: pattern(p).update(source=["aws.States"])),
    "time-outs unseen": ("ended-executions-unseen", lambda p: pattern(p)["detail"].update(status=["FAILED", "ABORTED"])),
    "rule off": ("ended-executions-unseen", lambda p: p.find("Events::Rule", "RunCleanup").update(State="DISABLED")),
    "rule gone": ("ended-executions-unseen", lambda p: p.resources.pop(logical_id(p, "Events::Rule", "RunCleanup"))),
    "no dead letters": ("target-without-dead-letters", lambda p: drop(p.find("Events::Rule", "RunCleanup")["Targets"][0], "DeadLetterConfig")),
    "dead letters refused": ("dead-letters-refused", lambda p: remove_statement(p, "sqs:SendMessage", "DeadLettersPolicy")),
    "target refuses": ("target-refuses-rule", lambda p: p.resources.pop(logical_id(p, "Lambda::Permission", "RunCleanup"))),
    "alarm refused by the topic": ("publisher-refused", alarm_on_topic),
    "alarm refused by the key": ("publisher-without-key", alarm_on_topic),
    "budget refused by the topic": ("publisher-refused", lambda p: remove_statement(p, "sns:Publish", "NotificationsPolicy")),
    "budget refused by the key": ("publisher-without-key", lambda p: p.find("KMS::Key", "Topic")["KeyPolicy"]["Statement"].__delitem__(slice(1, None))),
    "AWS's key of the topic": ("publisher-without-key", lambda p: p.find("SNS::Topic").update(KmsMasterKeyId="alias/aws/sns")),
    "topic in the open": ("topic-not-encrypted", lambda p: drop(p.find("SNS::Topic"), "KmsMasterKeyId")),
    "alarm for nobody": ("alarm-without-action", lambda p: add_resource(p, "Alarm", "AWS::CloudWatch::Alarm", {"MetricName": "X"})),
    # Costs
    "throughput for ever": ("throughput-never-deleted", nobody_deletes_throughput),
    "throughput without end": ("throughput-without-end", lambda p: p.resources.pop(logical_id(p, "Events::Rule", "ThroughputExpiry"))),
    "expiry off": ("throughput-without-end", lambda p: p.find("Events::Rule", "ThroughputExpiry").update(State="DISABLED")),
    "committed": ("committed-throughput", lambda p: p.change_state(lambda s: s["Arguments"].update(CommitmentDuration="SixMonths"), text=CREATE_PT)),
}
NETWORK_MUTATIONS = {
    "interfaces of others made": ("network-interface-of-others", lambda p: drop(p.statement("ec2:CreateNetworkInterface"), "Condition")),
    "interfaces of others deleted": ("network-interface-of-others", lambda p: drop(p.statement("ec2:DeleteNetworkInterface"), "Condition")),
    "tags of others": ("network-interface-of-others", lambda p: drop(p.statement("ec2:CreateTags"), "Condition")),
}
IMPORT_MUTATIONS = {
    "import from any account": ("import-from-any-account", lambda p: [each.pop("Condition", 0) for each in _statements(p.find("IAM::Role", "ImportServiceRole")["Policies"])]),
    "import role for customization": ("trust-of-another-kind", lambda p: set_source_arn(p, arn("model-customization-job/*"), "ImportServiceRole")),
    "import without token": ("create-without-token", lambda p: p.change_state(lambda s: drop(s["Arguments"], "ClientRequestToken"), text="createModelImportJob")),
    "import without look": ("task-without-retry", lambda p: p.change_state(lambda s: drop(s, "Retry"), text="getModelImportJob")),
}
# fmt: on
ALL = [
    (base, name, *planted)
    for base, mutations in (
        ("supervised", MUTATIONS),
        ("networked", NETWORK_MUTATIONS),
        ("imported", IMPORT_MUTATIONS),
    )
    for name, planted in mutations.items()
]


@pytest.mark.parametrize("base", ["supervised", "networked", "imported"])
def test_our_own_templates_break_no_rule(own_templates, base):
    assert [each.message for each in check_template(own_templates[base])] == []


@pytest.mark.parametrize(
    ("base", "rule", "plant"), [(b, r, p) for b, _, r, p in ALL], ids=[n for _, n, _, _ in ALL]
)
def test_a_planted_defect_is_found_by_the_rule_about_it(own_template, base, rule, plant):
    planted = Planted(own_template(base))
    plant(planted)
    assert rule in {each.rule.id for each in check_template(planted.template)}


def test_there_are_enough_defects_and_most_rules_have_one():
    planted = {rule for _, _, rule, _ in ALL}
    # A job that is started and forgotten is none of our states: see the templates of strangers.
    assert {each.id for each in TABLE} - planted == {"job-not-awaited"}
    assert len(ALL) >= 60
