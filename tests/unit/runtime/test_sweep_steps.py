"""The steps of a sweep: money, resumption, outcomes, the choice. Bedrock is a few lines here."""

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError
from msgspec.structs import replace

from bedrock_customization_runtime import manifest, names
from bedrock_customization_runtime.errors import (
    BudgetExceeded,
    CustomizationFailed,
    InvalidInput,
)
from bedrock_customization_runtime.sweeps import candidates, choice, outcome, proposal

NOVA, LLAMA = "amazon.nova-micro-v1:0:128k", "meta.llama3-3-70b-instruct-v1:0:128k"
TOKENS, EPOCH_USD = 100_000, 0.1
"""Of the training set, and what an epoch of it costs on Nova Micro."""
NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)


class NotFoundError(ClientError):
    def __init__(self):
        super().__init__({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "Get")


class Bedrock:
    class exceptions:
        ResourceNotFoundException = NotFoundError
        ValidationException = NotFoundError

    class meta:
        region_name = "us-east-1"

    def __init__(self):
        self.jobs, self.models, self.deleted, self.stopped = {}, {}, [], []

    def end(self, job, status="Completed", *, loss=None, model_status="Active", failure=None):
        """A job ends, with a validation loss."""
        arn = "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/m/abcdefghijkl"
        self.jobs[job["name"]] = {
            "jobName": job["name"],
            "jobArn": arn,
            "status": status,
            "creationTime": NOW,
            "endTime": NOW,
            "outputDataConfig": {"s3Uri": f"s3://runtime-artifacts/{job['name']}/"},
            **({"failureMessage": failure} if failure else {}),
        }
        if status == "Completed":
            self.jobs[job["name"]]["outputModelArn"] = f"arn:model/{job['number']}"
            self.models[f"arn:model/{job['number']}"] = model_status
        if loss is not None:
            self.jobs[job["name"]]["validationMetrics"] = [{"validationLoss": loss}]

    def get_foundation_model(self, *, modelIdentifier):
        return {"modelDetails": {"modelId": modelIdentifier}}

    def get_model_customization_job(self, *, jobIdentifier):
        if jobIdentifier not in self.jobs:
            raise NotFoundError
        return self.jobs[jobIdentifier]

    def stop_model_customization_job(self, *, jobIdentifier):
        self.stopped.append(jobIdentifier)
        self.jobs[jobIdentifier]["status"] = "Stopping"

    def get_custom_model(self, *, modelIdentifier):
        return {"modelStatus": self.models[modelIdentifier]}

    def delete_custom_model(self, *, modelIdentifier):
        if modelIdentifier not in self.models:
            raise NotFoundError
        del self.models[modelIdentifier]
        self.deleted.append(modelIdentifier)


class CloudWatch:
    def put_metric_data(self, **_):
        pass


@pytest.fixture
def bedrock():
    return Bedrock()


class Sweep:
    """A run with prepared data, and the steps of its sweep."""

    def __init__(
        self, s3, bedrock, name, begin, prepare, *, epochs=(1, 2, 3), validation=10, **event
    ):
        artifacts = f"s3://runtime-artifacts/sweeps/{name}"
        self.s3, self.bedrock = s3, bedrock
        self.run = {
            "id": name,
            "source": "s3://b/k",
            "execution_arn": f"arn:aws:states:us-east-1:123456789012:execution:Machine:{name}",
            "artifacts": artifacts,
            "manifest": f"{artifacts}/manifest.json",
            "hyperparameters": {},
        }
        self.event = {
            "run": self.run,
            "base_model": NOVA,
            "method": "FINE_TUNING",
            "hyperparameters": {"learningRate": "0.00001"},
            "sweep": {
                "candidates": [{"epochCount": str(number)} for number in epochs],
                "rounds": 1,
                "candidates_per_round": len(epochs),
                "ranges": {},
            },
            "allow_unknown_price": False,
            "redrives": 0,
            **event,
        }
        file = manifest.FileRecord(uri="s3://b/k", sha256="", bytes=1, records=validation)
        prepared = prepare(file, validation=file if validation else None, estimated_tokens=TOKENS)
        begin(s3, self.run)
        manifest.update(
            s3, self.run["manifest"], lambda found: replace(found, preparation=prepared)
        )

    def propose(self, **event):
        return proposal.propose(self.bedrock, self.s3, {**self.event, "step": "propose", **event})[
            "candidates"
        ]

    def record(self, job, trouble=None, redrives=0):
        event = {"step": "record-candidate", "run": self.run, "job": job, "redrives": redrives}
        if trouble:
            event["trouble"] = {"error": trouble[0], "cause": trouble[1]}
        return outcome.record(self.bedrock, self.s3, CloudWatch(), event)["status"]

    def complete(self, job, loss):
        self.bedrock.end(job, loss=loss)
        self.record(job)

    def choose(self):
        return choice.choose(self.bedrock, self.s3, {**self.event, "step": "choose"})

    def known(self):
        return candidates.read_all(self.s3, self.run)

    def manifest(self):
        return manifest.load(self.s3, self.run["manifest"])


@pytest.fixture
def make(s3, bedrock, begin_manifest, preparation_section, request):
    def make(**given):
        name = request.node.name.replace("[", "-").replace("]", "")
        return Sweep(s3, bedrock, name, begin_manifest, preparation_section, **given)

    return make


def test_candidates_get_names_of_their_own_and_the_constructs_hyperparameters(make):
    sweep = make()
    jobs = sweep.propose()
    assert [job["number"] for job in jobs] == [1, 2, 3]
    assert len({job["name"] for job in jobs}) == len({job["token"] for job in jobs}) == 3
    assert jobs[0]["name"] == names.job_of(sweep.run["execution_arn"], 0, 1)[0]
    assert jobs[1]["hyperparameters"] == {"learningRate": "0.00001", "epochCount": "2"}


def test_a_repeated_proposal_is_the_same_and_pays_nothing_more(make):
    sweep = make()
    assert sweep.propose() == sweep.propose()
    assert [one.attempts for one in sweep.known()] == [1, 1, 1]


class CutOff(Exception):
    pass


def test_a_proposal_that_is_cut_off_leaves_no_half_of_a_round(make, monkeypatch):
    sweep, write, written = make(), candidates.write, []

    def write_one(s3, run, one):
        if written:
            raise CutOff
        written.append(one.number)
        write(s3, run, one)

    with monkeypatch.context() as patch:
        patch.setattr(candidates, "write", write_one)
        with pytest.raises(CutOff):
            sweep.propose()
    assert [job["number"] for job in sweep.propose()] == [1, 2, 3]


def test_the_estimate_is_that_of_all_jobs_together(make):
    sweep = make()
    sweep.propose()
    estimate = sweep.manifest().estimate
    assert (estimate.epochs, estimate.usd) == (6, pytest.approx(6 * EPOCH_USD))


def test_candidates_are_proposed_as_far_as_the_money_lasts(make):
    sweep = make(max_cost_usd=4 * EPOCH_USD)
    assert [job["number"] for job in sweep.propose()] == [1, 2]
    left_out = sweep.known()[2]
    assert left_out.status == "not afforded"
    assert left_out.failure == "training it for about $0.30 would exceed max_cost_usd of 0.4"
    assert sweep.manifest().estimate.usd <= 4 * EPOCH_USD


def test_a_cheaper_candidate_after_one_too_dear_is_tried(make):
    sweep = make(epochs=(3, 1), max_cost_usd=EPOCH_USD)
    assert [job["number"] for job in sweep.propose()] == [2]


def test_money_that_is_just_enough_is_enough(make):
    assert len(make(max_cost_usd=0.1 + 0.2 + 0.3).propose()) == 3


def test_money_for_not_even_one_is_refused_with_the_figures(make):
    sweep = make(max_cost_usd=EPOCH_USD / 2)
    with pytest.raises(BudgetExceeded, match=r"costs about \$0\.10, max_cost_usd is 0\.05"):
        sweep.propose()
    assert sweep.known() == []


def test_a_price_that_nobody_knows_is_refused_unless_that_is_allowed(make):
    nova_pro = {"base_model": "amazon.nova-pro-v1:0:300k", "max_cost_usd": 10}
    sweep = make(**nova_pro)
    with pytest.raises(BudgetExceeded, match="no documented price is known"):
        sweep.propose()
    assert len(sweep.propose(allow_unknown_price=True)) == 3


def test_a_swept_hyperparameter_is_refused_in_the_executions_input(make):
    sweep = make()
    sweep.run["hyperparameters"] = {"epochCount": "1"}
    with pytest.raises(InvalidInput, match="the sweep chooses epochCount: leave it out"):
        sweep.propose()


def test_data_without_validation_set_are_refused(make):
    with pytest.raises(InvalidInput, match="no validation set, and a sweep chooses by its loss"):
        make(validation=0).propose()


def test_a_resumed_sweep_trains_only_what_has_no_record(make, bedrock):
    sweep = make()
    first, second, third = sweep.propose()
    sweep.complete(first, 0.5)
    bedrock.end(second, loss=0.4)  # its record was never written
    bedrock.end(third, "Stopped")  # the end of the execution cut it off
    again = sweep.propose(redrives=1)
    assert [job["number"] for job in again] == [2, 3]
    assert again[0]["name"] == second["name"]
    assert again[1]["name"] == names.job_of(sweep.run["execution_arn"], 1, 3)[0]
    assert sweep.known()[2].attempts == 2


def test_what_a_redriven_map_meets_of_a_stopped_job_is_no_verdict(make, bedrock):
    sweep = make()
    job = sweep.propose()[0]
    bedrock.end(job, "Stopped")
    assert sweep.record(job, ("States.TaskFailed", "{}"), redrives=1) == "proposed"
    assert sweep.record(job, ("States.TaskFailed", "{}"), redrives=0) == "stopped"


def test_another_attempt_is_paid_for_within_the_fence(make, bedrock):
    sweep = make(epochs=(1, 2), max_cost_usd=0.35)
    _, second = sweep.propose()
    bedrock.end(second, "Stopped")
    assert [job["number"] for job in sweep.propose(redrives=1)] == [1]
    assert "another attempt for about $0.20 would exceed" in sweep.known()[1].failure


def test_failed_candidates_are_tried_again_only_without_any_model_and_after_a_redrive(
    make, bedrock
):
    sweep = make(epochs=(1, 2))
    for job in sweep.propose():
        bedrock.end(job, "Failed", failure="No capacity.")
        assert sweep.record(job, ("States.TaskFailed", "{}")) == "failed"
    assert sweep.propose() == []
    with pytest.raises(CustomizationFailed, match="candidate 1 failed: No capacity"):
        sweep.choose()
    again = sweep.propose(redrives=1)
    assert [job["number"] for job in again] == [1, 2]
    sweep.complete(again[0], 0.5)
    bedrock.end(again[1], "Failed")
    sweep.record(again[1], ("States.TaskFailed", "{}"), redrives=1)
    assert sweep.propose(redrives=2) == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("CustomizationStalled", "stalled"),
        ("CustomizationStoppedEarly", "stopped early"),
        ("States.Timeout", "stopped"),
    ],
)
def test_a_job_that_is_given_up_is_stopped_and_says_why(make, bedrock, error, status):
    sweep = make()
    job = sweep.propose()[0]
    bedrock.end(job, "InProgress")
    assert sweep.record(job, (error, "the reason")) == status
    assert bedrock.stopped == [job["name"]]
    assert "the reason" in sweep.known()[0].failure


