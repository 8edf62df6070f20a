"""A real S3 over loopback, and a blind set in it. Models are written by hand: they cost money."""

import threading

import msgspec
import pytest
from botocore.exceptions import ClientError

from bedrock_customization_runtime.datasets.record_formats.records import (
    ContentBlock,
    Message,
    TestRecord,
)


class Models:
    """Answers like Bedrock's Converse.

    Args:
        say: Takes model id and question, returns an answer or raises.
    """

    def __init__(self, say=lambda _, question: question.upper()):
        self.say = say
        self.requests = []
        self._lock = threading.Lock()

    def converse(self, **request):
        with self._lock:
            self.requests.append(request)
        text = self.say(request["modelId"], request["messages"][-1]["content"][0]["text"])
        return {
            "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7},
            "metrics": {"latencyMs": 40},
        }


@pytest.fixture
def make_models():
    return Models


@pytest.fixture
def refusal():
    """Return the error Bedrock answers with, by its code."""
    return lambda code: ClientError({"Error": {"Code": code, "Message": "no"}}, "Converse")


@pytest.fixture
def s3(make_buckets):
    return make_buckets("evaluation-blind", "evaluation-artifacts")


@pytest.fixture
def write_test(s3):
    """Write a blind set of so many questions, and return its URI."""

    def write(count, system="Answer briefly."):
        body = msgspec.json.Encoder().encode_lines(
            TestRecord(
                id=f"r{number}",
                system=system,
                messages=[Message("user", [ContentBlock(f"question {number}")])],
                reference=f"QUESTION {number}",
            )
            for number in range(count)
        )
        s3.put_object(Bucket="evaluation-blind", Key="runs/7/test.jsonl", Body=body)
        return "s3://evaluation-blind/runs/7/test.jsonl"

    return write
