"""What people hear of a run that could not tell: S3 and Systems Manager are real."""

from datetime import UTC, datetime

import msgspec
import pytest

from bedrock_customization_runtime import manifest, run_aftermath
from bedrock_customization_runtime.deployment import cleanup
from bedrock_customization_runtime.errors import DeploymentBusy

ARTIFACTS = "s3://runtime-artifacts/runs/told-1"
TOPIC = "arn:aws:sns:us-east-1:123456789012:t"
SECRET = "a line of the user"
TOLD = {"type": "TaskSucceeded", "taskSucceededEventDetails": {"resourceType": "sns"}}
WORKED = {"type": "TaskSucceeded", "taskSucceededEventDetails": {"resourceType": "lambda"}}
ENDING = [{"type": "ExecutionFailed"}, {"type": "TaskFailed"}, {"type": "TaskStateEntered"}]


def execution_in(partition="aws", region="us-east-1", name="told-1"):
    return f"arn:{partition}:states:{region}:123456789012:execution:p:{name}"


class StepFunctions:
    """An execution that ended, or goes on, with the newest events of its history first."""

    def __init__(self, status, *history, error=None):
        self.status, self.history, self.error = status, history, error

    def describe_execution(self, *, executionArn):
        assert executionArn.split(":")[5] == "execution"
        said = {"error": self.error, "cause": SECRET} if self.error else {}
        return {"status": self.status, "stopDate": datetime.now(UTC), **said}

    def get_execution_history(self, *, reverseOrder, includeExecutionData, **_rest):
        assert reverseOrder
        assert not includeExecutionData
        return {"events": list(self.history)}


class Topic:
    """Keeps what is published, unless it refuses."""

    def __init__(self, refuses=None):
        self.messages, self.refuses = [], refuses

    def publish(self, *, TopicArn, Subject, Message):
        assert TopicArn == TOPIC
        if self.refuses:
            raise self.refuses
        self.messages.append((Subject, Message))


@pytest.fixture
def began(s3):
    """Write the manifest of the run."""

    def write(**sections):
        document = manifest.Manifest(
            run=manifest.RunSection(
                id="told-1",
                execution_arn=execution_in(),
                source="s3://data/incoming/a.csv",
                base_model="amazon.nova-micro-v1:0:128k",
                inference_model="amazon.nova-micro-v1:0",
                catalog_version="1",
                library_version="1",
                started="2026-11-23T00:00:00+00:00",
                embedded=False,
            ),
            **sections,
        )
        body = msgspec.json.encode(document)
        s3.put_object(Bucket="runtime-artifacts", Key="runs/told-1/manifest.json", Body=body)

    yield write
    for name in ("manifest.json", "report.html"):
        s3.delete_object(Bucket="runtime-artifacts", Key=f"runs/told-1/{name}")


@pytest.fixture
def follow(s3, ssm, monkeypatch):
    """Follow on an end; what is removed, or the error of the clean-up, is given."""

    def follow(states, topic=None, *, removes=(), arn=None):
        def clean_up(*_arguments, **_settings):
            if isinstance(removes, Exception):
                raise removes
            return list(removes)

        monkeypatch.setattr(cleanup, "clean_up", clean_up)
        topic = topic or Topic()
        clients = cleanup.Clients(bedrock=None, s3=s3, ssm=ssm, stepfunctions=states)
        event = {
            "execution_arn": arn or execution_in(),
            "kind": "on-demand",
            "topic_arn": TOPIC,
            "artifacts_bucket": "runtime-artifacts",
            "alias_parameter": "alias",
        }
        run_aftermath.follow(clients, topic, event, remaining_ms=lambda: 600_000)
        return topic.messages

    return follow


def kept(s3):
    return manifest.load(s3, f"{ARTIFACTS}/manifest.json")


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        ("ABORTED", SECRET, "ABORTED: somebody stopped the execution."),
        ("TIMED_OUT", "States.Timeout", "TIMED_OUT: the execution took longer"),
        ("FAILED", "States.Runtime", "States.Runtime: the execution ended before it could tell"),
        ("FAILED", "States.DataLimitExceeded", "States.DataLimitExceeded: the execution ended"),
    ],
)
def test_an_end_that_no_state_can_tell_of_is_told_and_recorded(
    follow, s3, began, status, error, said
):
    began()
    ((subject, message),) = follow(
        StepFunctions(status, *ENDING, WORKED, error=error), removes=["arn:gone"]
    )
    assert subject == f"Bedrock model: {status}"
    assert message.startswith(f"Run told-1 of p ended as {said}")
    assert f"\narn:gone\nReport: {ARTIFACTS}/report.html\n" in message
    assert SECRET not in message
    found = kept(s3)
    assert found.status == "failed"
    assert found.outcome == found.failure.error == said.partition(":")[0]
    assert found.ended
    report = s3.get_object(Bucket="runtime-artifacts", Key="runs/told-1/report.html")
    html = report["Body"].read().decode()
    assert found.outcome in html
    assert SECRET not in html


