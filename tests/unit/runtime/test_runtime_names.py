"""Names that a run gives to what it makes in Bedrock, held against Bedrock's own patterns.

Those are botocore's, matched by RE2: Python's `re` would not come back from the one of job names.
"""

import random
import string

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from hypothesis import example, given, settings, strategies as st
from re2 import compile as linear

from bedrock_customization_runtime import names
from bedrock_customization_runtime.names import job_of, key_of, name_of, names_of

BEDROCK = ServiceModel(Loader().load_service_model("bedrock", "service-2"), "bedrock")
CREATE_JOB = BEDROCK.operation_model("CreateModelCustomizationJob").input_shape.members
CREATE_DEPLOYMENT = BEDROCK.operation_model("CreateCustomModelDeployment").input_shape.members
CREATE_EVALUATION = BEDROCK.operation_model("CreateEvaluationJob").input_shape.members
JOB, MODEL = CREATE_JOB["jobName"], CREATE_JOB["customModelName"]
DEPLOYMENT, TOKEN = CREATE_DEPLOYMENT["modelDeploymentName"], CREATE_JOB["clientRequestToken"]
S3_URI, TAG = CREATE_JOB["outputDataConfig"].members["s3Uri"], CREATE_JOB["jobTags"].member
BUCKET = "b" * 63
PREFIX = "arn:aws:states:us-east-1:123456789012:execution:Pipeline:"
REDRIVES, ATTEMPTS = 1000, 10

# Step Functions takes up to 80 characters of most alphabets; whatever else comes is taken, too.
run_ids = st.one_of(
    st.text(max_size=80),
    st.text("-_.+=:/ \t\n\x00\u202e\ud83d💥İß'\"{%$<", max_size=80),
    st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=80),
)


def fits(shape, text):
    metadata = shape.metadata
    is_long_enough = metadata["min"] <= len(text) <= metadata["max"]
    return is_long_enough and linear(metadata["pattern"]).fullmatch(text) is not None


def utf_8(text):
    """Return text without halves of surrogate pairs, which JSON cannot bring."""
    return text.encode("utf-8", "ignore").decode()


@given(
    run=run_ids, machine=run_ids, attempt=st.integers(0, ATTEMPTS), redrive=st.integers(0, REDRIVES)
)
@example(run="x" * 80, machine="m" * 80, attempt=ATTEMPTS, redrive=REDRIVES)
@example(run="-" * 80, machine="", attempt=0, redrive=1)
def test_a_name_fits_every_pattern_of_bedrock(run, machine, attempt, redrive):
    arn = f"{PREFIX.replace('Pipeline', utf_8(machine))}{utf_8(run)}"
    job, model, job_token = job_of(arn, attempt)
    deployment, token = (made["deployment"] for made in names_of(arn))
    assert fits(JOB, job)
    assert fits(MODEL, model)
    assert fits(TOKEN, job_token)
    assert fits(CREATE_EVALUATION["jobName"], name_of(arn, "evaluation", attempt))
    # A state appends how often the execution was redriven (`of_this_drive`).
    for suffix in ("", f"-{redrive}") if redrive else ("",):
        assert fits(DEPLOYMENT, deployment + suffix)
        assert fits(TOKEN, token + suffix)
    assert (job, model, job_token) == job_of(arn, attempt)


@given(run=run_ids)
@example(run="-leading")
@example(run="x" * 81)
def test_a_run_fits_in_every_key_and_tag_that_a_job_is_given(run):
    key = key_of(utf_8(run))
    assert len(key) <= 80
    assert fits(TAG.members["value"], key)
    for place in ("", "/customization/", "/prepared/train.jsonl", "/prepared/validation.jsonl"):
        assert fits(S3_URI, f"s3://{BUCKET}/runs/{key}{place}")
    assert key == key_of(utf_8(run))


@settings(max_examples=20)
@given(candidates=st.lists(st.text(max_size=30), min_size=2, max_size=8, unique=True), run=run_ids)
def test_steps_of_a_run_share_no_name_whatever_they_are_called(candidates, run):
    made = {name_of(PREFIX + utf_8(run), utf_8(step), 0) for step in candidates}
    assert len(made) == len({utf_8(step) for step in candidates})


def test_ten_thousand_runs_share_no_name_and_no_key():
    chance = random.Random(7)
    alphabet = string.ascii_letters + string.digits + "-_äß漢 "
    runs = {"".join(chance.choices(alphabet, k=chance.randint(1, 80))) for _ in range(10_000)}
    # As alike as names can be: they differ in what a readable name leaves out.
    runs |= {"same" + "-" * length for length in range(1, 40)}
    made = [name for run in runs for name in (*job_of(PREFIX + run, 0), *job_of(PREFIX + run, 1))]
    deployments = [name for run in runs for one in names_of(PREFIX + run) for name in one.values()]
    assert len({*made, *deployments}) == len(made) + len(deployments)
    assert len({key_of(run) for run in runs}) == len(runs)


def test_two_pipelines_share_no_name_for_runs_of_one_name():
    other = PREFIX.replace("Pipeline", "Other")
    assert name_of(PREFIX + "run-1", "job") != name_of(other + "run-1", "job")


def test_a_deliberate_repetition_gets_a_new_name():
    assert name_of(PREFIX + "run-1", "job", attempt=1) != name_of(PREFIX + "run-1", "job")


def test_names_and_tokens_of_a_run_all_differ():
    named, tokens = names_of(PREFIX + "run-1")
    jobs = [name for attempt in range(3) for name in job_of(PREFIX + "run-1", attempt)]
    assert len({*named.values(), *tokens.values(), *jobs}) == 11


def test_a_person_recognizes_the_run_in_its_names():
    assert name_of(PREFIX + "Banking_77", "job").startswith("banking-77-")
    assert key_of("Banking_77") == "Banking_77"


@pytest.mark.parametrize("text", ["x", "-", "a-", "--a", "é", "\n", "a."])
@pytest.mark.parametrize("length", [10_000, 1_000_000])
def test_however_long_the_input_a_pattern_sees_few_characters_of_it(monkeypatch, text, length):
    """Digests are linear by nature; what could be slower sees a bounded piece."""
    seen = []
    slug = names._slug
    monkeypatch.setattr(names, "_slug", lambda piece: seen.append(len(piece)) or slug(piece))
    hostile = (text * length)[:length]
    assert len(name_of(hostile, "job")) <= 63
    assert len(key_of(hostile)) <= 80
    assert max(seen) <= 2 * names.MAXIMUM_LENGTH


def test_candidates_of_a_sweep_share_no_name_with_each_other_or_the_single_job():
    made = [
        name
        for candidate in (None, 1, 2, 11)
        for attempt in (0, 1)
        for name in job_of("arn:aws:states:eu-west-1:1:execution:Machine:run", attempt, candidate)
    ]
    assert len(set(made)) == len(made) == 24
    assert all(len(name) <= names.MAXIMUM_LENGTH for name in made)
