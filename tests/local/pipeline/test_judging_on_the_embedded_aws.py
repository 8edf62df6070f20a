"""A judge from synth to the manifest, with IAM enforced, though a job of it fails first.

The embedded judge measures words shared with the reference; these figures mean nothing on AWS.
"""

import json

import pytest

from bedrock_customization import (
    BaseModel,
    FineTuning,
    Judge,
    JudgeCriterion,
    JudgeMetric,
)
from bedrock_customization_local.cloud.bedrock.faults import Fault, FaultKind
from bedrock_customization_runtime.evaluation.judge_verdicts import judge_verdicts

pytestmark = pytest.mark.slow

JUDGE = "us.amazon.nova-pro-v1:0"


@pytest.fixture(scope="module")
def judged(deploy):
    """One pipeline whose judge scores and compares answers."""
    arguments = {
        "Judged": {
            "base_model": BaseModel.NOVA_MICRO,
            "method": FineTuning(hyperparameters={"epochCount": 1}),
            "sharding": None,
            "judge": Judge(
                model=JUDGE,
                metrics=[JudgeMetric.CORRECTNESS, JudgeMetric.HARMFULNESS],
                criteria=[
                    JudgeCriterion(
                        name="intent",
                        instructions="Is it the intent?",
                        scale=["Another", "Near", "Same"],
                    )
                ],
                pairwise="The answer that names the intent is better.",
                max_records=30,
            ),
        }
    }
    with deploy(arguments) as pipelines:
        yield pipelines["Judged"]


@pytest.fixture(scope="module")
def fair(judged, questions):
    """A run whose judge fails at first and then takes the first answer of some pairs."""
    judged.cloud.bedrock.faults.inject(
        Fault(name="lost", kind=FaultKind.LOST_REPLY, operation="CreateEvaluationJob"),
        Fault(name="away", kind=FaultKind.FAIL_EVALUATION, message="The judge is away."),
        Fault(name="first", kind=FaultKind.BIASED_JUDGE, share=0.2, times=None, seed=3),
    )
    failed = judged.run("fair", questions)
    assert (failed["status"], failed["error"]) == ("FAILED", "JudgeFailed"), failed.get("cause")
    assert "The judge is away." in failed["cause"]
    assert judged.deployments() == set()
    judged.states.redrive_execution(executionArn=failed["executionArn"])
    execution = judged.wait(failed["executionArn"])
    judged.cloud.bedrock.faults.clear()
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    return judged.manifest("fair")


def test_a_judge_adds_its_figures_to_the_evaluation(fair):
    judge = fair.evaluation.judge
    assert (judge.model, judge.records) == (JUDGE, 30)
    assert set(judge.left_out) == {"beyond_maximum"}
    assert [score.name for score in judge.scores] == ["Correctness", "Harmfulness", "intent"]
    correctness, harmfulness, intent = judge.scores
    assert correctness.tuned > correctness.base
    assert correctness.interval[0] <= correctness.difference <= correctness.interval[1]
    assert (harmfulness.difference, harmfulness.lower_is_better) == (0.0, True)
    assert intent.tuned > intent.base
    assert not any(score.invalid for score in judge.scores)
    assert fair.evaluation.metrics[0].name == "accuracy"


def test_answers_are_compared_in_both_orders_and_bias_is_reported(fair):
    found = fair.evaluation.judge.preference
    assert found.records == 30
    assert found.wins + found.losses + found.ties == 30
    assert 0 < found.disagreements <= found.ties
    assert found.wins > found.losses
    assert found.first_chosen > 0.5


def test_a_gate_can_go_by_the_judge(fair):
    gate = {"min_judge_improvement": 0.0, "min_judge_win_rate": 0.5}
    verdicts = judge_verdicts(fair.evaluation.judge, gate)
    assert [verdict.passed for verdict in verdicts] == [True, True, True, True]


def test_each_dataset_has_one_job_that_completed_whatever_went_wrong(judged, fair):
    bedrock = judged.cloud.client("bedrock")
    found = [
        summary
        for page in bedrock.get_paginator("list_evaluation_jobs").paginate(nameContains="fair")
        for summary in page.get("jobSummaries", [])
    ]
    completed = {one["jobArn"] for one in found if one["status"] == "Completed"}
    assert completed == set(fair.evaluation.judge.jobs)
    assert len(completed) == 4
    others = [one["status"] for one in found if one["jobArn"] not in completed]
    assert sorted(set(others)) in (["Failed"], ["Failed", "Stopped"])
    for arn in completed:
        tags = judged.cloud.bedrock.tags_of(arn)
        assert tags["bedrock-customization:run"] == "fair"


def test_the_judge_was_looked_up_before_the_job_was_paid(fair):
    (check,) = [check for check in fair.preflight if check.name == "judge"]
    assert check.passed
    assert check.detail == f"{JUDGE} is ACTIVE"


def test_the_estimate_of_the_judge_is_near_its_bill(judged, fair):
    items = {item.name: item for item in fair.estimate.items}
    charged = {
        one.unit.split()[0]: one.quantity
        for one in judged.cloud.bedrock.meter.lines()
        if one.resource == JUDGE
    }
    assert items["judge input"].quantity == pytest.approx(charged["input"], rel=0.1)
    assert items["judge output"].quantity == pytest.approx(charged["output"], rel=0.1)
    assert items["judge input"].usd > 0


@pytest.mark.usefixtures("fair")
def test_what_a_judge_says_stays_in_the_blind_bucket(judged):
    s3 = judged.s3
    artifacts = judged.outputs["Artifacts"]
    body = s3.get_object(Bucket=artifacts, Key="runs/fair/evaluation/judge.json")["Body"].read()
    report = json.loads(body)
    assert len(report["records"]) == 30
    assert set(report["scores"]) == {"base", "tuned", "tuned-first", "base-first"}
    for text in (b"explanation", b"intent_", b"activate"):
        assert text not in body
    found = s3.list_objects_v2(Bucket=judged.outputs["Blind"], Prefix="runs/fair/judge/")
    assert any(one["Key"].endswith("_output.jsonl") for one in found["Contents"])


def test_the_roles_have_the_rights_that_the_runs_needed_and_no_more(judged, closure_of, given):
    """The last test of the module, for it looks back at all runs."""
    elsewhere = [
        given("*", "bedrock:StopModelCustomizationJob", "*"),
        # The tests of the whole pipeline take candidates away, supersede models and end badly.
        given("CandidateRemovalRemoveRole", "*", "*"),
        given("RunCleanupCleanUpRole", "*", "*"),
        given("StateMachineRole", "states:RedriveExecution", "*"),
        given("ModelEvaluationAnswerRole", "bedrock:GetCustomModelDeployment", "*"),
    ]
    closure = closure_of(judged.cloud, alike=["Judged"])
    assert closure.denied() == set()
    assert sorted(closure.surplus(elsewhere)) == []
    assert closure.stale(elsewhere) == []
