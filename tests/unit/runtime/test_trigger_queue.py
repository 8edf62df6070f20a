"""Who asks for a run, and what becomes of it: debounced, once, one at a time, whatever dies."""

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError

from bedrock_customization_runtime.contract import TriggerKind
from bedrock_customization_runtime.triggers import documents, queue as queues, requests, watching
from bedrock_customization_runtime.triggers.queue import Queue, Request, Sight, StartedRun

QUEUE = "s3://runtime-artifacts/triggers/machine.json"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:machine"
WATCH_MACHINE = f"{MACHINE}-watch"
NEW_DATA = Request(kind=TriggerKind.NEW_DATA)
SCHEDULE = Request(kind=TriggerKind.SCHEDULE, occasion="schedule 2026-01-01")
ALARM = Request(kind=TriggerKind.ALARM, occasion="alarm Drift 2026-01-01")


def asked(*wanted):
    queue = Queue()
    for request in wanted:
        queue = queues.asked(queue, request)
    return queue


def look(queue, data="a", *, watch=None, is_running=False, has_succeeded=False):
    sight = Sight(data=data, is_running=is_running, has_succeeded=has_succeeded)
    return queues.looked_at(queue, sight, watch, quiet_seconds=300)


def run_of(queue, data="a"):
    """Look until a run is to be started."""
    watch = None
    for _ in range(3):
        queue, watch = look(queue, data, watch=watch)
        if queue.run and not queue.run.started:
            return queue
    raise AssertionError(queue)


def test_a_run_of_new_data_begins_when_two_looks_see_the_same():
    queue, watch = look(asked(NEW_DATA), "one file")
    assert (queue.run, watch["wait_seconds"], watch["finished"]) == (None, 300, False)
    queue, watch = look(queue, "two files", watch=watch)
    assert (queue.run, watch["wait_seconds"]) == (None, 300)
    queue, watch = look(queue, "two files", watch=watch)
    assert queue.run == StartedRun(name=queue.run.name, data="two files")
    assert queue.requests == ()


def test_data_that_never_rest_wait_twelve_times():
    queue, watch, waits = asked(NEW_DATA), None, 0
    while queue.run is None:
        queue, watch = look(queue, f"{waits} files", watch=watch)
        waits += queue.run is None
    assert waits == 12


def test_a_hundred_files_ask_once_and_have_one_watcher():
    queue = asked(*[NEW_DATA] * 100)
    assert queue.requests == (NEW_DATA,)
    assert (queue.watcher, queue.watchers) == ("watch-1", 1)


def test_all_who_ask_while_a_run_goes_get_one_run():
    queue = asked(NEW_DATA, SCHEDULE, ALARM)
    queue, watch = look(queue)
    queue, watch = look(queue, watch=watch, is_running=True)
    assert (queue.run, watch["wait_seconds"], watch["looks"]) == (None, 60, 1)
    queue, watch = look(queue, watch=watch)
    assert queue.runs == 1
    assert queue.requests == ()
    assert queue.handled == (SCHEDULE.occasion, ALARM.occasion)


def test_the_same_occasion_asks_once_for_ever():
    queue = queues.begun(run := run_of(asked(ALARM)), run.run.name)
    assert queue.watcher is None
    assert queues.asked(queue, ALARM) == queue


def test_old_occasions_are_forgotten_by_and_by():
    queue = Queue()
    for number in range(150):
        alarm = Request(kind=TriggerKind.ALARM, occasion=f"alarm {number}")
        queue = run_of(queues.asked(queue, alarm))
        queue = queues.begun(queue, queue.run.name)
    assert (len(queue.handled), queue.handled[-1]) == (100, "alarm 149")


def test_new_data_that_the_latest_run_has_begin_nothing_even_if_it_failed():
    queue = queues.begun(run := run_of(asked(NEW_DATA)), run.run.name)
    queue, watch = look(queues.asked(queue, NEW_DATA))
    assert watch["finished"]
    assert (queue.runs, queue.watcher, queue.requests) == (1, None, ())


def test_the_clock_repeats_a_run_that_failed_and_not_one_that_succeeded():
    queue = queues.begun(run := run_of(asked(NEW_DATA)), run.run.name)
    waiting = queues.asked(queue, SCHEDULE)
    failed, _ = look(waiting, has_succeeded=False)
    succeeded, watch = look(waiting, has_succeeded=True)
    assert failed.runs == 2
    assert (succeeded.runs, watch["finished"]) == (1, True)
    assert succeeded.handled == (SCHEDULE.occasion,)


@pytest.mark.parametrize("request_", [NEW_DATA, SCHEDULE])
def test_without_data_only_an_alarm_begins_a_run(request_):
    queue, watch = look(asked(request_), queues.NO_DATA)
    assert (queue.run, watch["finished"]) == (None, True)
    assert run_of(asked(ALARM), queues.NO_DATA).runs == 1


def test_a_name_derives_from_who_asks_and_for_what():
    names = {
        run_of(asked(*wanted), data).run.name
        for wanted in ([NEW_DATA], [ALARM], [ALARM, SCHEDULE])
        for data in "ab"
    }
    assert len(names) == 6
    assert run_of(asked(NEW_DATA)).run.name == run_of(asked(NEW_DATA)).run.name
    assert all(len(name) <= 80 and name.replace("-", "").isalnum() for name in names)


