"""The line that each invocation writes, and what it puts on the lines of others."""

import importlib
import json
import logging
import pkgutil

import pytest

from bedrock_customization_runtime import handlers, telemetry
from bedrock_customization_runtime.contract.monitoring import UNITS, RunMetric, StageMetric
from bedrock_customization_runtime.telemetry import emit, observed

ARN = "arn:aws:states:us-east-1:123456789012:execution:Tuning:monday"


class Context:
    aws_request_id = "r-1"


def line_of(capsys):
    (line,) = capsys.readouterr().out.splitlines()
    return json.loads(line)


@observed
def handler(event, _context):
    logging.getLogger("ours").warning("look")
    if event.get("cost"):
        emit(RunMetric.ESTIMATED_COST, event["cost"])
    if event.get("fails"):
        raise LookupError("a record of the user")
    return event


def test_a_line_tells_run_stage_and_metrics(capsys):
    event = {"run": {"execution_arn": ARN}, "step": "plan", "cost": 2.5}
    assert handler(event, Context()) == event
    line = line_of(capsys)
    assert line["run_id"] == "monday"
    assert line["execution_arn"] == ARN
    assert line["stage"] == "test_telemetry.plan"
    assert line["requestId"] == "r-1"
    assert line["outcome"] == "Completed"
    assert (line["Pipeline"], line["EstimatedCost"]) == ("Tuning", 2.5)
    stage, run = line["_aws"]["CloudWatchMetrics"]
    assert stage["Dimensions"] == [["Pipeline", "Stage"]]
    assert run == {
        "Namespace": "BedrockCustomization",
        "Dimensions": [["Pipeline"]],
        "Metrics": [{"Name": "EstimatedCost", "Unit": "None"}],
    }


def test_an_error_is_told_by_its_name_alone(capsys):
    with pytest.raises(LookupError):
        handler({"execution_arn": ARN, "fails": True, "cost": 1}, None)
    line = line_of(capsys)
    assert line["outcome"] == "LookupError"
    assert line["EstimatedCost"] == 1
    assert "record" not in json.dumps(line)


def test_an_event_of_no_run_has_no_metrics(capsys):
    handler({"rawPath": "/", "execution_arn": "no ARN"}, None)
    line = line_of(capsys)
    assert (line["run_id"], line["execution_arn"]) == ("", "")
    assert "_aws" not in line


@pytest.mark.parametrize(
    ("event", "pipeline"),
    [
        ({"pipeline": "Tuning"}, "Tuning"),
        ({"preparation": {"run": {"execution_arn": ARN}}}, "Tuning"),
        ({"execution_arn": ARN.replace("Tuning", "Tuning/Shards")}, "Tuning"),
    ],
)
def test_the_pipeline_is_found_wherever_it_stands(event, pipeline, capsys):
    handler(event, None)
    assert line_of(capsys)["Pipeline"] == pipeline


def test_only_the_first_invocation_of_a_process_is_a_cold_start(capsys, monkeypatch):
    monkeypatch.setattr(telemetry, "_invocations", iter([0, 1]))
    handler({}, None)
    handler({}, None)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["cold_start"] for one in lines] == [True, False]


def test_records_that_are_logged_meanwhile_carry_the_run_and_later_ones_do_not(caplog):
    handler({"execution_arn": ARN}, None)
    logging.getLogger("ours").warning("later")
    during, after = caplog.records
    assert (during.run_id, during.execution_arn, during.stage) == ("monday", ARN, "test_telemetry")
    assert not hasattr(after, "run_id")


def test_a_metric_that_is_no_number_is_left_out(capsys):
    handler({"execution_arn": ARN, "cost": float("nan")}, None)
    assert "EstimatedCost" not in line_of(capsys)


def test_outside_of_an_invocation_a_metric_goes_nowhere(capsys):
    emit(RunMetric.SCORE, 1)
    assert not capsys.readouterr().out


def test_every_handler_is_observed():
    for module in pkgutil.iter_modules(handlers.__path__):
        found = importlib.import_module(f"{handlers.__name__}.{module.name}").handler
        assert found.__wrapped__.__module__ == found.__module__


def test_every_metric_has_a_unit():
    assert set(UNITS) == {*RunMetric, *StageMetric}
