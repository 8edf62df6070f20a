"""What each kind of state does."""

import json
import random
import threading
from dataclasses import dataclass, field

import pytest

from bedrock_customization_local.cloud.clock import Clock
from bedrock_customization_local.cloud.stepfunctions import StateError, run_machine
from bedrock_customization_local.cloud.stepfunctions.language.retry import Retrier
from bedrock_customization_local.cloud.stepfunctions.tokens import TaskTokens

TASK = "arn:aws:states:::lambda:invoke"


def machine(start, /, **states):
    return {"QueryLanguage": "JSONata", "StartAt": start, "States": states}


def task(**fields):
    return {"Type": "Task", "Resource": TASK, **fields}


def failing(error, cause="why"):
    def call(_call):
        raise StateError(error, cause)

    return call


def kinds(execution):
    return [event["type"] for event in execution.history.events()]


@dataclass(frozen=True)
class WatchedClock(Clock):
    """A clock that takes no time and notes what it was asked to wait."""

    scale: float = 0
    waits: list = field(default_factory=list)

    def wait(self, seconds):
        self.waits.append(seconds)


@pytest.mark.parametrize(
    ("rule", "data", "matches"),
    [
        ({"StringEquals": "a"}, "a", True),
        ({"StringEquals": "a"}, 1, False),
        ({"StringLessThan": "b"}, "a", True),
        ({"StringMatches": "log-*.txt"}, "log-1.txt", True),
        ({"StringMatches": "log-\\*.txt"}, "log-1.txt", False),
        ({"NumericEquals": 1}, 1.0, True),
        ({"NumericGreaterThanEquals": 2}, 2, True),
        ({"NumericEquals": 1}, True, False),
        ({"BooleanEquals": False}, False, True),
        ({"TimestampLessThan": "2024-01-02T00:00:00Z"}, "2024-01-01T23:00:00-02:00", False),
        ({"TimestampLessThan": "2024-01-02T00:00:00Z"}, "2024-01-01T00:00:00Z", True),
        ({"IsNull": True}, None, True),
        ({"IsNumeric": True}, "1", False),
        ({"IsTimestamp": True}, "2024-01-01T00:00:00Z", True),
        ({"IsTimestamp": True}, "2024-01-01", False),
        ({"NumericEqualsPath": "$.v"}, 3, True),
    ],
)
def test_a_jsonpath_rule_compares_by_type(rule, data, matches):
    choice = {
        "StartAt": "C",
        "States": {
            "C": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.v", **rule, "Next": "Y"}],
                "Default": "N",
            },
            "Y": {"Type": "Pass", "Result": True, "End": True},
            "N": {"Type": "Pass", "Result": False, "End": True},
        },
    }
    assert run_machine(choice, {"v": data}).output is matches


def test_rules_combine_with_and_or_not():
    rule = {
        "And": [
            {"Or": [{"Variable": "$.a", "NumericEquals": 1}, {"Variable": "$.a", "IsNull": True}]},
            {"Not": {"Variable": "$.b", "IsPresent": True}},
        ],
        "Next": "Y",
    }
    choice = {
        "StartAt": "C",
        "States": {
            "C": {"Type": "Choice", "Choices": [rule], "Default": "N"},
            "Y": {"Type": "Succeed"},
            "N": {"Type": "Fail", "Error": "No"},
        },
    }
    assert run_machine(choice, {"a": None}).status == "SUCCEEDED"
    assert run_machine(choice, {"a": 1, "b": 1}).error == "No"


def test_a_rule_about_nothing_is_a_runtime_error():
    choice = {
        "StartAt": "C",
        "States": {
            "C": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.x", "NumericEquals": 1, "Next": "Y"}],
            },
            "Y": {"Type": "Succeed"},
        },
    }
    execution = run_machine(choice, {})
    assert execution.error == "States.Runtime"
    assert "condition path references an invalid value" in execution.cause
    assert run_machine(choice, {"x": 2}).error == "States.NoChoiceMatched"


