"""What an evaluation job wrote, read with distrust: no line of it ends the reading.

The service writes a line for each prompt, without an id, in no promised order, and leaves null or
NaN where its judge said nothing that it understood.
"""

from __future__ import annotations

import json
import math
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bedrock_customization_runtime.evaluation.judge_datasets import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

OUTPUT_SUFFIX = "_output.jsonl"


class Flaw(StrEnum):
    """Why a judgement does not count."""

    ABSENT = "absent"
    """There is none."""
    UNDECIDED = "undecided"
    """The score is null or NaN."""
    OUT_OF_RANGE = "out_of_range"
    """The score is none that the judge may give, or no number."""
    REPEATED = "repeated"
    """There are several."""
    INJECTION = "injection"
    """The answer speaks to its judge."""


Judgements = dict[tuple[str, str], "float | Flaw"]
"""By the key of a record and the name of a metric."""


def read(lines: Iterable[bytes]) -> Judgements:
    """Return the judgements of a job; lines that are none are passed over.

    Args:
        lines: Of all files of its output.
    """
    found: Judgements = {}
    for line in lines:
        for key, metric, score in _judgements(line):
            found[key, metric] = Flaw.REPEATED if (key, metric) in found else score
    return found


def _judgements(line: bytes) -> Iterator[tuple[str, str, float | Flaw]]:
    try:
        # Not msgspec: the service writes NaN, which is no JSON.
        parsed = json.loads(line)
    except (ValueError, RecursionError):
        return
    document = _mapping(parsed)
    record = _mapping(document.get("inputRecord"))
    prompt, reference = record.get("prompt"), record.get("referenceResponse") or ""
    response = _response(record) or _response(document)
    if not (isinstance(prompt, str) and isinstance(reference, str) and response):
        return
    key = key_of(prompt, reference, response)
    scores = _mapping(document.get("automatedEvaluationResult")).get("scores")
    for entry in scores if isinstance(scores, list) else []:
        score = _mapping(entry)
        metric = score.get("metricName")
        if isinstance(metric, str):
            yield key, metric, _value(score.get("result"))


def _response(document: Mapping[str, Any]) -> str | None:
    """Return the one answer of a record, which stands there or beside it."""
    answers = document.get("modelResponses")
    if not isinstance(answers, list) or len(answers) != 1:
        return None
    text = _mapping(answers[0]).get("response")
    return text if isinstance(text, str) else None


def _value(result: object) -> float | Flaw:
    if result is None:
        return Flaw.UNDECIDED
    if isinstance(result, bool) or not isinstance(result, int | float):
        return Flaw.OUT_OF_RANGE
    try:
        number = float(result)
    except OverflowError:
        return Flaw.OUT_OF_RANGE
    if math.isnan(number):
        return Flaw.UNDECIDED
    return number if math.isfinite(number) else Flaw.OUT_OF_RANGE


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