def test_a_run_is_waited_for_about_a_tenth_of_its_time_and_at_most_an_hour():
    queue, watch = asked(ALARM), None
    waits = []
    while sum(waits) < 30 * 24 * 3600:
        queue, watch = look(queue, watch=watch, is_running=True)
        waits.append(watch["wait_seconds"])
    assert waits[0] == 60
    assert max(waits) == 3600
    # A look is ten events of a history that holds 25,000.
    assert len(waits) < 1000


class Executions:
    """Step Functions as its reference has it: a name is taken once, and forgets its input never."""

    def __init__(self):
        self.exceptions = boto3.client("stepfunctions", region_name="us-east-1").exceptions
        self.status, self.inputs = {}, {}
        self.loses_replies = 0

    def start_execution(self, *, stateMachineArn, name, input):
        arn = f"{stateMachineArn.replace(':stateMachine:', ':execution:')}:{name}"
        if self.status.get(arn, "RUNNING") != "RUNNING" or self.inputs.get(arn, input) != input:
            error = {"Error": {"Code": "ExecutionAlreadyExists", "Message": name}}
            raise self.exceptions.ExecutionAlreadyExists(error, "StartExecution")
        self.status[arn], self.inputs[arn] = "RUNNING", input
        if self.loses_replies:
            self.loses_replies -= 1
            raise ReadTimeoutError(endpoint_url="states")
        return {"executionArn": arn}

    def describe_execution(self, *, executionArn):
        if executionArn not in self.status:
            error = {"Error": {"Code": "ExecutionDoesNotExist", "Message": executionArn}}
            raise self.exceptions.ExecutionDoesNotExist(error, "DescribeExecution")
        return {"status": self.status[executionArn]}

    def list_executions(self, **_):
        return {"executions": []}  # as much behind as it may be

    def of(self, machine):
        prefix = machine.replace(":stateMachine:", ":execution:")
        return {
            arn.rpartition(":")[2]: status
            for arn, status in self.status.items()
            if arn.rpartition(":")[0] == prefix
        }

    def end(self, machine, status="SUCCEEDED"):
        for name in self.of(machine):
            self.status[f"{machine.replace(':stateMachine:', ':execution:')}:{name}"] = status


@pytest.fixture
def executions():
    return Executions()


@pytest.fixture
def ask(s3, executions):
    s3.delete_object(Bucket="runtime-artifacts", Key="triggers/machine.json")

    def ask(kind, occasion=""):
        event = {"queue": QUEUE, "watch_machine_arn": WATCH_MACHINE, "kind": kind}
        return requests.request(s3, executions, {**event, "occasion": occasion})

    return ask


@pytest.fixture
def watch(s3, executions):
    event = {
        "queue": QUEUE,
        "source": "s3://runtime-artifacts/incoming/",
        "state_machine_arn": MACHINE,
        "quiet_seconds": 300,
    }

    def watch(before=None):
        return watching.look(s3, executions, {**event, "watch": before})

    return watch


def test_the_same_event_twice_has_one_watcher_and_one_run(ask, watch, executions):
    assert ask("alarm", "one") == ask("alarm", "one") == "watch-1"
    assert watch()["finished"]
    assert ask("alarm", "one") is None
    assert list(executions.of(WATCH_MACHINE)) == ["watch-1"]
    assert len(executions.of(MACHINE)) == 1


def test_a_run_whose_start_got_no_answer_is_started_once(ask, watch, executions, s3):
    ask("alarm", "one")
    executions.loses_replies = 1
    with pytest.raises(ReadTimeoutError):
        watch()
    assert not documents.load(s3, QUEUE)[0].run.started
    assert watch()["finished"]
    assert len(executions.of(MACHINE)) == 1
    assert documents.load(s3, QUEUE)[0].run.started


def test_a_run_that_ended_before_its_start_was_known_is_not_started_again(ask, watch, executions):
    ask("alarm", "one")
    executions.loses_replies = 1
    with pytest.raises(ReadTimeoutError):
        watch()
    executions.end(MACHINE)
    assert watch()["finished"]
    assert list(executions.of(MACHINE).values()) == ["SUCCEEDED"]


def test_who_asks_next_replaces_a_watcher_that_died(ask, executions):
    ask("alarm", "one")
    executions.end(WATCH_MACHINE, "FAILED")
    assert ask("alarm", "two") == "watch-2"


def test_who_asks_while_a_look_is_taken_is_not_taken_for_seen(ask, watch, s3, lose_to, executions):
    ask("alarm", "one")
    lose_to(lambda: ask("alarm", "two"))
    assert watch()["finished"]
    queue, _ = documents.load(s3, QUEUE)
    assert queue.handled == ("one", "two")
    assert len(executions.of(MACHINE)) == 1


def test_only_what_is_data_counts_as_new(ask, watch, s3):
    s3.put_object(Bucket="runtime-artifacts", Key="incoming/notes.txt", Body=b"notes")
    ask("new-data")
    assert watch()["finished"]
    s3.put_object(Bucket="runtime-artifacts", Key="incoming/a.csv", Body=b"a,b\n")
    ask("new-data")
    assert watch()["wait_seconds"] == 300