def test_the_rule_that_holds_assigns_and_the_state_assigns_only_by_default():
    choice = {
        "Type": "Choice",
        "Choices": [
            {
                "Condition": "{% $states.input = 1 %}",
                "Assign": {"who": "rule"},
                "Output": "from rule",
                "Next": "E",
            }
        ],
        "Assign": {"who": "state"},
        "Output": "from state",
        "Default": "E",
    }
    end = {"Type": "Pass", "Output": "{% [$who, $states.input] %}", "End": True}
    assert run_machine(machine("C", C=choice, E=end), 1).output == ["rule", "from rule"]
    assert run_machine(machine("C", C=choice, E=end), 2).output == ["state", "from state"]


def test_a_condition_that_is_no_boolean_fails_the_run():
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% 1 %}", "Next": "E"}]}
    execution = run_machine(machine("C", C=choice, E={"Type": "Succeed"}), {})
    assert execution.error == "States.QueryEvaluationError"


@pytest.mark.parametrize(
    ("state", "seconds"),
    [
        ({"Seconds": 7}, 7),
        ({"Seconds": "{% $states.input.n %}"}, 300),
        ({"Timestamp": "2001-01-01T00:00:00Z"}, None),
        ({"QueryLanguage": "JSONPath", "SecondsPath": "$.n"}, 300),
        ({"QueryLanguage": "JSONPath", "TimestampPath": "$.t"}, None),
    ],
)
def test_a_wait_state_waits_on_the_clock(state, seconds):
    clock = WatchedClock()
    definition = {"StartAt": "W", "States": {"W": {"Type": "Wait", "End": True, **state}}}
    if "QueryLanguage" not in state:
        definition["QueryLanguage"] = "JSONata"
    data = {"n": 300, "t": "2001-01-01T00:00:00Z"}
    execution = run_machine(definition, data, clock=clock)
    assert execution.output == data
    assert clock.waits == ([] if seconds is None else [seconds])


def test_a_wait_for_less_than_nothing_fails():
    wait = {"Type": "Wait", "Seconds": "{% -1 %}", "End": True}
    assert run_machine(machine("W", W=wait), {}).error == "States.QueryEvaluationError"


def test_a_fail_state_computes_its_error_and_cause():
    fail = {"Type": "Fail", "Error": "{% 'E' & $states.input %}", "Cause": "c"}
    execution = run_machine(machine("F", F=fail), "1")
    assert (execution.error, execution.cause) == ("E1", "c")
    by_path = {
        "StartAt": "F",
        "States": {
            "F": {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('c{}', $.e)"}
        },
    }
    execution = run_machine(by_path, {"e": "E"})
    assert (execution.error, execution.cause) == ("E", "cE")


def test_a_succeed_state_ends_the_run_early():
    execution = run_machine(machine("S", S={"Type": "Succeed", "Output": 1}), {})
    assert execution.output == 1
    assert kinds(execution)[-2:] == ["SucceedStateExited", "ExecutionSucceeded"]


def test_an_error_can_be_caught_with_its_output_and_variables():
    states = {
        "T": task(
            Catch=[
                {"ErrorEquals": ["Other"], "Next": "N"},
                {
                    "ErrorEquals": ["Mine"],
                    "Assign": {"error": "{% $states.errorOutput.Error %}"},
                    "Output": {"in": "{% $states.input %}", "c": "{% $states.errorOutput.Cause %}"},
                    "Next": "E",
                },
            ],
            End=True,
        ),
        "E": {"Type": "Pass", "Output": "{% [$error, $states.input] %}", "End": True},
        "N": {"Type": "Succeed"},
    }
    execution = run_machine(machine("T", **states), 5, call_task=failing("Mine"))
    assert execution.output == ["Mine", {"in": 5, "c": "why"}]


def test_a_jsonpath_catch_puts_the_error_at_its_result_path():
    definition = {
        "StartAt": "T",
        "States": {
            "T": task(
                Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "E"}],
                End=True,
            ),
            "E": {"Type": "Succeed"},
        },
    }
    execution = run_machine(definition, {"a": 1}, call_task=failing("Mine"))
    assert execution.output == {"a": 1, "error": {"Error": "Mine", "Cause": "why"}}


