"""Asks a model about the records of a source, within a budget and call by call until all are asked.

Each answer is kept under the hash of its question as soon as it is there, so a repeated call and
every later run find it; what was under way when a call died, at most `THREADS` questions, is all
that is ever paid twice. A run's own answers lie in parts of a fixed number of records: a part
exists only whole, and a later call goes on behind the last.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime import preparation
from bedrock_customization_runtime.contract import PURPOSE, EnrichmentTask
from bedrock_customization_runtime.datasets.checking.checks import Checks
from bedrock_customization_runtime.datasets.checking.problems import RecordRejectedError
from bedrock_customization_runtime.datasets.enrichment import (
    EnrichedRecord,
    answer_of,
    answered,
    most_of,
    prices_of,
    question_of,
)
from bedrock_customization_runtime.datasets.examination import examine
from bedrock_customization_runtime.datasets.record_formats.log_selection import LogSelection
from bedrock_customization_runtime.datasets.settings import Settings
from bedrock_customization_runtime.enrichment import parts
from bedrock_customization_runtime.enrichment.parts import StoredAnswer
from bedrock_customization_runtime.errors import BudgetReached, EnrichmentFailed, InvalidInput
from bedrock_customization_runtime.invocation import (
    MARGIN_MS,
    THREADS,
    Limits,
    OutOfTimeError,
    UnavailableModelError,
    converse,
)
from bedrock_customization_runtime.s3 import media, objects, streams

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_bedrock_runtime.type_defs import ConverseRequestTypeDef
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import EnrichDataInput, Enrichment, Split
    from bedrock_customization_runtime.datasets.enrichment import Question
    from bedrock_customization_runtime.datasets.record_formats.records import Record
    from bedrock_customization_runtime.datasets.rules import Rule

# The split is the preparation's; a first pass only has to be given one.
_ANY_SPLIT: Split = {"validation": 0.1, "test": 0.1, "seed": 0}


def ask(
    bedrock_runtime: BedrockRuntimeClient,
    s3: S3Client,
    event: EnrichDataInput,
    remaining_ms: Callable[[], int],
    pause: Callable[[float], None] | None = None,
) -> Enrichment:
    """Ask the model what was not asked before, as far as time and budget go.

    Args:
        bedrock_runtime: Client; throttling is retried by it.
        s3: Client.
        event: Source, base model, and what is wanted of whom.
        remaining_ms: Tells how many milliseconds the function may still run.
        pause: Waits so many seconds before a busy model is asked again; without it, really.

    Returns:
        How far it has come; `done` is False if the same call must be made again.

    Raises:
        InvalidInput: The source does not exist, a setting makes no sense, a price is not known.
        SourceChanged: The source was overwritten while it was read.
        DatasetRejected: The source as a whole cannot be read.
        BudgetReached: The next questions could cost more than is left.
        EnrichmentFailed: The model cannot answer at all, or the time is too short for one part.
        botocore.exceptions.ClientError: Bedrock was too busy for long; what is answered is kept.
    """
    limits = Limits(
        max_tokens=event["enrichment"]["max_tokens"],
        remaining_ms=remaining_ms,
        **({} if pause is None else {"pause": pause}),
    )
    uri = event["run"]["source"]
    if uri.endswith("/"):
        raise InvalidInput(
            f"source must be one object where there is enrichment, got the prefix {uri}: what a "
            "model adds is kept by the lines of one object"
        )
    source = streams.PinnedObject(s3, uri)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="enrich") as threads:
        asker = _Asker(bedrock_runtime, s3, event, limits, threads)
        try:
            with examine(source.chunks(), asker.settings, keep=False):
                asker.finish()
        except OutOfTimeError:
            if not asker.parts_written:
                raise EnrichmentFailed(
                    f"the time of one call is too short for {parts.RECORDS} records: raise the "
                    f"function's time-out, which must exceed {MARGIN_MS // 1000} s, or the "
                    "model's request quota"
                ) from None
            return asker.progress(done=False)
        except UnavailableModelError as error:
            raise EnrichmentFailed(
                f"enrichment.model {event['enrichment']['model']} cannot answer ({error.code}): "
                "check that it exists in this Region, that the account has access to it, and that "
                "the function's role may invoke it"
            ) from error
    return asker.progress(done=True)


class _Asker:
    """Takes records one by one and asks about them part by part."""

    def __init__(
        self,
        bedrock_runtime: BedrockRuntimeClient,
        s3: S3Client,
        event: EnrichDataInput,
        limits: Limits,
        threads: ThreadPoolExecutor,
    ) -> None:
        self._bedrock_runtime = bedrock_runtime
        self._s3 = s3
        self._limits = limits
        self._threads = threads
        self._run = event["run"]
        self._plan = event["enrichment"]
        self._prices = prices_of(self._plan)
        self._bucket = objects.S3Uri.parse(self._run["data"]).bucket
        self._waiting: list[tuple[int, Question]] = []
        self._part = 0
        self._paid: dict[str, float] = {}
        self._asked = 0
        self._beyond = 0
        self._beyond_usd = 0.0
        self.parts_written = 0
        method = preparation.method_of(event["base_model"], event["method"])
        self._checks = Checks(method, media_below=media.reachable(self._run))
        self.settings = Settings(
            base_model=event["base_model"],
            method=method,
            template=event.get("template"),
            split=_ANY_SPLIT,
            max_rejected=1.0,
            enrich=self.take,
            logs=LogSelection(event["logs"]) if "logs" in event else None,
        )

    def take(self, record: Record, line: int, note: Callable[[Rule], None]) -> Record:  # noqa: ARG002 - what `Settings.enrich` takes
        """Ask about a record, sooner or later; it stays as it is."""
        question = question_of(record, self._plan)
        if question is not None and self._is_sound(record):
            self._waiting.append((line, question))
            if len(self._waiting) == parts.RECORDS:
                self._ask_waiting()
        return record

    def finish(self) -> None:
        """Ask about the last records.

        Raises:
            BudgetReached: There was too little money for all.
        """
        if self._waiting:
            self._ask_waiting()
        if self._beyond:
            allowed = self._plan["max_cost_usd"]
            raise BudgetReached(
                f"enrichment cost {self._spent():.4f} USD so far, and with {self._beyond:,} "
                f"records left, which could take up to {self._beyond_usd:.4f} USD, it could exceed "
                f"max_cost_usd {allowed:g}: raise it to {self._spent() + self._beyond_usd:.4f} "
                "to be sure, or enrich fewer records; what was paid for is kept and is not paid "
                "again"
            )

    def progress(self, *, done: bool) -> Enrichment:
        """Return how far it has come."""
        return {"done": done, "records": self._asked, "cost_usd": round(self._spent(), 9)}

    def _is_sound(self, record: Record) -> bool:
        """Whether a record can be used once it has an answer: others are not worth a question."""
        drafts = self._plan["task"] == EnrichmentTask.COMPLETE
        try:
            self._checks.accept(answered(record, "yes") if drafts else record, None, _ignore)
        except RecordRejectedError:
            return False
        return True

    def _ask_waiting(self) -> None:
        batch, self._waiting = self._waiting, []
        uri = parts.uri_of(self._run, self._part)
        self._part += 1
        if self._beyond:
            self._leave([question for _, question in batch])
            return
        found = parts.read(self._s3, uri)
        if found is not None and [one.key for one in found] == [one.key for _, one in batch]:
            for one in found:
                self._pay(one.key, one)
        else:
            answers = self._answers({question.key: question for _, question in batch})
            if self._beyond:
                return
            self._require_an_answer(answers)
            records = [self._record(line, one.key, answers[one.key]) for line, one in batch]
            parts.write(self._s3, uri, records)
            self.parts_written += 1
        self._asked += len(batch)

    def _answers(self, questions: dict[str, Question]) -> dict[str, StoredAnswer]:
        """Return answers by key: what is kept, and what the money reaches for."""
        kept = self._threads.map(lambda key: parts.find(self._s3, self._bucket, key), questions)
        answers = {
            key: answer for key, answer in zip(questions, kept, strict=True) if answer is not None
        }
        for key, answer in answers.items():
            self._pay(key, answer)
        missing = [question for key, question in questions.items() if key not in answers]
        while missing:
            affordable = missing[: self._affordable(missing)]
            if not affordable:
                self._leave(missing)
                break
            # `map` cancels what has not begun once one question raises; what has begun is kept.
            for question, answer in zip(
                affordable, self._threads.map(self._ask, affordable), strict=True
            ):
                answers[question.key] = answer
                self._pay(question.key, answer)
            missing = missing[len(affordable) :]
        return answers

    def _affordable(self, questions: Sequence[Question]) -> int:
        """Return how many of the questions can be asked, should each cost the most it can."""
        left = self._plan["max_cost_usd"] - self._spent()
        for number, question in enumerate(questions):
            left -= most_of(question, self._plan, self._prices)
            if left < 0:
                return number
        return len(questions)

    def _leave(self, questions: Sequence[Question]) -> None:
        self._beyond += len(questions)
        self._beyond_usd += sum(most_of(one, self._plan, self._prices) for one in questions)

    def _ask(self, question: Question) -> StoredAnswer:
        request: ConverseRequestTypeDef = {
            "modelId": self._plan["model"],
            "messages": msgspec.to_builtins(question.messages),
            "requestMetadata": {PURPOSE: "enrichment"},
        }
        if question.system:
            request["system"] = [{"text": question.system}]
        reply = converse(self._bedrock_runtime, request, self._limits)
        answer = StoredAnswer(
            answer=answer_of(reply.text, reply.stop_reason, self._plan),
            stop_reason=reply.error or reply.stop_reason,
            input_tokens=reply.input_tokens,
            output_tokens=reply.output_tokens,
            paid_by=self._run["key"],
        )
        if reply.error is None:
            parts.keep(self._s3, self._bucket, question.key, answer)
        return answer

    def _pay(self, key: str, answer: StoredAnswer | EnrichedRecord) -> None:
        """Count an answer's cost once, if this run paid for it."""
        if answer.paid_by == self._run["key"]:
            self._paid[key] = self._prices.of(answer.input_tokens, answer.output_tokens)

    def _spent(self) -> float:
        return sum(self._paid.values())

    def _record(self, line: int, key: str, answer: StoredAnswer) -> EnrichedRecord:
        return EnrichedRecord(
            key=key,
            line=line,
            task=EnrichmentTask(self._plan["task"]),
            enriched_by=self._plan["model"],
            answer=answer.answer,
            stop_reason=answer.stop_reason,
            input_tokens=answer.input_tokens,
            output_tokens=answer.output_tokens,
            paid_by=answer.paid_by,
        )

    def _require_an_answer(self, answers: dict[str, StoredAnswer]) -> None:
        """Stop at the first part if none of it can be used: the rest would fare no better."""
        if self._asked or any(answer.answer is not None for answer in answers.values()):
            return
        reasons = ", ".join(sorted({answer.stop_reason for answer in answers.values()}))
        raise EnrichmentFailed(
            f"enrichment.model {self._plan['model']} gave no usable answer to its first "
            f"{len(answers)} questions ({reasons}): raise max_tokens if it was cut off, check "
            "that Converse takes the model and system prompts with it, or say in instructions "
            "what form the answer has"
        )


def _ignore(_: Rule) -> None:
    """Nobody is told of repairs here; the preparation makes them again."""
