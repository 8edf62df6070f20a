"""Names that a run gives to what it makes in Bedrock."""

import re

from hypothesis import given, strategies as st

from bedrock_customization_runtime.names import MAXIMUM_LENGTH, job_of, key_of, name_of, names_of

# Bedrock's patterns, written so that they take linear time.
JOB = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9+.-]{0,61}[a-zA-Z0-9+.])?")
MODEL = re.compile(r"[0-9a-zA-Z](?:[_-]?[0-9a-zA-Z]){0,62}")
EVALUATION = re.compile(r"[a-z0-9](?:-*[a-z0-9]){0,62}")
TOKEN = re.compile(r"[a-zA-Z0-9](?:[-a-zA-Z0-9]{0,254}[a-zA-Z0-9])?")
S3_KEY = re.compile(r"[-!_*'().a-z0-9A-Z]+")
PREFIX = "arn:aws:states:us-east-1:123456789012:execution:Pipeline:"


@given(run=st.text(max_size=80), step=st.sampled_from(["job", "model", "deployment"]))
def test_a_name_fits_every_pattern_of_bedrock(run, step):
    name = name_of(PREFIX + run, step)
    assert len(name) <= 63
    for pattern in (JOB, MODEL, EVALUATION, TOKEN):
        assert pattern.fullmatch(name)


@given(run=st.text(max_size=80))
def test_a_run_fits_in_an_s3_key_of_a_job(run):
    assert S3_KEY.fullmatch(key_of(run))
    assert len(key_of(run)) <= 80


@given(runs=st.sets(st.text(max_size=80), min_size=2, max_size=20))
def test_runs_share_no_name_and_no_key(runs):
    assert len({name_of(PREFIX + run, "job") for run in runs}) == len(runs)
    assert len({key_of(run) for run in runs}) == len(runs)


def test_a_repeated_state_asks_for_the_same_names():
    assert names_of(PREFIX + "run-1") == names_of(PREFIX + "run-1")


def test_two_pipelines_share_no_name_for_runs_of_one_name():
    other = PREFIX.replace("Pipeline", "Other")
    assert name_of(PREFIX + "run-1", "job") != name_of(other + "run-1", "job")


def test_a_deliberate_repetition_gets_a_new_name():
    assert name_of(PREFIX + "run-1", "job", attempt=1) != name_of(PREFIX + "run-1", "job")


def test_names_and_tokens_of_a_run_all_differ():
    names, tokens = names_of(PREFIX + "run-1")
    jobs = [name for attempt in range(3) for name in job_of(PREFIX + "run-1", attempt)]
    assert len({*names.values(), *tokens.values(), *jobs}) == 11


def test_a_person_recognizes_the_run_in_its_names():
    assert name_of(PREFIX + "Banking_77", "job").startswith("banking-77-")
    assert key_of("Banking_77") == "Banking_77"


def test_a_name_of_absurd_length_is_cut():
    assert len(name_of("x" * 1_000_000, "job")) <= 63


def test_candidates_of_a_sweep_share_no_name_with_each_other_or_the_single_job():
    made = [
        name
        for candidate in (None, 1, 2, 11)
        for attempt in (0, 1)
        for name in job_of("arn:aws:states:eu-west-1:1:execution:Machine:run", attempt, candidate)
    ]
    assert len(set(made)) == len(made) == 24
    assert all(len(name) <= MAXIMUM_LENGTH for name in made)
