"""An alias goes back to an imported model that must be loaded first."""

import json
import time

import boto3
import pytest

from bedrock_customization_local.cli.deployed import rollbacks
from bedrock_customization_local.cli.messages import CommandError
from bedrock_customization_local.cloud.http_server import HttpServer
from bedrock_customization_runtime.promotion.alias import Promotion

MODEL = Promotion(
    kind="promote",
    run="first",
    manifest="s3://artifacts/runs/first/manifest.json",
    arn="arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl",
    previous=None,
    moved="2026-11-23T00:00:00Z",
)
ANSWER = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
    "metrics": {"latencyMs": 1},
}


@pytest.fixture
def ask(monkeypatch):
    """Ask a model that is not ready for so many requests; returns how many it took."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    session = boto3.Session("test", "test", region_name="us-east-1")
    servers = []

    def ask_model(*, cold_for):
        asked = 0

        def answer(environ, start_response):
            nonlocal asked
            asked += 1
            environ["wsgi.input"].read()
            kind = [("Content-Type", "application/json")]
            if asked > cold_for:
                start_response("200 OK", kind)
                return [json.dumps(ANSWER).encode()]
            start_response(
                "429 Too Many Requests", [*kind, ("x-amzn-ErrorType", "ModelNotReadyException")]
            )
            return [b'{"message": "The model is loaded."}']

        server = HttpServer(("127.0.0.1", 0), answer)
        servers.append(server)
        server.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        rollbacks._check_answers(session, MODEL)
        return asked

    yield ask_model
    for server in servers:
        server.close()


def test_a_model_that_must_be_loaded_is_asked_until_it_answers(ask):
    assert ask(cold_for=9) == 10


def test_a_model_that_is_never_ready_is_not_gone_back_to(ask):
    with pytest.raises(CommandError, match="does not answer \\(ModelNotReadyException\\)"):
        ask(cold_for=100)