@pytest.mark.parametrize(
    ("error", "names", "is_caught"),
    [
        ("Mine", ["States.ALL"], True),
        ("Mine", ["States.TaskFailed"], True),
        ("Mine", ["Yours", "Mine"], True),
        ("Mine", ["Yours"], False),
        ("States.Timeout", ["States.TaskFailed"], False),
        ("States.Timeout", ["States.ALL"], True),
        ("States.HeartbeatTimeout", ["States.Timeout"], True),
        ("States.QueryEvaluationError", ["States.ALL"], True),
        ("States.DataLimitExceeded", ["States.ALL"], False),
        ("States.DataLimitExceeded", ["States.TaskFailed"], False),
        ("States.DataLimitExceeded", ["States.DataLimitExceeded"], True),
        ("States.Runtime", ["States.ALL"], False),
        ("States.Runtime", ["States.Runtime"], False),
    ],
)
def test_error_equals_covers_what_aws_says(error, names, is_caught):
    states = {
        "T": task(Catch=[{"ErrorEquals": names, "Next": "E"}], End=True),
        "E": {"Type": "Succeed"},
    }
    execution = run_machine(machine("T", **states), {}, call_task=failing(error))
    assert (execution.status == "SUCCEEDED") is is_caught


def test_a_retried_task_waits_longer_each_time():
    clock = WatchedClock()
    rule = {
        "ErrorEquals": ["Mine"],
        "IntervalSeconds": 2,
        "BackoffRate": 3,
        "MaxAttempts": 4,
        "MaxDelaySeconds": 20,
    }
    execution = run_machine(
        machine("T", T=task(Retry=[rule], End=True)), {}, call_task=failing("Mine"), clock=clock
    )
    assert execution.error == "Mine"
    assert clock.waits == [2, 6, 18, 20]
    assert kinds(execution).count("TaskScheduled") == 5
    assert kinds(execution).count("TaskStateEntered") == 1


def test_a_retry_without_figures_tries_three_times_more():
    clock = WatchedClock()
    rule = {"ErrorEquals": ["States.ALL"]}
    run_machine(
        machine("T", T=task(Retry=[rule], End=True)), {}, call_task=failing("Mine"), clock=clock
    )
    assert clock.waits == [1, 2, 4]


def test_zero_attempts_mean_no_retry_and_later_rules_do_not_apply():
    clock = WatchedClock()
    rules = [{"ErrorEquals": ["Mine"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"]}]
    run_machine(
        machine("T", T=task(Retry=rules, End=True)), {}, call_task=failing("Mine"), clock=clock
    )
    assert clock.waits == []


def test_full_jitter_draws_each_delay_between_nothing_and_the_backoff():
    rules = [{"ErrorEquals": ["Mine"], "IntervalSeconds": 10, "JitterStrategy": "FULL"}]
    retrier = Retrier(rules, random.Random(1))
    delays = [retrier.delay(StateError("Mine")) for _ in range(3)]
    assert all(0 <= d <= top for d, top in zip(delays, [10, 20, 40], strict=True))
    assert len(set(delays)) == 3


def test_the_context_counts_the_retries():
    seen = []

    def call(call):
        seen.append(call.arguments)
        if len(seen) < 3:
            raise StateError("Mine")
        return {}

    state = task(
        Arguments="{% $states.context.State.RetryCount %}",
        Retry=[{"ErrorEquals": ["Mine"]}],
        End=True,
    )
    assert run_machine(machine("T", T=state), {}, call_task=call).status == "SUCCEEDED"
    assert seen == [0, 1, 2]


def test_a_failing_output_is_retried_and_caught_like_a_failing_task():
    states = {
        "T": task(
            Output="{% $states.result.absent %}",
            Catch=[{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "E"}],
            End=True,
        ),
        "E": {"Type": "Succeed"},
    }
    assert run_machine(machine("T", **states), {}, call_task=lambda _: {}).status == "SUCCEEDED"


def test_a_task_that_takes_too_long_times_out():
    release = threading.Event()
    state = task(TimeoutSeconds="{% $states.input %}", End=True)
    execution = run_machine(machine("T", T=state), 0.05, call_task=lambda _: release.wait(30))
    release.set()
    assert (execution.status, execution.error) == ("FAILED", "States.Timeout")
    assert "TaskTimedOut" in kinds(execution)


def test_a_machine_that_takes_too_long_times_out_past_every_catch():
    release = threading.Event()
    state = task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "E"}], End=True)
    definition = machine("T", T=state, E={"Type": "Succeed"}) | {"TimeoutSeconds": 1}
    execution = run_machine(definition, {}, call_task=lambda _: release.wait(30))
    release.set()
    assert execution.status == "TIMED_OUT"
    assert kinds(execution)[-2:] == ["TaskStateAborted", "ExecutionTimedOut"]


