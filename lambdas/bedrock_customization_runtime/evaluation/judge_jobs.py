"""Evaluation jobs of a judge: requested, adopted, looked at, stopped.

A function sends the requests, not a state: the task type that judges need is missing in the API's
own enumeration, by which Step Functions' SDK may go, and botocore does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime import names
from bedrock_customization_runtime.errors import JudgeFailed
from bedrock_customization_runtime.evaluation import judge_criteria
from bedrock_customization_runtime.evaluation.judge_datasets import SOURCE, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock.type_defs import (
        AutomatedEvaluationConfigTypeDef,
        EvaluatorModelConfigTypeDef,
    )

    from bedrock_customization_runtime.contract import JudgeJob, JudgePlan, Judging

_TASK_TYPE = "General"
"""Of every job with a judge, by the user guide."""
_DATASET = "blind"
_MAXIMUM_ATTEMPTS = 10
_SPENT = {"Failed", "Stopping", "Stopped", "Deleting"}
_SHORTEST_WAIT, _LONGEST_WAIT = 300, 3600
_LONGEST_JUDGING = 24 * 3600


def output_of(blind: str) -> str:
    """Return the S3 URI prefix below which the jobs of a run write.

    Args:
        blind: S3 URI prefix of the run in the bucket of blind sets.
    """
    return f"{blind}/judge/output/"


def suffix_of(job_name: str) -> str:
    """Return what makes the names of a job's custom metrics its own: the digest in its name."""
    return job_name.rpartition("-")[2]


def ensure(
    bedrock: BedrockClient,
    *,
    execution_arn: str,
    task: Task,
    digest: str,
    plan: JudgePlan,
    dataset: str,
    output: str,
    role_arn: str,
    tags: Sequence[dict[str, str]],
    have_references: bool,
) -> JudgeJob:
    """Return a run's job for a dataset, which is made unless one exists that has not failed.

    Args:
        bedrock: Client.
        execution_arn: The run.
        task: Which dataset.
        digest: Of dataset and plan: others get a job of their own.
        plan: Who judges what.
        dataset: S3 URI.
        output: S3 URI prefix, with a trailing slash.
        role_arn: Service role.
        tags: As Step Functions spells them.
        have_references: Whether every record of the dataset has a reference.

    Raises:
        JudgeFailed: So many jobs of the run failed that another makes no sense.
    """
    for attempt in range(_MAXIMUM_ATTEMPTS):
        name = names.name_of(execution_arn, f"judge-{task}-{digest}", attempt)
        status, arn = _existing(bedrock, name)
        if status in _SPENT:
            continue
        if arn is None:
            arn = bedrock.create_evaluation_job(
                jobName=name,
                clientRequestToken=names.name_of(
                    execution_arn, f"judge-{task}-{digest}-token", attempt
                ),
                roleArn=role_arn,
                jobTags=[{"key": tag["Key"], "value": tag["Value"]} for tag in tags],
                applicationType="ModelEvaluation",
                evaluationConfig={
                    "automated": _configuration(
                        plan, task, suffix_of(name), dataset, have_references=have_references
                    )
                },
                inferenceConfig={
                    "models": [
                        {"precomputedInferenceSource": {"inferenceSourceIdentifier": SOURCE}}
                    ]
                },
                outputDataConfig={"s3Uri": output},
            )["jobArn"]
        return {"task": task.value, "name": name, "arn": arn}
    raise JudgeFailed(
        f"{_MAXIMUM_ATTEMPTS} evaluation jobs of this run failed: start a new run once the cause "
        "is mended"
    )


def begun(jobs: Sequence[JudgeJob]) -> Judging:
    """Return where jobs stand that were just made."""
    return {"jobs": list(jobs), "done": False, "seconds": _SHORTEST_WAIT, "waited_seconds": 0}


