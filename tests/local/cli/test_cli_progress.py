"""A history as a person follows it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bedrock_customization_local.cli.following.definition import Definition
from bedrock_customization_local.cli.following.progress import Status, describe, read_history

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
LAMBDA = "arn:aws:states:::lambda:invoke"


def task(phase, following=None, **more):
    end = {"Next": following} if following else {"End": True}
    return {"Type": "Task", "Resource": LAMBDA, "Comment": f"{phase}: does it", **end, **more}


CATCH = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Record failure"}]}
STATES = {
    "Prepare data": task("DataPreparation", "Deploy candidate", **CATCH),
    "Deploy candidate": task("ModelDeployment", "Wait for the deployment", **CATCH),
    "Wait for the deployment": {
        "Type": "Wait",
        "Seconds": 300,
        "Comment": "ModelDeployment: not yet",
        "Next": "Check deployment",
    },
    "Check deployment": task("ModelDeployment", "Is it deployed?", **CATCH),
    "Is it deployed?": {
        "Type": "Choice",
        "Comment": "ModelDeployment: Active, failed or not yet",
        "Choices": [{"Condition": "{% $wait %}", "Next": "Wait for the deployment"}],
        "Default": "Decide",
    },
    "Decide": task("PromotionGate", None, **CATCH),
    "Record failure": task("Failure", "Failed"),
    "Failed": {"Type": "Fail", "Error": "{% $failure.error %}", "Comment": "Failure: the end"},
}
DEFINITION = Definition.parse(json.dumps({"StartAt": "Prepare data", "States": STATES}))


class History:
    """Writes events as Step Functions does, one second apart."""

    def __init__(self):
        self.events = []
        self._last_of_branch = {}

    def add(self, kind, branch=None, **details):
        number = len(self.events) + 1
        previous = self._last_of_branch.get(branch, number - 1)
        self.events.append(
            {
                "id": number,
                "previousEventId": previous,
                "type": kind,
                "timestamp": BEGIN + timedelta(seconds=number),
                **details,
            }
        )
        self._last_of_branch[branch] = number
        return self

    def enter(self, name, branch=None):
        kind = DEFINITION.states[name].type if name in DEFINITION.states else "Task"
        details = {"name": name, "input": "{}"}
        return self.add(f"{kind}StateEntered", branch, stateEnteredEventDetails=details)

    def leave(self, name, branch=None, **variables):
        kind = DEFINITION.states[name].type if name in DEFINITION.states else "Task"
        assigned = {key: json.dumps(value) for key, value in variables.items()}
        details = {"name": name, "output": "{}", "assignedVariables": assigned}
        return self.add(f"{kind}StateExited", branch, stateExitedEventDetails=details)

    def fail_attempt(self, error, cause="", branch=None):
        details = {"error": error, "cause": cause, "resourceType": "lambda", "resource": "invoke"}
        return self.add("TaskFailed", branch, taskFailedEventDetails=details)

    def progress(self):
        return read_history(self.events, DEFINITION)


@pytest.fixture
def history():
    return History().add("ExecutionStarted")


def names(steps):
    return [step.name for step in steps]


def test_a_comment_names_the_phase_of_a_state():
    assert DEFINITION.states["Prepare data"].phase == "Data preparation"


def test_a_sentence_with_a_colon_is_no_phase():
    states = {"A": {"Type": "Pass", "Comment": "do this: and that", "End": True}}
    assert Definition.parse(json.dumps({"StartAt": "A", "States": states})).phases == ()


def test_the_phases_are_those_of_a_run_that_goes_well():
    assert DEFINITION.phases == ("Data preparation", "Model deployment", "Promotion gate")


def test_states_inside_maps_and_branches_are_known():
    inner = {"StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "End": True}}}
    states = {
        "All": {"Type": "Parallel", "Branches": [inner], "Next": "Each"},
        "Each": {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}},
            "End": True,
        },
    }
    parsed = Definition.parse(json.dumps({"StartAt": "All", "States": states}))
    assert set(parsed.states) == {"All", "Inner", "Each", "Item"}


def test_a_state_that_was_entered_runs_until_it_is_left(history):
    running = history.enter("Prepare data").progress()
    assert names(running.running) == ["Prepare data"]
    assert running.running[0].seconds(BEGIN + timedelta(seconds=7)) == 5
    done = history.leave("Prepare data").progress()
    assert not done.running
    assert done.steps[0].seconds(BEGIN + timedelta(hours=1)) == 1


def test_a_state_says_what_it_assigned(history):
    counts = {
        "read": 1150,
        "rejected": 0,
        "duplicates": 12,
        "train": 796,
        "validation": 113,
        "test": 229,
    }
    history.enter("Prepare data").leave("Prepare data", preparation={"counts": counts})
    progress = history.progress()
    assert progress.steps[0].detail == (
        "1,150 read: 12 duplicates, 796 train, 113 validation, 229 test"
    )
    assert progress.variables["preparation"]["counts"] == counts


def test_a_step_in_a_loop_is_settled_only_when_the_loop_is_left(history):
    history.enter("Deploy candidate").leave("Deploy candidate")
    for _ in range(2):
        history.enter("Wait for the deployment").leave("Wait for the deployment")
        history.enter("Check deployment").leave("Check deployment")
        history.enter("Is it deployed?")
        assert names(history.progress().settled) == ["Deploy candidate"]
        history.leave("Is it deployed?")
    history.enter("Decide")
    settled = history.progress().settled
    assert names(settled) == ["Deploy candidate", "Check deployment"]
    assert settled[1].visits == 2


def test_a_wait_is_shown_only_while_it_lasts(history):
    history.enter("Wait for the deployment")
    assert names(history.progress().steps) == ["Wait for the deployment"]
    history.leave("Wait for the deployment")
    assert names(history.progress().steps) == []


def test_a_failed_attempt_that_is_retried_does_not_fail_the_step(history):
    history.enter("Decide").fail_attempt("Lambda.TooManyRequestsException").leave("Decide")
    step = history.progress().steps[0]
    assert (step.status, step.failures) == (Status.SUCCEEDED, 1)
    assert step.error == "Lambda.TooManyRequestsException"


def test_a_failed_run_names_the_state_that_failed_first_and_the_message_of_its_cause(history):
    cause = json.dumps({"errorMessage": "line 3 has no answer", "errorType": "DatasetRejected"})
    failure = {"error": "DatasetRejected", "cause": cause}
    history.enter("Prepare data").fail_attempt("DatasetRejected", cause)
    history.leave("Prepare data", failure=failure)
    history.enter("Record failure").fail_attempt("States.Timeout").leave("Record failure")
    history.enter("Failed")
    history.add("ExecutionFailed", executionFailedEventDetails=failure)
    progress = history.progress()
    assert progress.status is Status.FAILED
    assert progress.failure.error == "DatasetRejected"
    assert progress.failure.cause == "line 3 has no answer"
    assert progress.failure.state == "Prepare data"
    assert [step.status for step in progress.steps] == [Status.FAILED, Status.SUCCEEDED]


def test_an_uncaught_failure_fails_the_step_it_happened_in(history):
    history.enter("Decide").fail_attempt("States.Timeout")
    history.add("ExecutionFailed", executionFailedEventDetails={"error": "States.Timeout"})
    progress = history.progress()
    assert progress.failure.state == "Decide"
    assert progress.settled[0].status is Status.FAILED


def test_failures_of_interleaved_branches_belong_to_their_own_states(history):
    history.enter("Prepare data", branch="a")
    history.enter("Decide", branch="b")
    history.fail_attempt("Lambda.Unknown", branch="a")
    steps = {step.name: step for step in history.progress().steps}
    assert (steps["Prepare data"].failures, steps["Decide"].failures) == (1, 0)


@pytest.mark.parametrize(
    ("kind", "error"), [("ExecutionTimedOut", "States.Timeout"), ("ExecutionAborted", "Aborted")]
)
def test_a_run_that_was_ended_from_outside_has_failed(history, kind, error):
    history.enter("Decide").add(kind)
    progress = history.progress()
    assert (progress.status, progress.failure.error) == (Status.FAILED, error)
    assert not progress.running


def test_a_run_that_went_well_has_its_output(history):
    output = json.dumps({"status": "promoted"})
    history.add("ExecutionSucceeded", executionSucceededEventDetails={"output": output})
    assert history.progress().output == {"status": "promoted"}


def test_a_variable_of_another_form_says_nothing():
    assert describe("preparation", {"rows": 3}) == ""
    assert describe("evaluation", [1]) == ""
    assert describe("somebody_elses", {"counts": {}}) == ""


@pytest.fixture(scope="module")
def promoted_run():
    """Definition and history of a demo; inputs, outputs and parameters were taken out."""
    recorded = json.loads(Path(__file__).with_name("promoted_run.json").read_text())
    events = [
        event | {"timestamp": datetime.fromisoformat(event["timestamp"])}
        for event in recorded["events"]
    ]
    return Definition.parse(json.dumps(recorded["definition"])), events


def test_a_recorded_run_is_followed_to_its_promotion(promoted_run):
    definition, events = promoted_run
    progress = read_history(events, definition)
    assert progress.status is Status.SUCCEEDED
    assert progress.output["status"] == "promoted"
    assert progress.settled == progress.steps
    details = {step.name: step.detail for step in progress.settled}
    assert details["Prepare data"].startswith("1,150 read: 3 duplicates, 804 train")
    assert details["Answer blind questions"] == "2 models, 474 answers"
    assert details["Compare answers"].replace("\N{NO-BREAK SPACE}", " ") == (
        "Accuracy 0.0 % → 95.8 %"
    )
    assert details["Decide promotion"] == "promote"


def test_what_is_settled_in_a_recorded_run_stays_so(promoted_run):
    definition, events = promoted_run
    before = ()
    for length in range(1, len(events) + 1):
        settled = read_history(events[:length], definition).settled
        assert settled[: len(before)] == before
        before = settled


def test_a_recorded_run_goes_through_its_phases_in_order(promoted_run):
    definition, events = promoted_run
    steps = read_history(events, definition).steps
    assert tuple(dict.fromkeys(step.state.phase for step in steps)) == definition.phases
    assert "Failure" not in definition.phases


def test_a_redriven_run_goes_on():
    history = History().enter("Prepare data").fail_attempt("Busy")
    history.add("ExecutionFailed", executionFailedEventDetails={"error": "Busy", "cause": "x"})
    assert read_history(history.events, DEFINITION).status is Status.FAILED
    history.add("ExecutionRedriven").enter("Prepare data")
    progress = read_history(history.events, DEFINITION)
    assert (progress.status, progress.failure) == (Status.RUNNING, None)
    assert [step.name for step in progress.running] == ["Prepare data"]