def token_task(**fields):
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {"MessageBody": "{% $states.context.Task.Token %}"},
        "End": True,
        **fields,
    }


def test_a_task_waits_for_its_token():
    tokens = TaskTokens()

    def call(call):
        assert call.arguments == {"MessageBody": call.token}
        tokens.beat(call.token)
        tokens.succeed(call.token, {"answer": 1})
        return {"MessageId": "m"}

    execution = run_machine(machine("T", T=token_task()), {}, call_task=call, tokens=tokens)
    assert execution.output == {"answer": 1}
    assert "TaskSubmitted" in kinds(execution)


def test_a_token_can_bring_a_failure():
    tokens = TaskTokens()
    execution = run_machine(
        machine("T", T=token_task()),
        {},
        call_task=lambda call: tokens.fail(call.token, "Denied", "by a person"),
        tokens=tokens,
    )
    assert (execution.error, execution.cause) == ("Denied", "by a person")


def test_a_task_without_heartbeat_times_out():
    execution = run_machine(
        machine("T", T=token_task(HeartbeatSeconds="{% 0.05 %}")), {}, call_task=lambda _: {}
    )
    assert execution.error == "States.HeartbeatTimeout"
    assert "TaskTimedOut" in kinds(execution)


def branch(name, state):
    return {"StartAt": name, "States": {name: {"End": True, **state}}}


def test_branches_run_side_by_side_and_answer_in_order():
    meeting = threading.Barrier(2, timeout=10)

    def call(call):
        meeting.wait()
        return call.arguments

    branches = [branch("A", task(Arguments=1)), branch("B", task(Arguments=2))]
    parallel = {"Type": "Parallel", "Branches": branches, "End": True}
    assert run_machine(machine("P", P=parallel), {}, call_task=call).output == [1, 2]


def test_a_failing_branch_ends_the_others_and_can_be_caught():
    release = threading.Event()

    def call(call):
        if call.arguments == "fail":
            raise StateError("Mine")
        release.wait(30)

    branches = [branch("A", task(Arguments="wait")), branch("B", task(Arguments="fail"))]
    parallel = {
        "Type": "Parallel",
        "Branches": branches,
        "Catch": [{"ErrorEquals": ["Mine"], "Next": "E"}],
        "End": True,
    }
    execution = run_machine(machine("P", P=parallel, E={"Type": "Succeed"}), {}, call_task=call)
    release.set()
    assert execution.status == "SUCCEEDED"
    assert "TaskStateAborted" in kinds(execution)
    assert "ParallelStateFailed" in kinds(execution)


def test_a_retried_parallel_state_runs_all_its_branches_again():
    calls = []

    def call(call):
        calls.append(call.arguments)
        if len(calls) == 2:
            raise StateError("Mine")
        return {}

    branches = [branch("A", task(Arguments=1, Next="B") | {"End": False})]
    branches[0]["States"]["A"].pop("End")
    branches[0]["States"]["B"] = task(Arguments=2, End=True)
    parallel = {
        "Type": "Parallel",
        "Branches": branches,
        "Retry": [{"ErrorEquals": ["Mine"]}],
        "End": True,
    }
    assert run_machine(machine("P", P=parallel), {}, call_task=call).status == "SUCCEEDED"
    assert calls == [1, 2, 1, 2]


