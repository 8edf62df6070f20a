"""Stacks of the embedded AWS, through CloudFormation's API."""

import json

import pytest
from botocore.exceptions import ClientError

BUCKET = {"Type": "AWS::S3::Bucket", "Properties": {}}
GROUP = {"Type": "AWS::Logs::LogGroup", "Properties": {}}


def topic(**properties):
    return {"Type": "AWS::SNS::Topic", "Properties": properties}


def parameter(value, **attributes):
    properties = {"Type": "String", "Value": value}
    return {"Type": "AWS::SSM::Parameter", "Properties": properties, **attributes}


def test_resources_are_created_after_what_they_refer_to(create, plane):
    resources = {
        "A": parameter({"Ref": "B"}),
        "B": parameter({"Fn::Sub": "${C} and ${AWS::Region} and ${!literally}"}),
        "C": parameter({"Fn::GetAtt": ["D", "Arn"]}, DependsOn="E"),
        "D": GROUP,
        "E": BUCKET,
    }
    assert create(resources)["StackStatus"] == "CREATE_COMPLETE"
    events = plane.client("cloudformation").describe_stack_events(StackName="stack")
    created = [
        e["LogicalResourceId"]
        for e in reversed(events["StackEvents"])
        if e["ResourceStatus"] == "CREATE_COMPLETE"
    ]
    assert created.index("C") > max(created.index("D"), created.index("E"))
    assert created[-3:] == ["B", "A", "stack"]


def test_a_circle_of_references_fails_the_stack(create):
    stack = create({"A": parameter({"Ref": "B"}), "B": parameter({"Ref": "A"})})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"


def test_a_failed_stack_names_the_resource_and_leaves_nothing_behind(create, failures, plane):
    policy = {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": "no-such-bucket", "PolicyDocument": {"Statement": []}},
        "DependsOn": "Topic",
    }
    stack = create(
        {"Topic": topic(), "Policy": policy, "Unmade": {**topic(), "DependsOn": "Policy"}}
    )
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "NoSuchBucket" in failures()["Policy"]
    assert plane.client("sns").list_topics()["Topics"] == []


@pytest.mark.parametrize(
    ("type_", "properties"),
    [
        ("AWS::CloudWatch::Alarm", {"Nonsense": "x", "EvaluationPeriods": 1}),
        ("AWS::Events::Rule", {"Nonsense": "x"}),
        ("AWS::KMS::Key", {"Nonsense": "x"}),
        ("AWS::Logs::LogGroup", {"Nonsense": "x"}),
        ("AWS::S3::Bucket", {"Nonsense": "x"}),
        ("AWS::SNS::Topic", {"Nonsense": "x"}),
        ("AWS::SQS::Queue", {"Nonsense": "x"}),
        ("AWS::SSM::Parameter", {"Nonsense": "x", "Type": "String", "Value": "v"}),
    ],
)
def test_a_property_that_is_not_emulated_fails_the_stack_by_its_name(
    create, failures, type_, properties
):
    create({"Resource": {"Type": type_, "Properties": properties}})
    assert "nonsense" in failures()["Resource"].lower()


def test_a_bucket_that_cannot_be_configured_is_not_left_half_made(create, plane):
    properties = {"IntelligentTieringConfigurations": []}
    create({"Data": {"Type": "AWS::S3::Bucket", "Properties": properties}})
    assert plane.client("s3").list_buckets()["Buckets"] == []


def test_an_attribute_that_is_not_emulated_fails_the_stack(create, failures):
    create({"Group": GROUP, "P": parameter({"Fn::GetAtt": ["Group", "NoSuch"]})})
    assert "Group.NoSuch" in failures()["P"]


def test_custom_resources_are_refused_by_their_type(create):
    custom = {"Type": "Custom::AutoDelete", "Properties": {"ServiceToken": "arn:..."}}
    with pytest.raises(ClientError, match="Custom::AutoDelete"):
        create({"Custom": custom})


def test_a_retained_resource_outlives_its_stack(create, plane):
    create({"Kept": {**topic(TopicName="kept"), "DeletionPolicy": "Retain"}, "Gone": topic()})
    plane.client("cloudformation").delete_stack(StackName="stack")
    (left,) = plane.client("sns").list_topics()["Topics"]
    assert left["TopicArn"].endswith(":kept")


