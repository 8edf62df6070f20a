"""Large sources prepared by Distributed Map, with the real template, roles and functions."""

import csv
import io
import json
import time
from importlib.resources import files

import pytest

pytestmark = pytest.mark.slow

STATES = (
    "Plan preparation",
    "Examine shards",
    "Gather shards",
    "Sign shards",
    "Compare buckets",
    "Decide sides",
    "Divide shards",
    "Finish preparation",
)


@pytest.fixture(scope="module")
def source(hostile_jsonl):
    return hostile_jsonl(300, too_long=False)


@pytest.fixture(scope="module")
def alone(machines, source):
    """What one function makes of the source."""
    execution = machines.run("One", "alone", source)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    return machines.files("alone"), machines.section("alone")


@pytest.fixture(scope="module")
def short(hostile_jsonl):
    """A source of few shards, for what takes many runs."""
    return hostile_jsonl(110, too_long=False)


@pytest.fixture(scope="module")
def short_alone(machines, short):
    """What one function makes of it."""
    execution = machines.run("One", "short-alone", short)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    return machines.files("short-alone"), machines.section("short-alone")


def made(machines, name):
    return machines.files(name), machines.section(name)


def test_many_functions_leave_the_same_bytes_as_one(machines, source, alone):
    arn = machines.start("Many", "many", source)
    execution = machines.wait(arn)

    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert made(machines, "many") == alone
    assert [name for name in machines.entered(arn) if name in STATES] == list(STATES)
    assert len(machines.versions("many", "summary.json")) > 5


def banking_as_json_lines():
    excerpt = files("bedrock_customization_local") / "demo_data" / "banking77_excerpt.csv"
    # Of every intent, for the file is in their order; enough for some shards.
    rows = list(csv.DictReader(io.StringIO(excerpt.read_text())))[::3]
    lines = [{"prompt": row["text"], "completion": row["category"]} for row in rows]
    return "\n".join(map(json.dumps, lines)).encode()


def test_real_questions_are_the_same_bytes_either_way(machines):
    body = banking_as_json_lines()
    for machine, name in (("One", "banking-one"), ("Many", "banking-many")):
        execution = machines.run(machine, name, body)
        assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert made(machines, "banking-many") == made(machines, "banking-one")


def test_templates_and_groups_are_the_same_bytes_either_way(machines, hostile_jsonl):
    body = hostile_jsonl(110, seed=5, columns=True, too_long=False)
    for machine, name in (("OneColumns", "columns-one"), ("ManyColumns", "columns-many")):
        execution = machines.run(machine, name, body)
        assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert made(machines, "columns-many") == made(machines, "columns-one")


def test_a_small_source_takes_one_function_unless_told_otherwise(machines, source, alone):
    arn = machines.start("Default", "default", source)
    assert machines.wait(arn)["status"] == "SUCCEEDED"
    assert machines.entered(arn) == [
        "Start run",
        "Plan preparation",
        "Is the source cut?",
        "Prepare data",
    ]
    assert made(machines, "default") == alone


def wait_until_in(machines, arn, state):
    while state not in machines.entered(arn):
        assert machines.status(arn) == "RUNNING"
        time.sleep(0.03)


def stop_in(machines, arn, state):
    """Stop an execution as soon as it is in a state; tell whether it was not over already."""
    wait_until_in(machines, arn, state)
    machines.states.stop_execution(executionArn=arn, error="Killed", cause="by a test")
    return machines.wait(arn)["status"] == "ABORTED"


@pytest.mark.parametrize("states", [STATES[:-1], STATES[-1:]], ids=["all but the last", "the last"])
def test_a_run_stopped_in_states_and_redriven_leaves_the_same_bytes(
    machines, short, short_alone, states
):
    for attempt in range(5):
        name = f"stopped-{len(states)}-{attempt}"
        arn = machines.start("Many", name, short)
        seen = []
        for state in states:
            if not stop_in(machines, arn, state):
                break
            examined = machines.versions(name, "accepted.jsonl")
            seen.append({n: examined[n] for n in machines.versions(name, "summary.json")})
            machines.states.redrive_execution(executionArn=arn)
        if len(seen) == len(states):
            break
    execution = machines.wait(arn)

    assert len(seen) == len(states)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert made(machines, name) == short_alone
    # No shard that was examined is examined again.
    examined = machines.versions(name, "accepted.jsonl")
    assert all(then.items() <= examined.items() for then in seen)


@pytest.mark.parametrize("state", ["Examine shards", "Divide shards"])
def test_killed_functions_are_tried_again(machines, short, short_alone, state):
    name = f"killed-{state.split()[0].lower()}"
    arn = machines.start("Many", name, short)
    wait_until_in(machines, arn, state)
    while not machines.cloud.functions.kill():
        assert machines.status(arn) == "RUNNING"
    execution = machines.wait(arn)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert made(machines, name) == short_alone


def test_a_source_overwritten_while_it_is_read_ends_the_run(machines, source):
    arn = machines.start("Many", "overwritten", source)
    wait_until_in(machines, arn, "Examine shards")
    machines.s3.put_object(
        Bucket=machines.outputs["Data"], Key="incoming/overwritten", Body=source + b"\n"
    )
    execution = machines.wait(arn)
    assert (execution["status"], execution["error"]) == ("FAILED", "SourceChanged")
    assert machines.entered(arn)[-1] == "Gather shards"


def test_a_refusal_has_its_own_name_and_leaves_its_evidence(machines, short):
    execution = machines.run("Many", "refused", short + b'\n{"prompt": "broken' * 2500)
    assert (execution["status"], execution["error"]) == ("FAILED", "DatasetRejected")
    assert "max_rejected allows 90.0%" in execution["cause"]
    assert {key for _, key in machines.files("refused")} == {
        "preparation/rejected.jsonl",
        "preparation/report.json",
    }


def test_no_state_hands_on_more_than_references(machines):
    lines = [b'{"prompt": "broken'] * 2000
    lines += [
        json.dumps({"prompt": f"{chr(97 + n % 26)} {n:b}", "completion": "x" * 90}).encode()
        for n in range(250)
    ]
    arn = machines.start("Many", "handed-on", b"\n".join(lines))
    execution = machines.wait(arn)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    exits = [
        event["stateExitedEventDetails"]
        for event in machines.events(arn)
        if "stateExitedEventDetails" in event
    ]
    assert max(len(json.dumps(found)) for found in exits) < 32 * 2**10


def test_the_roles_have_the_rights_that_the_runs_needed_and_no_more(machines, closure_of):
    """The last test of the module, for it looks back at all runs."""
    alike = machines.outputs.keys() - {"Data", "Blind", "Artifacts"}
    closure = closure_of(machines.cloud, alike=alike)
    assert closure.denied() == set()
    assert closure.surplus() == set()
    assert closure.stale() == []
