"""Bedrock's invocation logs as a source of training data: which are chosen, which can be used.

Used is an exchange of text with one turn, of Converse or of InvokeModel in the words of Nova,
Titan, Claude or Llama. Written against the service's documents, not against the preparation that
this project runs before, so that each checks the other.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.jobs.failures import JobFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SUFFIX = ".gz"
SCHEMA_TYPE, SCHEMA_VERSION = "ModelInvocationLog", "1.0"


@dataclass(frozen=True, slots=True)
class LoggedExchange:
    """A question that a model was asked, and what it said.

    Args:
        model_id: As it was invoked.
        system: The system prompt; empty for none.
        question: The user's only message.
        answer: The model's.
    """

    model_id: str
    system: str
    question: str
    answer: str


def read_logs(body: bytes, key: str) -> Iterator[dict[str, Any]]:
    """Yield the log records of an object.

    Args:
        body: The object: gzip of JSON lines.
        key: Its key in S3, for messages.

    Raises:
        JobFailedError: It is no such file.
    """
    try:
        lines = gzip.decompress(body).splitlines()
        records = [json.loads(line) for line in lines if line.strip()]
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
        raise JobFailedError(
            f"Unable to parse Amazon S3 file {key}: it is no gzip file of JSON lines."
        ) from error
    for record in records:
        if isinstance(record, dict) and record.get("schemaType") == SCHEMA_TYPE:
            yield record


def is_chosen(log: Mapping[str, Any], filters: Mapping[str, Any] | None) -> bool:
    """Tell whether a log passes `requestMetadataFilters`.

    Args:
        log: The record.
        filters: One of `equals`, `notEquals`, `andAll`, `orAll`; None lets every log pass.
    """
    if not filters:
        return True
    metadata = log.get("requestMetadata") or {}
    if "andAll" in filters:
        return all(_matches(metadata, one) for one in filters["andAll"])
    if "orAll" in filters:
        return any(_matches(metadata, one) for one in filters["orAll"])
    return _matches(metadata, filters)


def exchange_of(log: Mapping[str, Any]) -> LoggedExchange | None:
    """Return the exchange that a log tells of; None where it cannot be used."""
    asked, answered = _body(log, "input"), _body(log, "output")
    if log.get("errorCode") or asked is None or answered is None:
        return None
    question, system = _question(asked), _joined(asked.get("system", ""))
    answer = _answer(answered)
    if not question or not answer or system is None:
        return None
    return LoggedExchange(str(log.get("modelId", "")), system, question, answer)


def _matches(metadata: Mapping[str, str], condition: Mapping[str, Mapping[str, str]]) -> bool:
    wanted, unwanted = condition.get("equals", {}), condition.get("notEquals", {})
    return all(metadata.get(key) == value for key, value in wanted.items()) and all(
        metadata.get(key) != value for key, value in unwanted.items()
    )


def _body(log: Mapping[str, Any], side: str) -> Mapping[str, Any] | None:
    part = log.get(side)
    body = part.get(f"{side}BodyJson") if isinstance(part, dict) else None
    return body if isinstance(body, dict) else None


def _question(body: Mapping[str, Any]) -> str | None:
    for name in ("prompt", "inputText"):
        if isinstance(body.get(name), str):
            return str(body[name])
    messages = body.get("messages")
    if not isinstance(messages, list) or len(messages) != 1 or not isinstance(messages[0], dict):
        return None
    return _joined(messages[0].get("content")) if messages[0].get("role") == "user" else None


def _answer(body: Mapping[str, Any]) -> str | None:
    for name in ("generation", "completion"):
        if isinstance(body.get(name), str):
            return str(body[name])
    output, results = body.get("output"), body.get("results")
    if isinstance(output, dict) and isinstance(output.get("message"), dict):
        return _joined(output["message"].get("content"))
    if isinstance(results, list) and len(results) == 1 and isinstance(results[0], dict):
        return str(results[0].get("outputText", ""))
    return _joined(body.get("content"))


def _joined(content: object) -> str | None:
    """Return a text, or the texts of content blocks; None where there is more than text."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    texts = [block.get("text") for block in content if isinstance(block, dict)]
    if len(texts) != len(content) or not all(isinstance(text, str) for text in texts):
        return None
    return "\n".join(str(text) for text in texts)
