"""One fact per patch of moto, which holds with all patches and not without that one.

The second half shows which patches a newer moto makes superfluous: those whose test below then
fails because the fact holds by itself.
"""

import io
import json
import zipfile

import pytest
from botocore.exceptions import ClientError

from bedrock_customization_local.cloud import moto_patches
from bedrock_customization_local.cloud.moto_patches.replacing import Patches

TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {}}
ASSUMED_BY_LAMBDA = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def create_stack(plane, resources, *, name="stack", **sections):
    cloudformation = plane.client("cloudformation")
    template = json.dumps({"Resources": resources, **sections})
    cloudformation.create_stack(StackName=name, TemplateBody=template)
    return cloudformation.describe_stacks(StackName=name)["Stacks"][0]


def change_set(plane, stack, resources, *, kind="CREATE", name="changes", **sections):
    plane.client("cloudformation").create_change_set(
        StackName=stack,
        ChangeSetName=name,
        ChangeSetType=kind,
        TemplateBody=json.dumps({"Resources": resources, **sections}),
    )


def a_change_set_sets_the_outputs_of_its_stack(plane):
    cloudformation = plane.client("cloudformation")
    outputs = {"Topic": {"Value": {"Ref": "Topic"}}}
    change_set(plane, "stack", {"Topic": TOPIC}, Outputs=outputs)
    cloudformation.execute_change_set(StackName="stack", ChangeSetName="changes")
    (stack,) = cloudformation.describe_stacks(StackName="stack")["Stacks"]
    assert stack["Outputs"][0]["OutputValue"].startswith("arn:aws:sns:")


def what_depends_on_a_resource_is_deleted_before_it(plane):
    group = {"Type": "AWS::Logs::LogGroup"}
    filtered = {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": {"Ref": "Group"},
            "FilterPattern": "",
            "MetricTransformations": [
                {"MetricName": "m", "MetricNamespace": "n", "MetricValue": "1"}
            ],
        },
    }
    stack = create_stack(plane, {"Filter": filtered, "Group": group})
    cloudformation = plane.client("cloudformation")
    cloudformation.delete_stack(StackName="stack")
    events = cloudformation.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
    deleted = [e["LogicalResourceId"] for e in events if e["ResourceStatus"] == "DELETE_COMPLETE"]
    assert deleted == ["stack", "Group", "Filter"]  # newest first


def a_json_template_means_what_json_means(plane):
    stack = create_stack(plane, {"Topic": TOPIC}, Description="\N{SAUROPOD}")
    assert stack["Description"] == "\N{SAUROPOD}"  # in JSON, a pair of escapes


def a_template_with_types_that_are_not_emulated_is_refused_by_their_names(plane):
    unknown = {"Type": "AWS::Athena::WorkGroup"}
    with pytest.raises(ClientError, match="AWS::Athena::WorkGroup"):
        create_stack(plane, {"Topic": TOPIC, "Budget": unknown})


def no_value_leaves_no_gap_in_a_list(plane):
    topic = {
        "Type": "AWS::SNS::Topic",
        "Properties": {"Tags": [{"Ref": "AWS::NoValue"}, {"Key": "k", "Value": "v"}]},
    }
    assert create_stack(plane, {"Topic": topic})["StackStatus"] == "CREATE_COMPLETE"


def a_change_set_is_found_by_the_name_of_its_stack(plane):
    cloudformation = plane.client("cloudformation")
    for stack in ("one", "two"):
        change_set(plane, stack, {"Topic": TOPIC})
    described = cloudformation.describe_change_set(StackName="one", ChangeSetName="changes")
    assert described["StackName"] == "one"
    cloudformation.delete_change_set(StackName="one", ChangeSetName="changes")
    with pytest.raises(cloudformation.exceptions.ChangeSetNotFoundException):
        cloudformation.describe_change_set(StackName="one", ChangeSetName="changes")
    cloudformation.delete_change_set(StackName="one", ChangeSetName="changes")


