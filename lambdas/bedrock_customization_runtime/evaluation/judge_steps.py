"""The steps of a judge: datasets and jobs, then what the jobs say, into the manifest.

All that a judge reads and writes lies below `judge/` of the run's part of the blind bucket, and its
words stay there: the artifacts get scores by record id.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime import manifest as manifests
from bedrock_customization_runtime.errors import EvaluationFailed, JudgeFailed
from bedrock_customization_runtime.evaluation import (
    blind_set,
    judge_criteria,
    judge_datasets,
    judge_figures,
    judge_jobs,
    judge_results,
    parts,
)
from bedrock_customization_runtime.evaluation.judge_datasets import MODELS, Selection, Task
from bedrock_customization_runtime.manifest import JudgeSection
from bedrock_customization_runtime.s3 import objects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime.contract import (
        Judgement,
        JudgePlan,
        Judging,
        RecordJudging,
        Run,
        StartJudging,
    )
    from bedrock_customization_runtime.evaluation.judge_results import Judgements
    from bedrock_customization_runtime.manifest import Manifest


class JudgeReport(msgspec.Struct, kw_only=True, frozen=True):
    """`judge.json`: ids and scores, and nothing that a record or a judge says."""

    schema_version: int = 1
    run: str
    judge: JudgeSection
    records: list[str]
    """Ids, in the order of all scores below."""
    scores: dict[str, dict[str, list[float | str]]]
    """By dataset and metric; in the place of a score that does not count, why."""


def start(bedrock: BedrockClient, s3: S3Client, event: StartJudging) -> Judging:
    """Write the judge's datasets and start a job for each, or adopt those that exist.

    Raises:
        EvaluationFailed: An answer is missing.
        JudgeFailed: No record is fit for a judge, or too many jobs of the run failed.
    """
    run, plan = event["run"], event["judge"]
    selection = _selection(s3, event["test"], event["answers"], plan)
    jobs = []
    for task in judge_datasets.tasks_of(plan):
        body = judge_datasets.dataset(selection.records, task)
        uri = f"{_place(run)}/{task}.jsonl"
        objects.write(s3, uri, body, "application/jsonl")
        jobs.append(
            judge_jobs.ensure(
                bedrock,
                execution_arn=run["execution_arn"],
                task=task,
                digest=_digest(body, plan),
                plan=plan,
                dataset=uri,
                output=judge_jobs.output_of(run["blind"]),
                role_arn=event["role_arn"],
                tags=event["tags"],
                have_references=selection.have_references,
            )
        )
    return judge_jobs.begun(jobs)


def record(s3: S3Client, event: RecordJudging) -> Judgement:
    """Read what the jobs wrote, and write `evaluation/judge.json` and the manifest's section.

    Raises:
        JudgeFailed: Too many judgements are missing or invalid.
        EvaluationFailed: An answer is missing.
    """
    run, plan = event["run"], event["judge"]
    selection = _selection(s3, event["test"], event["answers"], plan)
    names = {Task(job["task"]): job["name"] for job in event["judging"]["jobs"]}
    output = judge_jobs.output_of(run["blind"])
    judgements = {
        task: judge_results.read(_lines(s3, f"{output}{name}/")) for task, name in names.items()
    }
    section = _section(event, selection, judgements, names)
    report = JudgeReport(
        run=run["id"],
        judge=section,
        records=[one.id for one in selection.records],
        scores=_by_record(selection, judgements),
    )
    uri = f"{run['artifacts']}/evaluation/judge.json"
    objects.write(s3, uri, msgspec.json.encode(report), "application/json")
    manifests.update(s3, run["manifest"], lambda found: _judged(found, section))
    return {"report": uri, "records": len(selection.records)}


def _section(
    event: RecordJudging,
    selection: Selection,
    judgements: Mapping[Task, Judgements],
    names: Mapping[Task, str],
) -> JudgeSection:
    plan, records = event["judge"], selection.records
    suffixes = {task: judge_jobs.suffix_of(name) for task, name in names.items()}
    asked = {
        task: judge_criteria.criteria_of(plan, suffixes[task])
        for task in (Task.BASE, Task.TUNED)
        if task in suffixes
    }
    scores = [
        judge_figures.score(
            records,
            base,
            judgements,
            {Task.BASE: base.metric, Task.TUNED: tuned.metric},
        )
        for base, tuned in zip(*asked.values(), strict=True)
    ]
    preference = None
    if Task.TUNED_FIRST in suffixes:
        metrics = {
            task: judge_criteria.preference_of(suffixes[task]).metric
            for task in (Task.TUNED_FIRST, Task.BASE_FIRST)
        }
        preference = judge_figures.preference(
            records, judge_criteria.preference_of(suffixes[Task.TUNED_FIRST]), judgements, metrics
        )
    injections = [model for one in records for model in one.injections()]
    return JudgeSection(
        model=plan["model"],
        records=len(records),
        left_out=dict(selection.left_out),
        injections={model: injections.count(model) for model in MODELS if model in injections},
        scores=scores,
        preference=preference,
        jobs=[job["arn"] for job in event["judging"]["jobs"]],
    )


def _judged(found: Manifest, section: JudgeSection) -> Manifest:
    if found.evaluation is None:
        raise EvaluationFailed(
            "the manifest has no evaluation for a judge to add to: compare the answers first"
        )
    evaluation = msgspec.structs.replace(found.evaluation, judge=section)
    return msgspec.structs.replace(found, evaluation=evaluation)


def _by_record(
    selection: Selection, judgements: Mapping[Task, Judgements]
) -> dict[str, dict[str, list[float | str]]]:
    found: dict[str, dict[str, list[float | str]]] = {}
    for task, of_task in judgements.items():
        keys = [record.key(task) for record in selection.records]
        found[task.value] = {
            metric: [of_task.get((key, metric), judge_results.Flaw.ABSENT) for key in keys]
            for metric in sorted({metric for _, metric in of_task})
        }
    return found


def _selection(s3: S3Client, test: str, answers: str, plan: JudgePlan) -> Selection:
    """Return the records that the judge is asked about, the same in every step."""
    said = {
        model: {one.id: one.answer for one in parts.read(s3, answers, model)[0]} for model in MODELS
    }
    with blind_set.opened(s3, test) as questions:
        try:
            selection = judge_datasets.select(questions, said, maximum=plan["max_records"])
        except KeyError:
            raise EvaluationFailed(
                f"not every record of {test} has an answer of base and tuned model below "
                f"{answers}: ask again"
            ) from None
    if not selection.records:
        raise JudgeFailed(
            "no record of the blind set is fit for a judge, which takes prompts of text of up to "
            f"{judge_datasets.MAXIMUM_PROMPT_BYTES:,} bytes ({dict(selection.left_out)}): leave "
            "the judge out"
        )
    return selection


def _lines(s3: S3Client, prefix: str) -> Iterator[bytes]:
    """Yield the lines of a job's output, whose folders the service names."""
    where = objects.S3Uri.parse(prefix)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=where.bucket, Prefix=where.key)
    for page in pages:
        for found in page.get("Contents", []):
            if found["Key"].endswith(judge_results.OUTPUT_SUFFIX):
                body = objects.read(s3, str(objects.S3Uri(where.bucket, found["Key"])))
                yield from body.split(b"\n")


def _digest(body: bytes, plan: JudgePlan) -> str:
    told = msgspec.json.encode(plan, order="deterministic")
    return sha256(told + b"\n" + body).hexdigest()


def _place(run: Run) -> str:
    return f"{run['blind']}/judge"
