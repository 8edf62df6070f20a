"""Pictures of states show what the definition says, as Graphviz is told it."""

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
STATES = {
    "Plan": {
        "Type": "Task",
        "Comment": "Phase: Plan it",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Next": "Is it cut?",
        "Catch": [
            {"ErrorEquals": ["TooLarge"], "Next": "Give up"},
            {"ErrorEquals": ["States.ALL"], "Next": "Give up"},
        ],
    },
    "Is it cut?": {
        "Type": "Choice",
        "Comment": "Phase: Or not",
        "Choices": [{"Condition": "{% $cut %}", "Next": "Each"}],
        "Default": "Go on",
    },
    "Each": {
        "Type": "Map",
        "Comment": "Phase: All of them",
        "ItemProcessor": {
            "StartAt": "One",
            "States": {
                "One": {
                    "Type": "Task",
                    "Comment": "Phase: One of them",
                    "Resource": "arn:aws:states:::bedrock:createModelCustomizationJob.sync",
                    "End": True,
                }
            },
        },
        "Next": "Go on",
    },
    "Go on": {"Type": "Succeed", "Comment": "Other: There"},
    "Give up": {"Type": "Fail", "Comment": "Failure: Undo"},
}


@pytest.fixture(scope="module")
def drawing():
    return runpy.run_path(str(DOCS / "state_pictures.py"))


@pytest.fixture(scope="module")
def source(drawing):
    return drawing["of_phase"](STATES, "Phase").source


def test_a_choice_says_under_which_condition_it_leads_where(source):
    assert '"Is it cut?" -> "One" [ label="$cut" lhead="cluster Each"]' in source
    assert '"Is it cut?" -> "to Go on" [ label="otherwise"]' in source


def test_what_follows_a_phase_stands_outside_with_its_own_phase(source):
    assert 'label="Go on\\nOther"' in source


def test_an_error_with_a_name_is_dashed_and_the_rest_is_left_to_the_way_of_failure(source):
    assert '"Plan" -> "way of failure" [ label="TooLarge" style=dashed class="caught"]' in source
    assert "States.ALL" not in source


def test_a_map_is_a_group_that_is_left_from_its_end(source):
    assert 'subgraph "cluster Each"' in source
    assert '"exit Each" -> "to Go on" [ ltail="cluster Each"]' in source
    assert "Bedrock: CreateModelCustomizationJob\\nuntil it has ended" in source


def test_states_are_listed_in_the_order_of_a_run(drawing):
    backwards = dict(reversed(STATES.items()))
    names = [name for name, _ in drawing["in_order"](backwards)]
    assert names == ["Plan", "Is it cut?", "Each", "Go on", "Give up"]


def test_another_definition_is_another_picture(drawing):
    other = {**STATES, "Plan": {**STATES["Plan"], "Next": "Each"}}
    digests = {drawing["of_phase"](states, "Phase").digest for states in (STATES, other)}
    assert len(digests) == 2