def an_ssm_parameter_keeps_its_previous_value_in_an_update(plane):
    plane.client("ssm").put_parameter(Name="/name", Value="value", Type="String")
    cloudformation = plane.client("cloudformation")
    parameters = {"P": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/name"}}
    template = json.dumps({"Parameters": parameters, "Resources": {"Topic": TOPIC}})
    cloudformation.create_stack(StackName="stack", TemplateBody=template)
    cloudformation.create_change_set(
        StackName="stack",
        ChangeSetName="changes",
        ChangeSetType="UPDATE",
        TemplateBody=template + " ",
        Parameters=[{"ParameterKey": "P", "UsePreviousValue": True}],
    )
    described = cloudformation.describe_change_set(StackName="stack", ChangeSetName="changes")
    assert "didn't contain changes" in described["StatusReason"]


def a_missing_ssm_parameter_is_named(plane):
    parameters = {"P": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/none"}}
    try:
        create_stack(plane, {"Topic": TOPIC}, Parameters=parameters)
        events = plane.client("cloudformation").describe_stack_events(StackName="stack")
        text = json.dumps(events["StackEvents"], default=str)
    except ClientError as error:
        text = str(error)
    assert "Unable to fetch parameters [/none]" in text


def a_template_is_read_from_a_bucket_on_loopback(plane):
    s3 = plane.client("s3")
    s3.create_bucket(Bucket="templates")
    body = json.dumps({"Resources": {"Topic": TOPIC}}).encode()
    s3.put_object(Bucket="templates", Key="a b.json", Body=body)
    plane.client("cloudformation").create_stack(
        StackName="stack", TemplateURL=f"{plane.endpoint_url}/templates/a%20b.json"
    )


def a_resource_under_a_false_condition_is_not_listed(plane):
    resources = {"Topic": TOPIC, "Other": {**TOPIC, "Condition": "Never"}}
    conditions = {"Never": {"Fn::Equals": ["a", "b"]}}
    create_stack(plane, resources, Conditions=conditions)
    listed = plane.client("cloudformation").list_stack_resources(StackName="stack")
    names = [r["LogicalResourceId"] for r in listed["StackResourceSummaries"]]
    assert names == ["Topic"]


def an_event_reaches_a_topic_through_its_template(plane):
    events, sns, sqs = plane.client("events"), plane.client("sns"), plane.client("sqs")
    topic = sns.create_topic(Name="topic")["TopicArn"]
    queue = sqs.create_queue(QueueName="queue")["QueueUrl"]
    queue_arn = f"arn:aws:sqs:us-east-1:{plane.account_id}:queue"
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=queue_arn,
        Attributes={"RawMessageDelivery": "true"},
    )
    events.put_rule(Name="rule", EventPattern=json.dumps({"source": ["test"]}))
    transformer = {
        "InputPathsMap": {"job": "$.detail.job"},
        "InputTemplate": '{"job": <job>, "text": "the <job> ended"}',
    }
    targets = [{"Id": "t", "Arn": topic, "InputTransformer": transformer}]
    events.put_targets(Rule="rule", Targets=targets)
    detail = json.dumps({"job": 'a "b"'})
    events.put_events(Entries=[{"Source": "test", "DetailType": "d", "Detail": detail}])
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"]) == {"job": 'a "b"', "text": 'the a "b" ended'}


def a_policy_that_aws_manages_can_be_attached(plane):
    iam = plane.client("iam")
    iam.create_role(RoleName="role", AssumeRolePolicyDocument=ASSUMED_BY_LAMBDA)
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.attach_role_policy(RoleName="role", PolicyArn=arn)
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
    assert "logs:PutLogEvents" in json.dumps(document["Document"])


def an_update_of_a_function_keeps_every_setting(plane):
    iam, functions = plane.client("iam"), plane.client("lambda")
    role = iam.create_role(RoleName="role", AssumeRolePolicyDocument=ASSUMED_BY_LAMBDA)["Role"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", "")
    functions.create_function(
        FunctionName="f",
        Role=role["Arn"],
        Handler="index.handler",
        Runtime="python3.13",
        Code={"ZipFile": code.getvalue()},
    )
    functions.update_function_configuration(
        FunctionName="f", EphemeralStorage={"Size": 1024}, TracingConfig={"Mode": "Active"}
    )
    functions.update_function_code(
        FunctionName="f", ZipFile=code.getvalue(), Architectures=["arm64"]
    )
    configuration = functions.get_function_configuration(FunctionName="f")
    assert configuration["EphemeralStorage"] == {"Size": 1024}
    assert configuration["TracingConfig"] == {"Mode": "Active"}
    assert configuration["Architectures"] == ["arm64"]


def a_bucket_that_enforces_tls_can_be_written_to_over_loopback(plane):
    s3 = plane.client("s3")
    s3.create_bucket(Bucket="bucket")
    statement = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket="bucket", Policy=policy)
    s3.put_object(Bucket="bucket", Key="key", Body=b"")
    assert s3.get_object(Bucket="bucket", Key="key")["ContentLength"] == 0


def access_logging_can_be_set_before_the_log_buckets_policy(plane):
    s3 = plane.client("s3")
    for bucket in ("data", "logs"):
        s3.create_bucket(Bucket=bucket)
    enabled = {"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": "data/"}}
    s3.put_bucket_logging(Bucket="data", BucketLoggingStatus=enabled)
    assert s3.get_bucket_logging(Bucket="data")["LoggingEnabled"]["TargetBucket"] == "logs"