def test_a_run_that_has_told_is_not_told_of_again(follow, s3, began):
    began(status="failed", outcome="DatasetRejected", ended="2026-11-23T01:00:00+00:00")
    assert follow(StepFunctions("FAILED", *ENDING, TOLD, WORKED)) == []
    assert kept(s3).ended == "2026-11-23T01:00:00+00:00"


def test_the_manifest_of_a_run_that_has_told_but_not_recorded_is_closed(follow, s3, began):
    began()
    assert follow(StepFunctions("FAILED", *ENDING, TOLD, error="InvalidInput")) == []
    assert kept(s3).outcome == "InvalidInput"


@pytest.mark.parametrize("newest", [{"type": "ExecutionRedriven"}, WORKED])
def test_what_an_earlier_drive_or_an_earlier_state_has_told_does_not_count(follow, newest):
    assert len(follow(StepFunctions("ABORTED", *ENDING, newest, TOLD))) == 1


@pytest.mark.parametrize("status", ["RUNNING", "PENDING_REDRIVE", "SUCCEEDED"])
def test_nothing_is_told_or_recorded_of_a_run_that_goes_on(follow, s3, began, status):
    began()
    assert follow(StepFunctions(status)) == []
    assert kept(s3).status == "running"


def test_a_run_that_never_began_is_told_of_without_a_report(follow):
    ((_, message),) = follow(StepFunctions("FAILED", error="States.Runtime"))
    assert "Nothing that bills was left." in message
    assert "Report:" not in message


def test_what_a_run_decided_before_it_was_cut_off_stays_decided(follow, s3, began):
    began(status="promoted", outcome="promoted", ended="2026-11-23T01:00:00+00:00")
    assert len(follow(StepFunctions("ABORTED", WORKED))) == 1
    assert kept(s3).status == "promoted"


def test_a_clean_up_that_fails_is_told_of_once_and_fails_still(follow, began):
    began()
    topic, states = Topic(), StepFunctions("ABORTED", WORKED)
    for _ in range(2):
        with pytest.raises(DeploymentBusy):
            follow(states, topic, removes=DeploymentBusy(SECRET))
    ((_, message),) = topic.messages
    assert "could NOT be removed yet, because of DeploymentBusy" in message
    assert SECRET not in message
    follow(states, topic, removes=["arn:gone"])
    assert "arn:gone" in topic.messages[-1][1]


def test_a_topic_out_of_reach_fails_the_event_so_that_it_comes_again(follow, s3, began):
    began()
    states = StepFunctions("ABORTED", WORKED)
    with pytest.raises(PermissionError):
        follow(states, Topic(refuses=PermissionError("sns:Publish")))
    assert kept(s3).status == "failed"
    assert len(follow(states)) == 1


@pytest.mark.parametrize(
    ("partition", "region", "console"),
    [
        ("aws", "eu-west-1", "console.aws.amazon.com"),
        ("aws-cn", "cn-north-1", "console.amazonaws.cn"),
        ("aws-us-gov", "us-gov-west-1", "console.amazonaws-us-gov.com"),
    ],
)
def test_the_message_links_to_the_console_of_the_partition(follow, partition, region, console):
    arn = execution_in(partition, region)
    ((_, message),) = follow(StepFunctions("ABORTED"), arn=arn)
    assert message.endswith(
        f"\nhttps://{region}.{console}/states/home?region={region}#/v2/executions/details/{arn}"
    )


def test_a_message_fits_however_much_was_removed(follow):
    arns = [f"{number:03}{'x' * 240}" for number in range(50)]
    arn = execution_in(name="n" * 80)
    ((_, message),) = follow(StepFunctions("FAILED", error="E" * 256), removes=arns, arn=arn)
    assert "and 40 more" in message
    assert len(message.encode()) <= 4096
