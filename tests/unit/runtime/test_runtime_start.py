"""The first state: input checked, names derived, manifest begun."""

import pytest

from bedrock_customization_runtime import aws, manifest
from bedrock_customization_runtime.errors import InvalidInput
from bedrock_customization_runtime.handlers import start_run


@pytest.fixture(autouse=True)
def _our_s3(s3, monkeypatch):
    monkeypatch.setattr(aws, "s3", lambda: s3)


def event(given, name="run-1", base_model="amazon.nova-micro-v1:0:128k"):
    return {
        "execution_arn": f"arn:aws:states:us-east-1:123456789012:execution:Machine:{name}",
        "kind": "customization",
        "execution_name": name,
        "input": given,
        "data_bucket": "data",
        "blind_bucket": "blind",
        "artifacts_bucket": "runtime-artifacts",
        "base_model": base_model,
        "method": "FINE_TUNING",
        "hyperparameters": {"epochCount": "1"},
    }


def test_a_run_begins_with_its_places_and_its_manifest(s3):
    run = start_run.handler(event({"source": "s3://data/incoming/x.csv"}), None)
    assert run["data"] == "s3://data/runs/run-1"
    assert run["blind"] == "s3://blind/runs/run-1"
    assert run["artifacts"] == "s3://runtime-artifacts/runs/run-1"
    begun = manifest.load(s3, run["manifest"])
    assert begun.run.inference_model == "amazon.nova-micro-v1:0"
    assert begun.status == "running"


def test_hyperparameters_of_the_execution_go_with_the_run():
    given = {"source": "s3://data/incoming/x.csv", "hyperparameters": {"learningRate": 2e-5}}
    run = start_run.handler(event(given, name="tuned"), None)
    assert run["hyperparameters"] == {"learningRate": "0.00002"}


def test_a_source_may_be_a_prefix():
    given = event({"source": "s3://data/incoming/logs/"}, name="prefix")
    assert start_run.handler(given, None)["source"] == "s3://data/incoming/logs/"


def test_a_source_may_lie_among_the_logs_of_another_team():
    theirs = {"logs": "s3://central/bedrock/"}
    given = {"source": "s3://central/bedrock/AWSLogs/"}
    run = start_run.handler({**event(given, name="theirs"), **theirs}, None)
    assert run["source"] == "s3://central/bedrock/AWSLogs/"
    other = {"source": "s3://central/secrets/"}
    with pytest.raises(InvalidInput, match="copy the data there"):
        start_run.handler({**event(other, name="others"), **theirs}, None)


def test_a_repeated_state_returns_the_same_run():
    same = event({"source": "s3://data/incoming/x.csv"}, name="again")
    assert start_run.handler(same, None) == start_run.handler(same, None)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "the run's input must be"),
        ({}, "the run's input must be"),
        ({"source": 5}, "the run's input must be"),
        ({"source": "s3://data/incoming/x", "spurce": 1}, "got also spurce"),
        ({"source": "x.csv"}, "source: an S3 URI looks like"),
        ({"source": "s3://other/incoming/x.csv"}, "source must be an object like s3://data/in"),
        ({"source": "s3://data/runs/x.csv"}, "source must be an object like s3://data/incoming/"),
        (
            {"source": "s3://data/incoming/x", "hyperparameters": 3},
            "hyperparameters must be an object",
        ),
        (
            {"source": "s3://data/incoming/x", "hyperparameters": {"epochCount": [1]}},
            "hyperparameters: epochCount must be a number or a word, got list",
        ),
        (
            {"source": "s3://data/incoming/x", "hyperparameters": {"epochcount": 1}},
            "did you mean epochCount",
        ),
        (
            {"source": "s3://data/incoming/x", "hyperparameters": {"epochCount": 600}},
            "epochCount of .* must be an integer from 1 to 5",
        ),
    ],
)
def test_an_input_that_makes_no_sense_is_refused_with_an_example(given, message):
    with pytest.raises(InvalidInput, match=message):
        start_run.handler(event(given, name="refused"), None)


def test_a_base_model_that_retired_since_the_deployment_is_refused():
    retired = event(
        {"source": "s3://data/incoming/x.csv"},
        base_model="anthropic.claude-3-haiku-20240307-v1:0:200k",
    )
    with pytest.raises(InvalidInput, match="is retired since 2026-09-10; for FINE_TUNING use"):
        start_run.handler(retired, None)