def test_a_stack_whose_bucket_holds_objects_cannot_be_deleted(create, plane, failures):
    stack = create({"Data": BUCKET}, Outputs={"Name": {"Value": {"Ref": "Data"}}})
    bucket = stack["Outputs"][0]["OutputValue"]
    plane.client("s3").put_object(Bucket=bucket, Key="key", Body=b"")
    plane.client("cloudformation").delete_stack(StackName="stack")
    (stack,) = plane.client("cloudformation").describe_stacks(StackName="stack")["Stacks"]
    assert stack["StackStatus"] == "DELETE_FAILED"
    assert "BucketNotEmpty" in failures()["Data"]


def test_a_stack_of_the_same_name_has_change_sets_of_its_own(plane):
    cloudformation = plane.client("cloudformation")
    for _ in range(2):
        template = json.dumps({"Resources": {"Topic": topic()}})
        names = {"StackName": "stack", "ChangeSetName": "changes"}
        cloudformation.create_change_set(**names, ChangeSetType="CREATE", TemplateBody=template)
        cloudformation.execute_change_set(**names)
        (stack,) = cloudformation.describe_stacks(StackName="stack")["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        cloudformation.delete_stack(StackName="stack")


def test_an_update_changes_what_changed_and_nothing_else(create, update, plane):
    outputs = {"A": {"Value": {"Ref": "A"}}, "B": {"Value": {"Ref": "B"}}}
    before = create({"A": parameter("1"), "B": parameter("2")}, Outputs=outputs)
    after = update({"A": parameter("1"), "B": parameter("3")}, Outputs=outputs)
    assert after["StackStatus"] == "UPDATE_COMPLETE"
    assert before["Outputs"] == after["Outputs"]
    values = {
        p["Name"]: (p["Value"], p["Version"])
        for p in plane.client("ssm").get_parameters_by_path(Path="/")["Parameters"]
    }
    assert sorted(values.values()) == [("1", 1), ("3", 2)]


def test_a_replacement_reaches_what_refers_to_it_before_the_old_one_goes(create, update, plane):
    def resources(name):
        return {"Topic": topic(TopicName=name), "P": parameter({"Ref": "Topic"})}

    create(resources("old"))
    assert update(resources("new"))["StackStatus"] == "UPDATE_COMPLETE"
    (left,) = plane.client("sns").list_topics()["Topics"]
    (stored,) = plane.client("ssm").get_parameters_by_path(Path="/")["Parameters"]
    assert left["TopicArn"] == stored["Value"]


def test_a_failed_update_goes_back(create, update, plane, failures):
    create({"P": parameter("before")})
    broken = {"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "p"}, "DependsOn": "P"}
    stack = update({"P": parameter("after"), "Policy": broken})
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "PolicyDocument" in failures()["Policy"]
    (stored,) = plane.client("ssm").get_parameters_by_path(Path="/")["Parameters"]
    assert stored["Value"] == "before"


def test_an_update_without_change_is_refused_as_in_aws(create, update):
    create({"P": parameter("same")})
    with pytest.raises(ClientError, match="No updates are to be performed"):
        update({"P": parameter("same")})


def test_an_export_reaches_another_stack(create, plane):
    create(
        {"P": parameter("shared")},
        name="exporting",
        Outputs={"O": {"Value": {"Ref": "P"}, "Export": {"Name": "the-name"}}},
    )
    create({"Q": parameter({"Fn::ImportValue": "the-name"})}, name="importing")
    names = {p["Value"] for p in plane.client("ssm").get_parameters_by_path(Path="/")["Parameters"]}
    assert any(name.startswith("exporting-P-") for name in names)


def test_a_log_bucket_expires_what_the_template_says(create, plane):
    rule = {
        "Id": "Expire",
        "Status": "Enabled",
        "ExpirationInDays": 30,
        "Prefix": "logs/",
        "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
        "Transitions": [{"StorageClass": "STANDARD_IA", "TransitionInDays": 10}],
    }
    properties = {"BucketName": "logs", "LifecycleConfiguration": {"Rules": [rule]}}
    create({"Logs": {"Type": "AWS::S3::Bucket", "Properties": properties}})
    (stored,) = plane.client("s3").get_bucket_lifecycle_configuration(Bucket="logs")["Rules"]
    assert stored["Expiration"] == {"Days": 30}
    assert stored["Filter"] == {"Prefix": "logs/"}
    assert stored["Transitions"] == [{"StorageClass": "STANDARD_IA", "Days": 10}]


def test_a_role_carries_inline_and_managed_policies(create, plane):
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    properties = {
        "RoleName": "role",
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "bedrock.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        },
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "Policies": [
            {
                "PolicyName": "inline",
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [allow]},
            }
        ],
    }
    create({"Role": {"Type": "AWS::IAM::Role", "Properties": properties}})
    iam = plane.client("iam")
    inline = iam.get_role_policy(RoleName="role", PolicyName="inline")["PolicyDocument"]
    assert inline["Statement"] == [allow]
    attached = iam.list_attached_role_policies(RoleName="role")["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["ReadOnlyAccess"]


def test_alarms_rules_and_queues_keep_every_property(create, plane):
    alarm = {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": "alarm",
            "AlarmActions": [{"Ref": "Topic"}],
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "MetricName": "ExecutionsFailed",
            "Namespace": "AWS/States",
            "Period": 60,
            "Statistic": "Sum",
            "Threshold": 0,
            "TreatMissingData": "notBreaching",
        },
    }
    rule = {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Name": "rule",
            "EventPattern": {"source": ["aws.bedrock"]},
            "State": "ENABLED",
            "Targets": [{"Id": "Target0", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}],
        },
    }
    queue = {
        "Type": "AWS::SQS::Queue",
        "Properties": {"QueueName": "queue", "SqsManagedSseEnabled": True, "VisibilityTimeout": 90},
    }
    create({"Topic": topic(), "Alarm": alarm, "Rule": rule, "Queue": queue})
    (stored,) = plane.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert stored["TreatMissingData"] == "notBreaching"
    (target,) = plane.client("events").list_targets_by_rule(Rule="rule")["Targets"]
    url = plane.client("sqs").get_queue_url(QueueName="queue")["QueueUrl"]
    attributes = plane.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    assert target["Arn"] == attributes["Attributes"]["QueueArn"]
    assert attributes["Attributes"]["VisibilityTimeout"] == "90"


