"""The job of an execution that was cut off. Bedrock and Step Functions are a few lines here."""

import pytest

from bedrock_customization_runtime.customization.stop import stop_job_of
from bedrock_customization_runtime.names import job_of

ARN = "arn:aws:states:us-east-1:123456789012:execution:Machine:run"
FIRST, SECOND = (job_of(ARN, attempt)[0] for attempt in (0, 1))


class Bedrock:
    class exceptions:
        class ResourceNotFoundException(Exception):
            pass

    def __init__(self, **jobs):
        self.jobs = {{"first": FIRST, "second": SECOND}[name]: jobs[name] for name in jobs}
        self.stopped = []

    def get_model_customization_job(self, *, jobIdentifier):
        if jobIdentifier not in self.jobs:
            raise self.exceptions.ResourceNotFoundException
        return {"status": self.jobs[jobIdentifier]}

    def stop_model_customization_job(self, *, jobIdentifier):
        self.jobs[jobIdentifier] = "Stopping"
        self.stopped.append(jobIdentifier)


class StepFunctions:
    def __init__(self, status="ABORTED"):
        self.status = status

    def describe_execution(self, *, executionArn):
        assert executionArn == ARN
        return {"status": self.status}


class Pauses:
    """Counts pauses; after some of them something happens."""

    def __init__(self, after=None, then=lambda: None):
        self.taken = []
        self._after, self._then = after, then

    def __call__(self, seconds):
        self.taken.append(seconds)
        if len(self.taken) == self._after:
            self._then()


def stop(bedrock, states=None, pause=None):
    return stop_job_of(bedrock, states or StepFunctions(), ARN, pause=pause or Pauses())


def test_a_running_job_is_stopped_at_once():
    bedrock, pauses = Bedrock(first="InProgress"), Pauses()
    assert stop(bedrock, pause=pauses) == FIRST
    assert (bedrock.stopped, pauses.taken) == ([FIRST], [])


def test_the_last_attempt_is_the_one_that_runs():
    bedrock = Bedrock(first="Failed", second="InProgress")
    assert stop(bedrock) == SECOND
    assert bedrock.stopped == [SECOND]


@pytest.mark.parametrize("status", ["Completed", "Stopping"])
def test_after_a_job_that_ended_well_or_is_ending_no_other_comes(status):
    bedrock, pauses = Bedrock(first=status), Pauses()
    assert stop(bedrock, pause=pauses) == FIRST
    assert (bedrock.stopped, pauses.taken) == ([], [])


@pytest.mark.parametrize("jobs", [{}, {"first": "Failed"}, {"first": "Stopped"}])
def test_a_job_that_a_dying_execution_has_just_asked_for_is_waited_for(jobs):
    bedrock = Bedrock(**jobs)
    late = FIRST if not jobs else SECOND
    pauses = Pauses(5, lambda: bedrock.jobs.update({late: "InProgress"}))
    assert stop(bedrock, pause=pauses) == late
    assert bedrock.stopped == [late]


def test_it_is_waited_for_longer_than_the_function_that_starts_jobs_can_take():
    pauses = Pauses()
    assert stop(Bedrock(), pause=pauses) is None
    assert 120 < sum(pauses.taken) < 240


def test_a_redriven_execution_keeps_its_job():
    bedrock, states = Bedrock(), StepFunctions()

    def redrive():
        states.status = "RUNNING"
        bedrock.jobs[FIRST] = "InProgress"

    assert stop(bedrock, states, Pauses(2, redrive)) is None
    assert bedrock.stopped == []
