"""Both handlers in a row, over real HTTP: S3 is moto's, Bedrock's data plane a few lines below."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import msgspec
import pytest

from bedrock_customization_runtime import aws, manifest as manifests
from bedrock_customization_runtime.catalog.rules import RecordFormat
from bedrock_customization_runtime.datasets.record_formats import formats
from bedrock_customization_runtime.datasets.record_formats.records import (
    ContentBlock,
    Message,
    TestRecord,
    exchange,
)
from bedrock_customization_runtime.handlers import answer_questions, compare_answers

TUNED = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl"
NAMES = {"job": "j", "model": "m", "deployment": "d"}
RUN = {
    "id": "run-7",
    "execution_arn": "arn:aws:states:us-east-1:123456789012:execution:Tuning:run-7",
    "source": "s3://data/incoming/a.jsonl",
    "data": "s3://handlers-data/runs/7",
    "blind": "s3://handlers-blind/runs/7",
    "artifacts": "s3://handlers-artifacts/runs/7",
    "manifest": "s3://handlers-artifacts/runs/7/manifest.json",
    "names": NAMES,
    "tokens": NAMES,
}
MODELS = [{"name": "base", "id": "amazon.nova-micro-v1:0"}, {"name": "tuned", "id": TUNED}]
TEST = "s3://handlers-blind/runs/7/test.jsonl"
PREPARED = "s3://handlers-data/runs/7/prepared"
TRAIN = f"{PREPARED}/train.jsonl"


class Converse(BaseHTTPRequestHandler):
    """Repeats the question in capitals; the base model forgets the last letter."""

    def do_POST(self):
        model, _, operation = unquote(self.path).removeprefix("/model/").rpartition("/")
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = request["messages"][-1]["content"][0]["text"].upper()
        body = json.dumps(
            {
                "output": {
                    "message": {
                        "role": "assistant",
                        "content": [{"text": text if model == TUNED else text[:-1]}],
                    }
                },
                "stopReason": "end_turn",
                "usage": {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7},
                "metrics": {"latencyMs": 40},
            }
        ).encode()
        self.send_response(200 if operation == "converse" else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Context:
    def get_remaining_time_in_millis(self):
        return 900_000


@pytest.fixture
def bedrock_url():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Converse)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


@pytest.fixture
def run(handler_environment, bedrock_url):
    handler_environment.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", bedrock_url)
    s3 = aws.s3()
    for bucket in ("handlers-blind", "handlers-artifacts", "handlers-data"):
        s3.create_bucket(Bucket=bucket)
    yield s3
    s3.close()
    aws.bedrock_runtime().close()


def test_questions_are_answered_and_compared_through_the_handlers(run, begin_manifest):
    records = [
        TestRecord(
            id=f"r{number}",
            system="Shout." if number % 2 else None,
            messages=[Message("user", [ContentBlock(f"what is {word}")])],
            reference=f"What is {word}",
        )
        for number, word in enumerate(["ash", "bay", "cod", "dew", "elm", "fog", "gin", "hay"])
    ]
    run.put_object(
        Bucket="handlers-blind",
        Key="runs/7/test.jsonl",
        Body=msgspec.json.Encoder().encode_lines(records),
    )
    trained = ["something else altogether", "What is... COD?"]
    run.put_object(
        Bucket="handlers-data",
        Key="runs/7/prepared/train.jsonl",
        Body=b"".join(
            formats.training_line(exchange("Shout.", text, text.upper()), RecordFormat.CONVERSE)
            for text in trained
        ),
    )
    begin_manifest(run, RUN)

    plan = answer_questions.handler(
        {
            "step": "plan",
            "run": RUN,
            "preparation": {"train": TRAIN, "test": TEST},
            "models": MODELS,
            "record_format": RecordFormat.CONVERSE,
            "few_shot": 2,
        },
        Context(),
    )
    answers = answer_questions.handler(
        {
            "step": "answer",
            "run": RUN,
            "test": TEST,
            "models": plan["models"],
            "max_tokens": 64,
            "number": 0,
        },
        Context(),
    )
    evaluation = compare_answers.handler(
        {
            "run": RUN,
            "test": TEST,
            "answers": plan["prefix"],
            "models": plan["models"],
            "contaminated": plan["contaminated"],
            "left_out": plan["left_out"],
            "metric": "accuracy",
        },
        Context(),
    )

    assert plan == {
        "models": [
            *MODELS,
            {"name": "few_shot", "id": MODELS[0]["id"], "shots": f"{PREPARED}/few_shot.jsonl"},
        ],
        "items": 1,
        "total": 24,
        "prefix": "s3://handlers-blind/runs/7/answers",
        "contaminated": 1,
        "left_out": {},
    }
    assert answers == {"done": True, "answered": 24}
    assert (evaluation["base"], evaluation["tuned"]) == (0, 1)
    assert evaluation["p_value"] == pytest.approx(2 / 2**8)
    assert json.loads(json.dumps(evaluation)) == evaluation
    section = manifests.load(run, RUN["manifest"]).evaluation
    assert section.contaminated == 1
    assert section.metrics[0].interval == tuple(evaluation["interval"])