def test_a_budget_tells_whom_the_template_says(create, plane):
    notification = {
        "NotificationType": "ACTUAL",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": 80,
        "ThresholdType": "PERCENTAGE",
    }
    subscriber = {"SubscriptionType": "SNS", "Address": {"Ref": "Topic"}}
    budget = {
        "Budget": {
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": 250, "Unit": "USD"},
            "CostFilters": {"TagKeyValue": ["user:bedrock-customization:pipeline$Machine"]},
        },
        "NotificationsWithSubscribers": [
            {"Notification": notification, "Subscribers": [subscriber]}
        ],
    }
    stack = create(
        {"Topic": topic(), "Budget": {"Type": "AWS::Budgets::Budget", "Properties": budget}}
    )
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    budgets = plane.client("budgets")
    account = stack["StackId"].split(":")[4]
    (found,) = budgets.describe_budgets(AccountId=account)["Budgets"]
    assert (found["BudgetLimit"]["Amount"], found["CostFilters"]) == (
        "250",
        budget["Budget"]["CostFilters"],
    )
    (told,) = budgets.describe_notifications_for_budget(
        AccountId=account, BudgetName=found["BudgetName"]
    )["Notifications"]
    assert told["Threshold"] == 80
    plane.client("cloudformation").delete_stack(StackName="stack")
    assert not budgets.describe_budgets(AccountId=account)["Budgets"]


def test_types_that_only_moto_models_come_up_too(create, plane):
    table = {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": "table",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    }
    stack = create({"Table": table}, Outputs={"Arn": {"Value": {"Fn::GetAtt": ["Table", "Arn"]}}})
    assert stack["Outputs"][0]["OutputValue"].endswith(":table/table")
    plane.client("cloudformation").delete_stack(StackName="stack")
    assert plane.client("dynamodb").list_tables()["TableNames"] == []


def test_a_disabled_rule_and_a_schedule_take_no_event(plane):
    events, sqs = plane.client("events"), plane.client("sqs")
    url = sqs.create_queue(QueueName="queue")["QueueUrl"]
    pattern = json.dumps({"source": ["test"]})
    events.put_rule(Name="disabled", EventPattern=pattern, State="DISABLED")
    events.put_rule(Name="schedule", ScheduleExpression="rate(1 hour)")
    target = {"Id": "queue", "Arn": f"arn:aws:sqs:us-east-1:{plane.account_id}:queue"}
    for rule in ("disabled", "schedule"):
        events.put_targets(Rule=rule, Targets=[target])
    events.put_events(Entries=[{"Source": "test", "DetailType": "d", "Detail": "{}"}])
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    events.enable_rule(Name="disabled")
    events.put_events(Entries=[{"Source": "test", "DetailType": "d", "Detail": "{}"}])
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1
