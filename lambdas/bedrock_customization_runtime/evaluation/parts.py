"""Where answers lie: each model's in parts of a fixed number of questions, one object a part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.evaluation.answers import Answer, read_lines, write_lines
from bedrock_customization_runtime.s3 import objects, parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.manifest import FileRecord

QUESTIONS = 64
"""Of a part: what is asked again, and paid again, if a call dies."""


def uri_of(answers: str, model: str, number: int) -> str:
    """Return where a part lies.

    Args:
        answers: S3 URI prefix of all answers, without a trailing slash.
        model: "base" or "candidate".
        number: From 0.
    """
    return parts.uri_of(f"{answers}/{model}", number)


def finished(s3: S3Client, answers: str, model: str) -> list[str]:
    """Return the URIs of a model's parts that exist, in order. A part exists only whole."""
    return parts.finished(s3, f"{answers}/{model}")


def write(s3: S3Client, uri: str, answers: Sequence[Answer]) -> None:
    """Write a part."""
    objects.write(s3, uri, write_lines(answers), "application/jsonl")


def read(s3: S3Client, answers: str, model: str) -> tuple[list[Answer], FileRecord]:
    """Return a model's answers, and its parts as one file: one behind the other, in order.

    Args:
        s3: Client.
        answers: S3 URI prefix of all answers, without a trailing slash.
        model: "base" or "candidate".

    Raises:
        EvaluationFailed: A line is not an answer.
    """
    return parts.read_all(
        s3, f"{answers}/{model}", lambda uri, body: read_lines(uri, body.splitlines())
    )