def test_a_job_that_ended_well_while_it_was_given_up_counts(make, bedrock):
    sweep = make()
    job = sweep.propose()[0]
    bedrock.end(job, loss=0.3)
    assert sweep.record(job, ("CustomizationStalled", "too late")) == "completed"


def test_a_job_that_was_never_made_is_recorded_with_its_error(make):
    sweep = make()
    job = sweep.propose()[0]
    assert sweep.record(job, ("Bedrock.AccessDeniedException", "not allowed")) == "failed"
    assert sweep.known()[0].failure == "Bedrock.AccessDeniedException: not allowed"


def losses(s3, job, column, values):
    file = {
        "training_loss": "step_wise_training_metrics.csv",
        "validation_loss": "validation_metrics.csv",
    }[column]
    rows = [f"step_number,epoch_number,{column},perplexity"]
    rows += [f"{step},0,{loss},1" for step, loss in enumerate(values)]
    key = f"{job['name']}/model-customization-job-abcdefghijkl/x/{file}"
    s3.put_object(Bucket="runtime-artifacts", Key=key, Body="\n".join(rows).encode())


def test_a_candidate_that_was_stopped_early_is_overfit(make, bedrock, s3):
    sweep = make()
    job = sweep.propose()[0]
    losses(s3, job, "validation_loss", [1.0, 0.9, 0.91, 0.92])
    bedrock.end(job, "InProgress")
    sweep.record(job, ("CustomizationStoppedEarly", "it turned"))
    found = sweep.known()[0]
    assert (found.diagnosis.verdict, found.diagnosis.rule) == ("overfit", "stopped-early")
    assert len(found.validation_curve) == 4