def test_a_map_state_runs_its_processor_for_each_item():
    state = {
        "Type": "Map",
        "Items": "{% $states.input.items %}",
        "ItemSelector": {
            "v": "{% $states.context.Map.Item.Value %}",
            "i": "{% $states.context.Map.Item.Index %}",
            "all": "{% $count($states.input.items) %}",
        },
        "ItemProcessor": branch("I", {"Type": "Pass"}),
        "End": True,
    }
    execution = run_machine(machine("M", M=state), {"items": ["a", "b"]})
    assert execution.output == [{"v": "a", "i": 0, "all": 2}, {"v": "b", "i": 1, "all": 2}]
    assert run_machine(machine("M", M=state), {"items": []}).output == []


def test_a_map_state_iterates_over_an_object():
    state = {
        "Type": "Map",
        "ItemSelector": "{% $states.context.Map.Item.Key & $states.context.Map.Item.Value %}",
        "ItemProcessor": branch("I", {"Type": "Pass"}),
        "End": True,
    }
    assert run_machine(machine("M", M=state), {"a": "1", "b": "2"}).output == ["a1", "b2"]


def test_a_jsonpath_map_takes_its_items_from_a_path():
    definition = {
        "StartAt": "M",
        "States": {
            "M": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "Parameters": {"v.$": "$$.Map.Item.Value", "k.$": "$.k"},
                "Iterator": branch("I", {"Type": "Pass"}),
                "ResultPath": "$.out",
                "End": True,
            }
        },
    }
    execution = run_machine(definition, {"items": [1], "k": 2})
    assert execution.output == {"items": [1], "k": 2, "out": [{"v": 1, "k": 2}]}
    assert run_machine(definition, {"items": 1, "k": 2}).error == "States.Runtime"


def test_max_concurrency_bounds_the_iterations_at_a_time():
    running, most, lock = [], [], threading.Lock()

    def call(_call):
        with lock:
            running.append(1)
            most.append(len(running))
        with lock:
            running.pop()
        return {}

    state = {
        "Type": "Map",
        "MaxConcurrency": 1,
        "ItemProcessor": branch("I", task()),
        "End": True,
    }
    run_machine(machine("M", M=state), list(range(20)), call_task=call)
    assert max(most) == 1


def test_history_events_have_the_order_and_links_of_aws():
    states = {
        "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "M"},
        "M": {
            "Type": "Map",
            "Items": [1],
            "ItemProcessor": branch("T", task()),
            "End": True,
        },
    }
    execution = run_machine(machine("A", **states), {}, call_task=lambda _: {})
    events = execution.history.events()
    assert [(e["id"], e["previousEventId"], e["type"]) for e in events] == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "PassStateEntered"),
        (3, 2, "PassStateExited"),
        (4, 3, "MapStateEntered"),
        (5, 4, "MapStateStarted"),
        (6, 5, "MapIterationStarted"),
        (7, 6, "TaskStateEntered"),
        (8, 7, "TaskScheduled"),
        (9, 8, "TaskStarted"),
        (10, 9, "TaskSucceeded"),
        (11, 10, "TaskStateExited"),
        (12, 11, "MapIterationSucceeded"),
        (13, 12, "MapStateSucceeded"),
        (14, 13, "MapStateExited"),
        (15, 14, "ExecutionSucceeded"),
    ]
    assert events[2]["stateExitedEventDetails"]["assignedVariables"] == {"x": "1"}
    assert json.loads(events[7]["taskScheduledEventDetails"]["parameters"]) == 1


def test_a_run_that_loops_for_ever_ends_at_25_000_events():
    choice = {
        "Type": "Choice",
        "Choices": [{"Condition": "{% true %}", "Next": "C"}],
        "Default": "E",
    }
    execution = run_machine(machine("C", C=choice, E={"Type": "Succeed"}), {})
    assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
    assert "maximum number of history events (25000)" in execution.cause
    assert len(execution.history) == 25_000


def test_an_express_machine_runs_at_most_five_minutes():
    definition = machine("P", P={"Type": "Pass", "End": True})
    assert run_machine(definition, {}, is_express=True).status == "SUCCEEDED"


def test_the_test_helper_refuses_a_definition_that_is_not_valid():
    with pytest.raises(ValueError, match="names no state: 'Gone'"):
        run_machine(machine("P", P={"Type": "Pass", "Next": "Gone"}), {})
