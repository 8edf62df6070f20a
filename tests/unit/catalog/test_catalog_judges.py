"""Who may judge, as the user guide lists it; every line names a model by its own id."""

import re

import pytest

from bedrock_customization_runtime import catalog

MODEL = re.compile(r"[a-z]+\.[a-z0-9][a-z0-9.-]*(?::\d+)?")
PRO, LARGE = "amazon.nova-pro-v1:0", "mistral.mistral-large-2407-v1:0"


def test_every_judge_is_a_foundation_model_and_no_profile():
    facts = catalog.judges()
    for model in facts.built_in | facts.custom:
        assert MODEL.fullmatch(model), model
        assert catalog.split_profile(model) == ("", model)


def test_the_lists_have_a_day_and_a_judgement_has_a_size():
    facts = catalog.judges()
    assert facts.as_of == "2026-11-22"
    assert facts.instruction_tokens > facts.explanation_tokens > 0


@pytest.mark.parametrize(
    ("model", "built_in", "custom", "listed"),
    [
        (PRO, True, True, True),
        (f"us.{PRO}", True, True, True),
        (f"arn:aws:bedrock:us-east-1::foundation-model/{PRO}", True, False, True),
        (LARGE, False, True, True),
        (LARGE, True, False, False),
        ("amazon.titan-text-express-v1", False, False, True),
        ("amazon.titan-text-express-v1", False, True, False),
    ],
)
def test_a_judge_is_listed_by_what_it_judges(model, built_in, custom, listed):
    assert catalog.judges().lists(model, built_in=built_in, custom=custom) is listed
