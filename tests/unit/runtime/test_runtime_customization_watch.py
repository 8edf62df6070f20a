"""A look at a running job. Bedrock, which costs money, is a few lines here."""

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from bedrock_customization_runtime.customization import watch
from bedrock_customization_runtime.errors import (
    CustomizationStalled,
    CustomizationStoppedEarly,
    CustomizationTimedOut,
)

HOUR = 3600
MOVED = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)


class Bedrock:
    class exceptions:  # noqa: N801 - boto3's name
        class ResourceNotFoundException(Exception):  # noqa: N818 - boto3's name
            pass

    def __init__(self, status="InProgress", *, training="NotStarted"):
        self.stopped = []
        self.job = status and {
            "jobArn": "arn:job",
            "status": status,
            "statusDetails": {
                "validationDetails": {"status": "Completed", "lastModifiedTime": MOVED},
                "trainingDetails": {"status": training},
            },
        }

    def get_model_customization_job(self, *, jobIdentifier):  # noqa: N803 - Bedrock's name
        assert jobIdentifier == "job"
        if self.job is None:
            raise self.exceptions.ResourceNotFoundException
        return self.job

    def stop_model_customization_job(self, *, jobIdentifier):  # noqa: N803 - Bedrock's name
        self.stopped.append(jobIdentifier)


def look(bedrock, last=None, *, hours=10, timeout=1000):
    return watch.look(
        bedrock,
        None,
        "job",
        stall_limit_seconds=hours * HOUR,
        timeout_seconds=timeout * HOUR,
        last=last,
    )


def look_until(bedrock, *, hours, limit=10):
    """Look again and again for so long, and return the last look."""
    watch = look(bedrock, hours=limit)
    while watch["waited_seconds"] < hours * HOUR:
        watch = look(bedrock, watch, hours=limit)
    return watch


def test_a_job_that_is_not_there_yet_is_looked_for_again():
    watch = look(Bedrock(status=None))
    assert (watch["done"], watch["seconds"]) == (False, 60)


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped"])
def test_a_job_that_ended_is_done_however_it_ended(status):
    assert look(Bedrock(status))["done"]


def test_the_longer_a_job_runs_the_rarer_the_looks():
    waits, watch = [], look(Bedrock())
    while watch["waited_seconds"] < 3 * HOUR:
        waits.append(watch["seconds"])
        watch = look(Bedrock(), watch)
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (60, 600)


def test_a_job_without_progress_is_given_up_and_says_where_it_stood():
    bedrock = Bedrock()
    with pytest.raises(
        CustomizationStalled,
        match=r"no progress for 10\.\d hours "
        r"\(validation Completed since 2026-11-23 05:30, training NotStarted\), the limit is 10\.0",
    ):
        look_until(bedrock, hours=11)


def test_a_job_that_runs_too_long_is_given_up_though_it_moves():
    last = {**look(Bedrock()), "waited_seconds": 4 * HOUR}
    with pytest.raises(
        CustomizationTimedOut, match=r"job job ran for 4\.0 hours .*, the limit is 3\.0"
    ):
        look(Bedrock(training="InProgress"), last, timeout=3)


@pytest.mark.parametrize("status", ["Completed", "Stopping", "Failed"])
def test_a_job_that_ends_in_time_or_is_ending_is_not_given_up(status):
    last = {**look(Bedrock()), "waited_seconds": 100 * HOUR}
    watch = look(Bedrock(status), last, timeout=1)
    assert watch["done"] is (status != "Stopping")


def test_a_job_is_stopped_only_while_it_runs():
    running, stopping = Bedrock(), Bedrock("Stopping")
    watch.stop(running, "job")
    watch.stop(stopping, "job")
    assert (running.stopped, stopping.stopped) == (["job"], [])


class TwoHands(Bedrock):
    """Refuses to stop the job, which somebody else has stopped meanwhile, or not."""

    def __init__(self, then):
        super().__init__()
        self.then = then

    def stop_model_customization_job(self, *, jobIdentifier):  # noqa: N803 - Bedrock's name
        self.job["status"] = self.then
        raise ClientError({"Error": {"Code": "ConflictException"}}, jobIdentifier)


def test_a_job_that_somebody_else_stops_at_the_same_moment_is_stopped():
    assert watch.stop(TwoHands("Stopping"), "job") == {"status": "Stopping"}


def test_a_job_that_cannot_be_stopped_is_said_so():
    with pytest.raises(ClientError, match="ConflictException"):
        watch.stop(TwoHands("InProgress"), "job")


def test_a_job_whose_phase_moved_starts_to_count_anew():
    stands = look_until(Bedrock(), hours=9)
    assert stands["idle_seconds"] >= 9 * HOUR
    assert look(Bedrock(training="InProgress"), stands)["idle_seconds"] == 0


def test_a_job_that_is_stopping_is_waited_for():
    assert not look_until(Bedrock("Stopping"), hours=20)["done"]


def test_looks_for_eight_days_leave_half_the_history_free():
    looks, watch = 1, look(Bedrock())
    while watch["waited_seconds"] < 8 * 24 * HOUR:
        looks, watch = looks + 1, look(Bedrock(), watch, hours=1000)
    assert 9 * looks <= 12_500


def running_job(s3, *losses):
    """A job in S3 that has left so many validation losses so far."""
    bedrock = Bedrock(training="InProgress")
    bedrock.job["outputDataConfig"] = {"s3Uri": "s3://runtime-artifacts/turn/customization/"}
    rows = ["step_number,epoch_number,validation_loss,perplexity"]
    rows += [f"{step},0,{loss},1" for step, loss in enumerate(losses)]
    s3.put_object(
        Bucket="runtime-artifacts",
        Key="turn/customization/model-customization-job-arn:job/v/validation_metrics.csv",
        Body="\n".join(rows).encode(),
    )
    return bedrock


def look_for_a_turn(bedrock, s3, patience=2):
    return watch.look(
        bedrock,
        s3,
        "job",
        stall_limit_seconds=HOUR,
        timeout_seconds=1000 * HOUR,
        early_stopping={"patience": patience, "min_improvement": 0.0},
    )


def test_a_job_whose_validation_loss_turned_is_given_up_and_says_what_that_costs(s3):
    with pytest.raises(CustomizationStoppedEarly, match=r"the last 2 of 4 checks.* is charged"):
        look_for_a_turn(running_job(s3, 2.0, 1.0, 1.5, "nan"), s3)


@pytest.mark.parametrize("losses", [(), (2.0, 1.0), (2.0, 1.0, 1.5), (1.0, 1.5, 0.5, 0.6)])
def test_a_job_with_patience_left_goes_on(s3, losses):
    assert not look_for_a_turn(running_job(s3, *losses), s3)["done"]


def test_a_job_that_left_no_losses_yet_goes_on(s3):
    bedrock = running_job(s3)
    bedrock.job["outputDataConfig"]["s3Uri"] = "s3://runtime-artifacts/nothing/"
    assert not look_for_a_turn(bedrock, s3)["done"]


def test_a_job_that_is_over_is_not_stopped(s3):
    bedrock = running_job(s3, 1.0, 2.0, 3.0, 4.0)
    bedrock.job["status"] = "Completed"
    assert look_for_a_turn(bedrock, s3)["done"]
