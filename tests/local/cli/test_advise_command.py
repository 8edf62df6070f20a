"""`advise` as a person or a script runs it."""

import hashlib
import json

import boto3
import msgspec
import pytest
from msgspec.structs import replace

from bedrock_customization_local.cli.data import advising
from bedrock_customization_runtime.manifest import (
    AdviceReason,
    AdviceSection,
    BaselineFigures,
    BaselineSection,
    FileRecord,
    Manifest,
    PreparationSection,
    RunSection,
    UseCaseSection,
)

NOVA_MICRO = "amazon.nova-micro-v1:0:128k"
USE_CASE = """
task = "Sort mail."
metric = "accuracy"
owner = "Post room"
"""


def rows(count, labels):
    """Rows of which no two are near-copies."""
    words = [hashlib.sha256(str(n).encode()).hexdigest()[:12] for n in range(4 * count)]
    lines = (
        f"{' '.join(words[4 * n : 4 * n + 4])},{labels[n % len(labels)]}" for n in range(count)
    )
    return "\n".join(["text,label", *lines])


@pytest.fixture
def advise(run_in, folder):
    """Advise on a CSV file."""
    (folder / "mail.csv").write_text(rows(400, ["bill", "order"]))

    def run(*more, use_case=USE_CASE):
        (folder / "use_case.toml").write_text(use_case)
        return run_in(
            "advise",
            "mail.csv",
            "--target",
            "label",
            "--base-model",
            NOVA_MICRO,
            "--use-case",
            "use_case.toml",
            *more,
        )

    return run


def file_record(name, records):
    return FileRecord(uri=f"s3://d/{name}", sha256="0", bytes=1, records=records)


def manifest_of(*, verdict="tune", rule="room-to-gain", measured=True, prepared=True):
    figures = BaselineFigures(
        value=0.5,
        interval=(0.45, 0.55),
        format_failures=0.25,
        input_tokens=1,
        output_tokens=1,
        median_latency_ms=1,
    )
    return Manifest(
        run=RunSection(
            id="run-1",
            execution_arn="arn",
            source="s3://d/x",
            base_model=NOVA_MICRO,
            inference_model="i",
            catalog_version="1",
            library_version="1",
            started="now",
            embedded=False,
        ),
        use_case=UseCaseSection(task="Sort mail.", metric="accuracy", owner="Post room"),
        preparation=PreparationSection(
            source=file_record("x", 3_000),
            train=file_record("train", 2_000),
            validation=file_record("validation", 300),
            test=file_record("test", 600),
            rejected=None,
            read=3_000,
            duplicates=0,
            estimated_tokens=1,
            record_format="converse",
            label_counts={"bill": 1_500, "order": 500},
            minimum_detectable_effect=0.057,
        )
        if prepared
        else None,
        baseline=BaselineSection(
            metric="accuracy",
            target=0.9,
            min_improvement=0.0,
            records=300,
            questions=file_record("questions", 300),
            examples=4,
            zero_shot=figures,
            few_shot=figures,
            gain=(-0.1, 0.1),
            interval_method="exact",
            blind_records=600,
            minimum_detectable_effect=0.057,
            advice=AdviceSection(
                verdict=verdict, reasons=[AdviceReason(rule=rule, message="because of figures")]
            ),
        )
        if measured
        else None,
    )


@pytest.fixture
def advise_on(run_in, folder):
    """Advise on a manifest."""

    def run(manifest, *more):
        (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))
        return run_in("advise", "--manifest", "manifest.json", *more)

    return run


def test_raw_data_are_told_with_their_figures_and_what_they_cannot_tell(advise):
    code, output, _ = advise()
    assert code == 1
    assert "Use case: Sort mail. Owner: Post room" in output
    assert "Labels: 2, with " in output
    assert "Near-copies: 0 records beyond the first of each; a plain random split" in output
    assert "Power: the blind set shows differences of accuracy from " in output
    assert "Cost of a run: about $0.0" in output
    assert "→ measure first\n\nnot-measured: nobody has asked the base model yet" in output


def test_what_the_use_case_states_decides_before_anything_is_measured(advise):
    _, output, _ = advise(use_case=USE_CASE + 'knowledge_changes = "daily"')
    assert "→ retrieval first\n\nfacts-change: the use case states that the facts change" in output
    _, output, _ = advise(use_case=USE_CASE + "min_improvement = 0.02")
    assert "→ evaluate better first\n\nblind-set-too-small: the 82 b" in output
    assert "about 4,906 blind records would show it" in output


