"""What a judge is shown: the records it is asked about, and a dataset for each evaluation job.

A job takes a prompt with one answer. So every model has a dataset of its own, and where two answers
are compared both stand in the place of the one, in a dataset for each order. Nothing says whose an
answer is: the service wants a name for its source, and all sources have the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from heapq import nsmallest
from typing import TYPE_CHECKING

from bedrock_customization_runtime.contract import BASE, CANDIDATE
from bedrock_customization_runtime.grading.injection import as_data, is_injection

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bedrock_customization_runtime.contract import JudgePlan
    from bedrock_customization_runtime.datasets.record_formats.records import TestRecord

MODELS = (BASE, CANDIDATE)
"""Whose answers are judged."""
SOURCE = "answer"
"""`modelIdentifier` of every answer."""
FIRST, SECOND = "first", "second"
"""Members of the JSON object that holds two answers."""
MAXIMUM_RECORDS = 1000
"""Of a dataset; Bedrock takes no more."""
MAXIMUM_PROMPT_BYTES = 4096
"""Likewise, of a prompt."""
_NO_ANSWER = "(no answer)"
_SEED = "bedrock-customization:judge:1"


class Task(StrEnum):
    """A dataset, and the job that judges it."""

    BASE = "base"
    """Each answer of the base model; likewise the next."""
    CANDIDATE = "candidate"
    CANDIDATE_FIRST = "candidate-first"
    """Both answers, that of the candidate first; likewise the next."""
    BASE_FIRST = "base-first"


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedRecord:
    """A record that a judge is asked about.

    Args:
        id: Of the blind record.
        prompt: System prompt and conversation, as one text.
        reference: The right answer; empty where nobody knows one.
        answers: By model. A model that could not answer is judged by saying so.
    """

    id: str
    prompt: str
    reference: str
    answers: Mapping[str, str]

    def injections(self) -> list[str]:
        """Return the models whose answer speaks to its judge or of its own score.

        An answer that only says what the reference says too does what it was asked.
        """
        if is_injection(self.reference):
            return []
        return [model for model in MODELS if is_injection(self.answers[model])]

    def response(self, task: Task) -> str:
        """Return what stands in the place of the answer in a dataset."""
        match task:
            case Task.BASE | Task.CANDIDATE:
                return self.answers[task.value]
            case Task.CANDIDATE_FIRST:
                pair = {FIRST: self.answers[CANDIDATE], SECOND: self.answers[BASE]}
            case Task.BASE_FIRST:
                pair = {FIRST: self.answers[BASE], SECOND: self.answers[CANDIDATE]}
        return as_data(pair)

    def key(self, task: Task) -> str:
        """Return by what the record is found again in a job's output."""
        return key_of(self.prompt, self.reference, self.response(task))


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """The records that a judge is asked about.

    Args:
        records: In the order of the blind set.
        left_out: How many others there are, by reason.
    """

    records: Sequence[JudgedRecord]
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def have_references(self) -> bool:
        """Whether every record has a reference."""
        return all(record.reference for record in self.records)


def key_of(prompt: str, reference: str, response: str) -> str:
    """Return a digest of a line's content, which the service repeats in its output.

    It has no place for an id, and promises no order.
    """
    parts = (prompt, reference, response)
    return sha256("\0".join(parts).encode(errors="replace")).hexdigest()


def select(
    records: Iterable[TestRecord], answers: Mapping[str, Mapping[str, str]], *, maximum: int
) -> Selection:
    """Choose the records that a judge is asked about, the same whenever it is asked.

    Args:
        records: The blind set.
        answers: Text by record id, by model; empty where a model could not answer.
        maximum: How many, at most. Of more, those are chosen whose id has the smallest digest:
            a sample that neither order nor content decides.
    """
    left_out = {"not_text": 0, "too_long": 0, "alike": 0, "beyond_maximum": 0}
    fitting: dict[tuple[str, str], JudgedRecord] = {}
    for record in records:
        if not all(message.is_text for message in record.messages):
            left_out["not_text"] += 1
            continue
        prompt = _prompt_of(record)
        if len(prompt.encode(errors="replace")) > MAXIMUM_PROMPT_BYTES:
            left_out["too_long"] += 1
        elif (prompt, record.reference) in fitting:
            left_out["alike"] += 1
        else:
            fitting[prompt, record.reference] = JudgedRecord(
                id=record.id,
                prompt=prompt,
                reference=record.reference,
                answers={
                    model: answers[model][record.id].strip() or _NO_ANSWER for model in MODELS
                },
            )
    most = min(maximum, MAXIMUM_RECORDS)
    left_out["beyond_maximum"] = max(0, len(fitting) - most)
    chosen = {record.id for record in nsmallest(most, fitting.values(), key=_draw)}
    return Selection(
        records=[record for record in fitting.values() if record.id in chosen],
        left_out={reason: count for reason, count in left_out.items() if count},
    )


def tasks_of(plan: JudgePlan) -> list[Task]:
    """Return the datasets that a plan needs."""
    single = [Task.BASE, Task.CANDIDATE] if plan["metrics"] or plan["criteria"] else []
    pairs = [Task.CANDIDATE_FIRST, Task.BASE_FIRST] if "pairwise" in plan else []
    return single + pairs


def dataset(records: Sequence[JudgedRecord], task: Task) -> bytes:
    """Return a dataset as JSON lines."""
    return b"".join(_line(record, task) for record in records)


def _line(record: JudgedRecord, task: Task) -> bytes:
    line: dict[str, object] = {"prompt": record.prompt}
    if record.reference:
        line["referenceResponse"] = record.reference
    line["modelResponses"] = [{"response": record.response(task), "modelIdentifier": SOURCE}]
    return json.dumps(line, ensure_ascii=False).encode(errors="replace") + b"\n"


def _draw(record: JudgedRecord) -> str:
    return sha256(f"{_SEED}\n{record.id}".encode()).hexdigest()


def _prompt_of(record: TestRecord) -> str:
    """Return what a model was asked; of a conversation, each turn with who speaks."""
    *earlier, last = record.messages
    turns = (
        [f"{message.role.capitalize()}: {message.text}" for message in record.messages]
        if earlier
        else [last.text]
    )
    return "\n\n".join(filter(None, (record.system, *turns)))