def one_put_object_is_one_event(plane):
    s3, events, sqs = plane.client("s3"), plane.client("events"), plane.client("sqs")
    s3.create_bucket(Bucket="bucket")
    s3.put_bucket_notification_configuration(
        Bucket="bucket", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    queue = sqs.create_queue(QueueName="queue")["QueueUrl"]
    events.put_rule(Name="rule", EventPattern=json.dumps({"source": ["aws.s3"]}))
    target = {"Id": "queue", "Arn": f"arn:aws:sqs:us-east-1:{plane.account_id}:queue"}
    events.put_targets(Rule="rule", Targets=[target])
    s3.put_object(Bucket="bucket", Key="key", Body=b"")
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    details = [json.loads(message["Body"])["detail-type"] for message in messages]
    assert details == ["Object Created"]


def a_key_that_is_disabled_is_an_event(plane):
    events, kms, sqs = (plane.client(name) for name in ("events", "kms", "sqs"))
    queue = sqs.create_queue(QueueName="queue")["QueueUrl"]
    pattern = {"source": ["aws.kms"], "detail": {"eventName": ["DisableKey"]}}
    events.put_rule(Name="rule", EventPattern=json.dumps(pattern))
    target = {"Id": "queue", "Arn": f"arn:aws:sqs:us-east-1:{plane.account_id}:queue"}
    events.put_targets(Rule="rule", Targets=[target])
    key = kms.create_key()["KeyMetadata"]
    kms.disable_key(KeyId=key["KeyId"])
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["detail"]["resources"][0]["ARN"] == key["Arn"]


def a_pattern_reaches_into_the_objects_of_a_list(plane):
    events, sqs = plane.client("events"), plane.client("sqs")
    queue = sqs.create_queue(QueueName="queue")["QueueUrl"]
    pattern = {"source": ["mine"], "detail": {"resources": {"name": ["second"]}}}
    events.put_rule(Name="rule", EventPattern=json.dumps(pattern))
    target = {"Id": "queue", "Arn": f"arn:aws:sqs:us-east-1:{plane.account_id}:queue"}
    events.put_targets(Rule="rule", Targets=[target])
    details = [{"resources": [{"name": "first"}, {"name": name}]} for name in ("second", "third")]
    events.put_events(
        Entries=[
            {"Source": "mine", "DetailType": "Change", "Detail": json.dumps(one)} for one in details
        ]
    )
    (message,) = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert json.loads(message["Body"])["detail"] == details[0]


def a_subscriber_that_is_gone_keeps_nothing_from_the_others(plane):
    sns, sqs = plane.client("sns"), plane.client("sqs")
    topic = sns.create_topic(Name="topic")["TopicArn"]
    kept = sqs.create_queue(QueueName="kept")["QueueUrl"]
    for name in ("gone", "kept"):
        endpoint = f"arn:aws:sqs:us-east-1:{plane.account_id}:{name}"
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint)
    sns.publish(TopicArn=topic, Message="news")
    (message,) = sqs.receive_message(QueueUrl=kept)["Messages"]
    assert json.loads(message["Body"])["Message"] == "news"