def test_the_lowest_validation_loss_is_kept_and_the_other_models_are_deleted(make, bedrock):
    sweep = make()
    for job, loss in zip(sweep.propose(), (0.5, 0.3, 0.4), strict=True):
        sweep.complete(job, loss)
    assert sweep.choose()["model_arn"] == "arn:model/2"
    assert bedrock.deleted == ["arn:model/1", "arn:model/3"]
    found = sweep.manifest()
    assert found.customization.model_arn == "arn:model/2"
    assert found.sweep.ended == "all were tried"
    assert [one.reason for one in found.sweep.candidates] == [
        "has a higher validation loss than candidate 2",
        "has the lowest validation loss",
        "has a higher validation loss than candidate 2",
    ]
    assert sweep.choose()["model_arn"] == "arn:model/2"
    assert [one.model_deleted for one in sweep.manifest().sweep.candidates] == [True, False, True]


def test_nothing_is_deleted_before_the_model_that_is_kept_can_be_used(make, bedrock):
    sweep = make(epochs=(1, 2))
    for job, loss in zip(sweep.propose(), (0.5, 0.3), strict=True):
        sweep.complete(job, loss)
    bedrock.models["arn:model/2"] = "Creating"
    assert sweep.choose()["model_status"] == "Creating"
    assert bedrock.deleted == []


