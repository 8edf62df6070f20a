"""The embedded AWS as a whole."""

import json
import os
import subprocess
import sys
import threading

import psutil
import pytest

from bedrock_customization_local.cloud.deploy import DeploymentError
from bedrock_customization_local.cloud.server import LocalCloud


def run_probe(cloud, probe, wait_for_execution, **task):
    step_functions = cloud.client("stepfunctions")
    arn = step_functions.start_execution(
        stateMachineArn=probe["StateMachineArn"], input=json.dumps(task)
    )["executionArn"]
    return wait_for_execution(arn)


@pytest.fixture
def wait_for_execution(cloud):
    """Return an execution's description once it has ended."""

    def wait(arn):
        step_functions = cloud.client("stepfunctions")
        ended = threading.Event()
        for _ in range(300):
            execution = step_functions.describe_execution(executionArn=arn)
            if execution["status"] != "RUNNING":
                return execution
            ended.wait(0.1)
        raise AssertionError(f"{arn} still runs")

    return wait


def test_a_state_machine_calls_a_published_version_of_a_real_function(
    cloud, probe, wait_for_execution
):
    execution = run_probe(cloud, probe, wait_for_execution, name="world")
    assert execution["status"] == "SUCCEEDED", execution
    assert json.loads(execution["output"]) == {"greeting": "hello world"}


def test_a_task_may_do_only_what_the_machines_role_allows(cloud, probe, wait_for_execution):
    machine = cloud.client("stepfunctions").describe_state_machine(
        stateMachineArn=probe["StateMachineArn"]
    )
    role = machine["roleArn"].rsplit("/", 1)[1]
    iam = cloud.client("iam")
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName=policy)
    try:
        execution = run_probe(cloud, probe, wait_for_execution, name="world")
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
    assert execution["status"] == "FAILED"
    assert "lambda:InvokeFunction" in execution["cause"]


def test_the_end_of_an_execution_is_an_event(cloud, probe, wait_for_execution):
    sqs, events = cloud.client("sqs"), cloud.client("events")
    queue = sqs.create_queue(QueueName="status-changes")["QueueUrl"]
    pattern = {"source": ["aws.states"], "detail": {"status": ["SUCCEEDED"]}}
    events.put_rule(Name="ended", EventPattern=json.dumps(pattern))
    target = {"Id": "queue", "Arn": f"arn:aws:sqs:us-east-1:{cloud.account_id}:status-changes"}
    events.put_targets(Rule="ended", Targets=[target])
    execution = run_probe(cloud, probe, wait_for_execution, name="event")
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    event = json.loads(message["Body"])
    assert event["detail-type"] == "Step Functions Execution Status Change"
    assert event["detail"]["executionArn"] == execution["executionArn"]


def test_a_put_object_starts_an_execution_through_eventbridge(cloud, probe, wait_for_execution):
    s3, events = cloud.client("s3"), cloud.client("events")
    s3.put_bucket_notification_configuration(
        Bucket=probe["BucketName"],
        NotificationConfiguration={"EventBridgeConfiguration": {}},
    )
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [probe["BucketName"]]}}}
    events.put_rule(Name="incoming", EventPattern=json.dumps(pattern))
    transformer = {
        "InputPathsMap": {"key": "$.detail.object.key"},
        "InputTemplate": '{"name": <key>}',
    }
    target = {"Id": "m", "Arn": probe["StateMachineArn"], "InputTransformer": transformer}
    events.put_targets(Rule="incoming", Targets=[target])
    step_functions = cloud.client("stepfunctions")
    machine = {"stateMachineArn": probe["StateMachineArn"]}
    before = {e["executionArn"] for e in step_functions.list_executions(**machine)["executions"]}
    s3.put_object(Bucket=probe["BucketName"], Key="incoming.jsonl", Body=b"")
    after = {e["executionArn"] for e in step_functions.list_executions(**machine)["executions"]}
    (started,) = after - before
    assert json.loads(wait_for_execution(started)["output"]) == {"greeting": "hello incoming.jsonl"}
    events.disable_rule(Name="incoming")


def test_a_second_deployment_changes_nothing(cloud, probe, probe_assembly):
    assert cloud.deploy(probe_assembly)["Probe"] == probe


def test_bedrock_answers_and_costs_are_metered(cloud):
    models = cloud.client("bedrock").list_foundation_models()["modelSummaries"]
    assert models
    assert cloud.bedrock.meter is not None


def test_a_type_that_is_not_emulated_is_named(cloud, tmp_path):
    template = {"Resources": {"Budget": {"Type": "AWS::Budgets::Budget"}}}
    (tmp_path / "t.json").write_text(json.dumps(template))
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "t.json"}}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"Stack": stack}}))
    with pytest.raises(DeploymentError, match=r"stack Stack: .*AWS::Budgets::Budget"):
        cloud.deploy(tmp_path)


def test_a_resource_that_fails_is_named_with_its_type_and_reason(cloud, tmp_path):
    properties = {"Bucket": "absent", "PolicyDocument": {}}
    policy = {"Type": "AWS::S3::BucketPolicy", "Properties": properties}
    (tmp_path / "t.json").write_text(json.dumps({"Resources": {"Policy": policy}}))
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "t.json"}}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"Failing": stack}}))
    reason = r"stack Failing: resource Policy of type AWS::S3::BucketPolicy: .*NoSuchBucket"
    with pytest.raises(DeploymentError, match=reason):
        cloud.deploy(tmp_path)


def test_a_folder_that_is_no_cloud_assembly_is_refused(cloud, tmp_path):
    with pytest.raises(DeploymentError, match=r"no manifest\.json"):
        cloud.deploy(tmp_path)


def test_a_process_has_one_cloud_at_a_time(cloud):
    with pytest.raises(RuntimeError, match="close it first"):
        LocalCloud()
    assert cloud.client("sts").get_caller_identity()["Account"] == cloud.account_id


def test_the_users_own_aws_environment_is_out_of_reach(cloud):
    aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    assert aws == cloud.environment()


LIFE_CYCLE = """
import os, socket, sys, threading
import psutil
os.environ["AWS_PROFILE"] = "users-own"
from bedrock_customization_local.cloud.server import LocalCloud
assert "moto" not in sys.modules, "importing the server is to be quick"

for _ in range(2):
    with LocalCloud() as cloud:
        assert "AWS_PROFILE" not in os.environ
        assert cloud.client("s3").list_buckets()["Buckets"] == []
        cloud.client("s3").create_bucket(Bucket="bucket")
    cloud.close()
    assert os.environ["AWS_PROFILE"] == "users-own"
    assert not psutil.Process().children(recursive=True)

with socket.create_server(("127.0.0.1", 0)) as taken:
    try:
        LocalCloud(port=taken.getsockname()[1])
    except OSError as error:
        print("refused", error.errno)
with LocalCloud(region="eu-west-1", enforce_iam=False) as cloud:
    assert cloud.client("s3").meta.region_name == "eu-west-1"
left = [t.name for t in threading.enumerate() if not t.daemon and t is not threading.main_thread()]
print("threads", left)
"""


def test_each_cloud_starts_fresh_and_leaves_nothing_behind(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LIFE_CYCLE],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "refused" in done.stdout
    assert "threads []" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_everything_listens_on_loopback_only(cloud, probe):
    cloud.client("lambda").invoke(FunctionName=probe["FunctionName"], Payload='{"name": "x"}')
    listening = {
        connection.laddr.ip
        for connection in psutil.Process().net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}