def look(bedrock: BedrockClient, judging: Judging) -> Judging:
    """Return where the jobs stand now.

    Raises:
        JudgeFailed: One failed, was stopped, or they take too long; the others are stopped.
    """
    waited = judging["waited_seconds"] + judging["seconds"]
    statuses: dict[str, str] = {}
    for job in judging["jobs"]:
        found = bedrock.get_evaluation_job(jobIdentifier=job["arn"])
        statuses[job["arn"]] = found["status"]
        if found["status"] in _SPENT:
            stop(bedrock, judging["jobs"])
            because = " ".join(found.get("failureMessages", [])) or "Bedrock says no more"
            raise JudgeFailed(
                f"evaluation job {job['name']} is {found['status']}: {because[:1000]}; mend the "
                "cause and redrive the run"
            )
    done = all(status == "Completed" for status in statuses.values())
    if not done and waited >= _LONGEST_JUDGING:
        stop(bedrock, judging["jobs"])
        raise JudgeFailed(
            f"the judge's jobs take longer than {_LONGEST_JUDGING // 3600} hours and were stopped: "
            "lower max_records, or take a judge with a larger quota"
        )
    return {
        "jobs": judging["jobs"],
        "done": done,
        "seconds": min(2 * judging["seconds"], _LONGEST_WAIT),
        "waited_seconds": waited,
    }


def stop(bedrock: BedrockClient, jobs: Sequence[JudgeJob]) -> None:
    """Stop what still runs of some jobs."""
    for job in jobs:
        if bedrock.get_evaluation_job(jobIdentifier=job["arn"])["status"] == "InProgress":
            _stop(bedrock, job["arn"])


def stop_below(bedrock: BedrockClient, output: str) -> list[str]:
    """Stop the jobs in progress that write below an S3 URI prefix, and return their ARNs.

    By where they write: the names of a run's jobs depend on data that are read to start them.
    """
    stopped = []
    pages = bedrock.get_paginator("list_evaluation_jobs").paginate(statusEquals="InProgress")
    for summary in (one for page in pages for one in page.get("jobSummaries", [])):
        job = bedrock.get_evaluation_job(jobIdentifier=summary["jobArn"])
        if job["outputDataConfig"]["s3Uri"].startswith(output) and _stop(bedrock, job["jobArn"]):
            stopped.append(job["jobArn"])
    return stopped


def _stop(bedrock: BedrockClient, arn: str) -> bool:
    """Stop a job, and tell whether it still ran."""
    try:
        bedrock.stop_evaluation_job(jobIdentifier=arn)
    except (bedrock.exceptions.ConflictException, bedrock.exceptions.ValidationException):
        return False
    return True


def _existing(bedrock: BedrockClient, name: str) -> tuple[str | None, str | None]:
    """Return status and ARN of the job of a name, by which it can be listed but not got."""
    for page in bedrock.get_paginator("list_evaluation_jobs").paginate(nameContains=name):
        for summary in page.get("jobSummaries", []):
            if summary["jobName"] == name:
                return summary["status"], summary["jobArn"]
    return None, None


def _configuration(
    plan: JudgePlan, task: Task, suffix: str, dataset: str, *, have_references: bool
) -> AutomatedEvaluationConfigTypeDef:
    judge: EvaluatorModelConfigTypeDef = {
        "bedrockEvaluatorModels": [{"modelIdentifier": plan["model"]}]
    }
    built_in = plan["metrics"] if task in {Task.BASE, Task.TUNED} else []
    own = judge_criteria.definitions_of(plan, task, suffix, have_references=have_references)
    configuration: AutomatedEvaluationConfigTypeDef = {
        "datasetMetricConfigs": [
            {
                "taskType": _TASK_TYPE,  # type: ignore[typeddict-item] # not in the enumeration
                "dataset": {"name": _DATASET, "datasetLocation": {"s3Uri": dataset}},
                "metricNames": [*built_in, *(metric["name"] for metric in own)],
            }
        ],
    }
    if built_in:
        configuration["evaluatorModelConfig"] = judge
    if own:
        configuration["customMetricConfig"] = {
            "customMetrics": [{"customMetricDefinition": metric} for metric in own],
            "evaluatorModelConfig": {"bedrockEvaluatorModels": judge["bedrockEvaluatorModels"]},
        }
    return configuration