def an_alarm_that_changes_its_state_is_an_event(plane):
    alarms, events, sqs = (plane.client(name) for name in ("cloudwatch", "events", "sqs"))
    alarms.put_metric_alarm(
        AlarmName="drift",
        MetricName="Drift",
        Namespace="Own",
        Period=60,
        Statistic="Sum",
        Threshold=1,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    (alarm,) = alarms.describe_alarms()["MetricAlarms"]
    queue = sqs.create_queue(QueueName="queue")["QueueUrl"]
    pattern = {"source": ["aws.cloudwatch"], "resources": [alarm["AlarmArn"]]}
    events.put_rule(Name="rule", EventPattern=json.dumps(pattern))
    target = {"Id": "queue", "Arn": f"arn:aws:sqs:us-east-1:{plane.account_id}:queue"}
    events.put_targets(Rule="rule", Targets=[target])
    for value in ("ALARM", "ALARM", "OK"):
        alarms.set_alarm_state(AlarmName="drift", StateValue=value, StateReason="drill")
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    details = [json.loads(message["Body"])["detail"] for message in messages]
    changes = {(one["previousState"]["value"], one["state"]["value"]) for one in details}
    assert changes == {("OK", "ALARM"), ("ALARM", "OK")}
    assert {one["alarmName"] for one in details} == {"drift"}


FACTS = {
    moto_patches.cloudformation.provisions_through_the_services: (
        a_change_set_sets_the_outputs_of_its_stack
    ),
    moto_patches.cloudformation.deletes_in_reverse_order: (
        what_depends_on_a_resource_is_deleted_before_it
    ),
    moto_patches.cloudformation.reads_json_as_json: a_json_template_means_what_json_means,
    moto_patches.cloudformation.refuses_what_it_cannot_create: (
        a_template_with_types_that_are_not_emulated_is_refused_by_their_names
    ),
    moto_patches.cloudformation.intrinsics_fail_closed: no_value_leaves_no_gap_in_a_list,
    moto_patches.cloudformation.change_sets_belong_to_a_stack: (
        a_change_set_is_found_by_the_name_of_its_stack
    ),
    moto_patches.cloudformation.compares_parameters_as_they_were_given: (
        an_ssm_parameter_keeps_its_previous_value_in_an_update
    ),
    moto_patches.cloudformation.names_a_missing_ssm_parameter: a_missing_ssm_parameter_is_named,
    moto_patches.cloudformation.reads_templates_from_loopback: (
        a_template_is_read_from_a_bucket_on_loopback
    ),
    moto_patches.cloudformation.lists_only_what_exists: (
        a_resource_under_a_false_condition_is_not_listed
    ),
    moto_patches.cloudwatch.tells_of_alarms_that_change: (
        an_alarm_that_changes_its_state_is_an_event
    ),
    moto_patches.events.reach_their_targets: an_event_reaches_a_topic_through_its_template,
    moto_patches.events.match_objects_in_lists: a_pattern_reaches_into_the_objects_of_a_list,
    moto_patches.iam.attaches_the_policies_that_aws_manages: (
        a_policy_that_aws_manages_can_be_attached
    ),
    moto_patches.kms.tell_of_lost_keys: a_key_that_is_disabled_is_an_event,
    moto_patches.lambdas.updates_its_whole_configuration: (
        an_update_of_a_function_keeps_every_setting
    ),
    moto_patches.s3.leaves_conditions_of_a_bucket_policy_alone: (
        a_bucket_that_enforces_tls_can_be_written_to_over_loopback
    ),
    moto_patches.s3.takes_a_log_bucket_whose_policy_comes_later: (
        access_logging_can_be_set_before_the_log_buckets_policy
    ),
    moto_patches.s3.tells_of_tags_only_when_there_are_any: one_put_object_is_one_event,
    moto_patches.sns.fail_alone: a_subscriber_that_is_gone_keeps_nothing_from_the_others,
}


def test_every_patch_has_a_fact():
    assert set(moto_patches.PATCHES) == set(FACTS)


@pytest.mark.parametrize("fact", FACTS.values(), ids=lambda fact: fact.__name__)
def test_it_holds_with_all_patches(fact, plane):
    fact(plane)


@pytest.mark.parametrize(("patch", "fact"), FACTS.items(), ids=lambda function: function.__name__)
def test_it_does_not_hold_without_its_patch(patch, fact, raw_plane, monkeypatch):
    others = tuple(other for other in moto_patches.PATCHES if other is not patch)
    monkeypatch.setattr(moto_patches, "PATCHES", others)
    undo = moto_patches.apply(Patches(raw_plane.client))
    try:
        # A fault shows as a wrong answer, an error, or a page that no client can parse.
        with pytest.raises((Exception, pytest.fail.Exception)):
            fact(raw_plane)
    finally:
        undo()
