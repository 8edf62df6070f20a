"""Model invocation logging is turned on and off, and another team's is left alone."""

import pytest

from bedrock_customization_runtime.errors import InvalidInput, LoggingConfiguredElsewhere
from bedrock_customization_runtime.handlers import configure_logging

OURS = {
    "s3Config": {"bucketName": "logs-data", "keyPrefix": "incoming/invocation-logs"},
    "textDataDeliveryEnabled": True,
    "imageDataDeliveryEnabled": False,
    "embeddingDataDeliveryEnabled": False,
    "videoDataDeliveryEnabled": False,
    "audioDataDeliveryEnabled": False,
}
CLOUDWATCH = {"logGroupName": "team-b", "roleArn": "arn:aws:iam::123456789012:role/logs"}


@pytest.fixture
def bedrock(make_client, handler_environment):
    handler_environment.setenv("LOGS_BUCKET", "logs-data")
    handler_environment.setenv("LOGS_PREFIX", "incoming/invocation-logs")
    s3 = make_client("s3")
    for bucket in ("logs-data", "team-b"):
        s3.create_bucket(Bucket=bucket)
    logs = make_client("logs")
    logs.create_log_group(logGroupName="team-b")
    client = make_client("bedrock")
    client.delete_model_invocation_logging_configuration()
    yield client
    logs.delete_log_group(logGroupName="team-b")
    client.delete_model_invocation_logging_configuration()
    for bucket in ("logs-data", "team-b"):
        s3.delete_bucket(Bucket=bucket)


def configure(action):
    return configure_logging.handler({"action": action}, None)


def configured(bedrock):
    found = bedrock.get_model_invocation_logging_configuration()
    return found.get("loggingConfig")


def test_where_nothing_is_configured_text_goes_to_our_bucket(bedrock):
    place = "s3://logs-data/incoming/invocation-logs"
    assert configure("show") == {"logs": [], "changed": False}
    assert configure("turn-on") == {"logs": [place], "changed": True}
    found = configured(bedrock)
    # moto's own model knows no video and no audio.
    assert found.items() <= OURS.items()
    assert found["s3Config"] == OURS["s3Config"]


def test_logging_that_is_off_stays_off(bedrock):
    assert configure("turn-off") == {"logs": [], "changed": False}
    assert not configured(bedrock)


def test_our_logging_is_turned_off_again(bedrock):
    configure("turn-on")
    assert configure("turn-off") == {"logs": [], "changed": True}
    assert not configured(bedrock)


@pytest.mark.parametrize("action", ["turn-on", "turn-off"])
@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        ({"s3Config": {"bucketName": "team-b", "keyPrefix": "logs/"}}, "to s3://team-b/logs,"),
        ({"s3Config": {"bucketName": "team-b"}}, "to s3://team-b,"),
        ({"s3Config": {"bucketName": "logs-data", "keyPrefix": "b"}}, "to s3://logs-data/b,"),
        (
            {"s3Config": OURS["s3Config"], "cloudWatchConfig": CLOUDWATCH},
            "to s3://logs-data/incoming/invocation-logs and log group team-b,",
        ),
    ],
)
def test_another_teams_logging_is_left_as_it_is(bedrock, action, theirs, told):
    bedrock.put_model_invocation_logging_configuration(
        loggingConfig={**theirs, "textDataDeliveryEnabled": True}
    )
    before = configured(bedrock)
    with pytest.raises(LoggingConfiguredElsewhere, match=told) as error:
        configure(action)
    assert "s3://logs-data/incoming/" in str(error.value)
    assert configured(bedrock) == before
    assert configure("show")["changed"] is False


def test_an_unknown_action_changes_nothing(bedrock):
    with pytest.raises(InvalidInput, match="turn-on, turn-off, show, got 'on'"):
        configure("on")
    assert not configured(bedrock)