def test_too_few_records_are_told(run_in, folder):
    (folder / "few.csv").write_text(rows(120, ["bill", "order"]))
    code, output, _ = run_in("advise", "few.csv", "--target", "label", "--base-model", NOVA_MICRO)
    assert code == 1
    assert "→ more data first" in output
    assert "at least 200 are advised for the base model" in output


def test_machines_get_one_document_with_all_of_it(advise):
    code, output, _ = advise("--format", "json")
    found = msgspec.json.decode(output, type=advising.AdviceDocument)
    assert code == 1
    assert found.train + found.validation + found.blind == 400
    assert found.advice.verdict == "measure first"
    assert found.baseline is None
    assert found.estimate.usd > 0


@pytest.mark.parametrize(("verdict", "expected"), [("tune", 0), ("prompt first", 1)])
def test_of_a_run_its_measured_baseline_decides(advise_on, verdict, expected):
    code, output, _ = advise_on(manifest_of(verdict=verdict))
    assert code == expected
    assert "with 4 examples in the prompt     50.0%" in output
    assert "45.0% to 55.0%" in output
    assert f"{verdict}\n\nroom-to-gain: because of figures" in output


def test_a_run_without_a_baseline_is_judged_by_its_data(advise_on):
    code, output, _ = advise_on(manifest_of(measured=False), "--format", "json")
    assert code == 1
    assert json.loads(output)["advice"]["verdict"] == "measure first"


@pytest.mark.parametrize(
    ("base_model", "verdict"),
    [(NOVA_MICRO, "more data first"), ("of.another-version", "measure first")],
)
def test_a_run_without_a_baseline_may_have_too_few_records(advise_on, base_model, verdict):
    made = manifest_of(measured=False)
    few = replace(made.preparation, train=file_record("train", 199))
    made = replace(made, preparation=few, run=replace(made.run, base_model=base_model))
    assert json.loads(advise_on(made, "--format", "json")[1])["advice"]["verdict"] == verdict


def test_a_run_without_data_is_no_ground_for_advice(advise_on):
    code, _, errors = advise_on(manifest_of(prepared=False, measured=False))
    assert code == 1
    assert "run run-1 has no prepared data to judge by" in errors


def test_a_manifest_is_read_from_s3_with_the_credentials_of_the_shell(run_in, monkeypatch):
    class Bucket:
        def get_object(self, **where):
            assert where == {"Bucket": "artifacts", "Key": "runs/1/manifest.json"}
            return {"Body": self}

        def read(self):
            return msgspec.json.encode(manifest_of())

    class Shell:
        def __init__(self, *, region_name, profile_name):
            assert (region_name, profile_name) == (None, None)

        def client(self, service):
            return {"s3": Bucket}[service]()

    monkeypatch.setattr(boto3, "Session", Shell)
    code, output, _ = run_in("advise", "--manifest", "s3://artifacts/runs/1/manifest.json")
    assert code == 0
    assert "✓ tune" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name raw data or --manifest, one of them"),
        (["mail.csv", "--manifest", "m.json"], "name raw data or --manifest, one of them"),
        (["mail.csv"], "--base-model is missing"),
        (["mail.csv", "--base-model", "nova"], "--base-model:"),
        (["--manifest", "m.json", "--use-case", "u.toml"], "a manifest has its own"),
        (["--manifest", "m.json", "--base-model", NOVA_MICRO], "a manifest has its own"),
        (["--manifest", "nowhere.json"], "--manifest: nowhere.json cannot be read: No such file"),
        (["--manifest", "use_case.toml"], "--manifest: use_case.toml is no manifest of"),
        (["--manifest", "s3://only-a-bucket"], "an S3 URI looks like"),
        (
            ["mail.csv", "--base-model", NOVA_MICRO, "--use-case", "nowhere.toml"],
            "--use-case: nowhere.toml: No such file",
        ),
        (
            ["mail.csv", "--base-model", NOVA_MICRO, "--use-case", "bad.toml"],
            "--use-case: bad.toml: 'goal' is no field of a use case",
        ),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(run_in, folder, arguments, message):
    (folder / "mail.csv").write_text(rows(100, ["bill"]))
    (folder / "use_case.toml").write_text(USE_CASE)
    (folder / "bad.toml").write_text("goal = 1")
    code, _, errors = run_in("advise", *arguments)
    assert code == 2
    assert message in errors


def test_data_that_are_refused_are_no_ground_for_advice(run_in, folder):
    (folder / "three.csv").write_text(rows(3, ["bill"]))
    code, _, errors = run_in("advise", "three.csv", "--target", "label", "--base-model", NOVA_MICRO)
    assert code == 1
    assert "bedrock-customization validate says why" in errors
