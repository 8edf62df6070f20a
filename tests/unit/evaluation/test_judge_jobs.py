"""Evaluation jobs of a judge: what is asked for, what is adopted, when it is given up."""

import copy

import pytest

from bedrock_customization_local.cloud.bedrock.shapes import request_problems
from bedrock_customization_runtime import names
from bedrock_customization_runtime.errors import JudgeFailed
from bedrock_customization_runtime.evaluation import judge_jobs
from bedrock_customization_runtime.evaluation.judge_datasets import Task

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:Machine:My_Run.of-Today"
PLAN = {
    "model": "us.amazon.nova-pro-v1:0",
    "metrics": ["Builtin.Correctness"],
    "criteria": [{"name": "polite", "instructions": "Is it polite?", "scale": ["Rude", "Polite"]}],
    "pairwise": "The shorter one.",
    "max_records": 10,
}


class Bedrock:
    class exceptions:  # noqa: N801 - boto3's name
        class ConflictException(Exception):  # noqa: N818 - boto3's name
            pass

        class ValidationException(Exception):  # noqa: N818 - boto3's name
            pass

    def __init__(self):
        self.jobs, self.requests, self.stopped, self.failures = {}, [], [], {}

    def get_paginator(self, operation):
        assert operation == "list_evaluation_jobs"
        bedrock = self

        class Paginator:
            def paginate(self, *, nameContains):  # noqa: N803 - Bedrock's name
                yield {}
                yield {
                    "jobSummaries": [
                        {"jobName": name, "jobArn": f"arn:{name}", "status": status}
                        for name, status in bedrock.jobs.items()
                        if nameContains in name
                    ]
                }

        return Paginator()

    def create_evaluation_job(self, **request):
        assert list(request_problems("CreateEvaluationJob", request)) == []
        self.requests.append(copy.deepcopy(request))
        self.jobs[request["jobName"]] = "InProgress"
        return {"jobArn": f"arn:{request['jobName']}"}

    def get_evaluation_job(self, *, jobIdentifier):  # noqa: N803 - Bedrock's name
        name = jobIdentifier.removeprefix("arn:")
        failures = self.failures.get(name)
        return {"status": self.jobs[name]} | ({"failureMessages": failures} if failures else {})

    def stop_evaluation_job(self, *, jobIdentifier):  # noqa: N803 - Bedrock's name
        name = jobIdentifier.removeprefix("arn:")
        if self.jobs[name] == "InProgress":
            self.jobs[name] = "Stopping"
            self.stopped.append(name)


def ensure(bedrock, task=Task.BASE, *, digest="d", plan=PLAN, have_references=True):
    return judge_jobs.ensure(
        bedrock,
        execution_arn=EXECUTION,
        task=task,
        digest=digest,
        plan=plan,
        dataset="s3://blind-bucket/runs/r/judge/base.jsonl",
        output="s3://blind-bucket/runs/r/judge/output/",
        role_arn="arn:aws:iam::123456789012:role/Judge",
        tags=[{"Key": "bedrock-customization:run", "Value": "r"}],
        have_references=have_references,
    )


def test_a_request_fits_the_api_in_every_member_but_the_task_type_that_it_lacks():
    bedrock = Bedrock()
    job = ensure(bedrock)
    (request,) = bedrock.requests
    automated = request["evaluationConfig"]["automated"]
    (dataset,) = automated["datasetMetricConfigs"]
    assert dataset["taskType"] == "General"
    suffix = names.name_of(EXECUTION, "judge-base-d").rpartition("-")[2]
    assert dataset["metricNames"] == ["Builtin.Correctness", f"polite-{suffix}"]
    judge = {"bedrockEvaluatorModels": [{"modelIdentifier": PLAN["model"]}]}
    assert automated["evaluatorModelConfig"] == judge
    assert automated["customMetricConfig"]["evaluatorModelConfig"] == judge
    assert request["jobName"] == job["name"] == job["name"].lower()
    assert request["jobTags"] == [{"key": "bedrock-customization:run", "value": "r"}]
    assert request["clientRequestToken"] != request["jobName"]