def test_of_a_model_that_failed_the_next_best_takes_the_place(make, bedrock):
    sweep = make(epochs=(1, 2))
    for job, loss in zip(sweep.propose(), (0.5, 0.3), strict=True):
        sweep.complete(job, loss)
    bedrock.models["arn:model/2"] = "Failed"
    assert sweep.choose()["model_arn"] == "arn:model/1"
    assert "has no model" in sweep.manifest().sweep.candidates[1].reason


def test_a_candidate_that_diverged_is_never_kept(make, s3):
    sweep = make(epochs=(1, 2))
    first, second = sweep.propose()
    losses(s3, first, "training_loss", [1.0, *["nan"] * 20])
    sweep.complete(first, 0.1)
    losses(s3, second, "training_loss", [2.0 / (1 + step) for step in range(30)])
    sweep.complete(second, 0.4)
    assert sweep.choose()["model_arn"] == "arn:model/2"
    assert sweep.manifest().sweep.candidates[0].reason == "diverged"


def test_without_any_validation_loss_nothing_is_chosen_and_nothing_deleted(make, bedrock):
    sweep = make(epochs=(1, 2))
    for job in sweep.propose():
        sweep.complete(job, None)
    with pytest.raises(CustomizationFailed, match="candidate 1 left no validation loss"):
        sweep.choose()
    assert bedrock.deleted == []
    assert len(sweep.manifest().sweep.candidates) == 2


def test_what_money_left_out_is_why_the_sweep_ended(make):
    sweep = make(max_cost_usd=EPOCH_USD)
    sweep.complete(sweep.propose()[0], 0.5)
    sweep.choose()
    assert sweep.manifest().sweep.ended == "max_cost_usd left no room for 2 more"


def test_each_round_follows_from_the_one_before(make):
    plan = {
        "candidates": [{"learningRate": "0.00001"}],
        "rounds": 3,
        "candidates_per_round": 1,
        "ranges": {"learningRate": [1e-6, 1e-4]},
    }
    sweep = make(sweep=plan, hyperparameters={"epochCount": "1"})
    sweep.complete(sweep.propose()[0], 0.5)
    assert sweep.propose() == []
    sweep.choose()
    assert sweep.manifest().sweep.ended == "nothing new within the ranges is worth trying"
