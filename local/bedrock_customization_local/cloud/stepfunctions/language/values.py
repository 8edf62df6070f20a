"""JSON values as Step Functions sees them: their text, their size, copies of them."""

import json
from datetime import UTC, datetime
from typing import Final

from bedrock_customization_local.cloud.untyped import Json

PAYLOAD_LIMIT: Final = 256 * 1024
"""Bytes of UTF-8 that a state's input or output may have."""


def dump(value: Json) -> str:
    """Return the compact JSON text of a value."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def size(value: Json) -> int:
    """Return how many bytes a value has as UTF-8 JSON."""
    return len(dump(value).encode("utf-8", "surrogatepass"))


def copy(value: Json) -> Json:
    """Return a copy of plain JSON that shares nothing with the original."""
    if isinstance(value, dict):
        return {key: copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copy(item) for item in value]
    return value


def timestamp(moment: datetime) -> str:
    """Return a moment as Step Functions writes it: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