def test_the_comparison_has_a_metric_of_ours_alone():
    bedrock = Bedrock()
    ensure(bedrock, Task.TUNED_FIRST)
    automated = bedrock.requests[0]["evaluationConfig"]["automated"]
    assert "evaluatorModelConfig" not in automated
    (name,) = automated["datasetMetricConfigs"][0]["metricNames"]
    assert name.startswith("preference-")


def test_longest_names_and_instructions_fit():
    criteria = [
        {"name": "n" * 50, "instructions": "i" * 3500, "scale": [str(n) * 100 for n in range(10)]}
    ]
    ensure(Bedrock(), plan={**PLAN, "criteria": criteria, "pairwise": "p" * 3500})
    ensure(Bedrock(), Task.BASE_FIRST, plan={**PLAN, "pairwise": "p" * 3500})


def test_no_two_jobs_share_the_name_of_a_metric():
    bedrock = Bedrock()
    for task in Task:
        ensure(bedrock, task)
    own = [
        name
        for request in bedrock.requests
        for config in request["evaluationConfig"]["automated"]["datasetMetricConfigs"]
        for name in config["metricNames"]
        if not name.startswith("Builtin.")
    ]
    assert len(own) == len(set(own)) == 4


@pytest.mark.parametrize("status", ["InProgress", "Completed"])
def test_a_repeated_call_adopts_the_job_that_exists(status):
    bedrock = Bedrock()
    first = ensure(bedrock)
    bedrock.jobs[first["name"]] = status
    assert ensure(bedrock) == first
    assert len(bedrock.requests) == 1


@pytest.mark.parametrize("status", ["Failed", "Stopping", "Stopped", "Deleting"])
def test_a_job_that_failed_is_followed_by_another(status):
    bedrock = Bedrock()
    first = ensure(bedrock)
    bedrock.jobs[first["name"]] = status
    second = ensure(bedrock)
    assert second["name"] != first["name"]
    tokens = {request["clientRequestToken"] for request in bedrock.requests}
    assert len(tokens) == 2


def test_other_answers_have_a_job_of_their_own():
    bedrock = Bedrock()
    assert ensure(bedrock, digest="a") != ensure(bedrock, digest="b")


def test_ten_failed_jobs_are_enough():
    bedrock = Bedrock()
    for _ in range(10):
        bedrock.jobs[ensure(bedrock)["name"]] = "Failed"
    with pytest.raises(JudgeFailed, match="10 evaluation jobs of this run failed"):
        ensure(bedrock)


def test_looks_come_at_growing_intervals_until_all_jobs_completed():
    bedrock = Bedrock()
    jobs = [ensure(bedrock, task) for task in (Task.BASE, Task.TUNED)]
    judging = judge_jobs.begun(jobs)
    waits = []
    while not judging["done"]:
        waits.append(judging["seconds"])
        if len(waits) == 6:
            bedrock.jobs = dict.fromkeys(bedrock.jobs, "Completed")
        judging = judge_jobs.look(bedrock, judging)
    assert waits == [300, 600, 1200, 2400, 3600, 3600]
    assert judging["waited_seconds"] == sum(waits)


def test_one_failed_job_stops_the_others_and_says_why():
    bedrock = Bedrock()
    failed, other = (ensure(bedrock, task) for task in (Task.BASE, Task.TUNED))
    bedrock.jobs[failed["name"]] = "Failed"
    bedrock.failures[failed["name"]] = ["No access.", "Ask again."]
    with pytest.raises(JudgeFailed, match=r"is Failed: No access\. Ask again\."):
        judge_jobs.look(bedrock, judge_jobs.begun([failed, other]))
    assert bedrock.stopped == [other["name"]]


def look_for_ever(bedrock, judging):
    while True:
        judging = judge_jobs.look(bedrock, judging)
        bedrock.waited = judging["waited_seconds"]


def test_jobs_that_never_end_are_stopped_after_a_day():
    bedrock = Bedrock()
    judging = judge_jobs.begun([ensure(bedrock)])
    with pytest.raises(JudgeFailed, match="take longer than 24 hours"):
        look_for_ever(bedrock, judging)
    assert len(bedrock.stopped) == 1
    assert 22 * 3600 < bedrock.waited < 24 * 3600
