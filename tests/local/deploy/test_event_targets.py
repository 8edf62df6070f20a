"""What EventBridge hands to a target."""

import json

import pytest

from bedrock_customization_local.cloud.event_targets import as_delivered, target_input

EVENT = {"source": "s", "detail": {"job": 'a "b"', "tags": ["x", "y"], "cost": 1.5}}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({}, EVENT),
        ({"Input": '{"constant": 1}'}, {"constant": 1}),
        ({"InputPath": "$.detail.tags[1]"}, "y"),
        ({"InputPath": "$.detail.absent"}, None),
    ],
)
def test_a_target_receives_the_event_a_part_of_it_or_a_constant(target, expected):
    assert json.loads(target_input(target, EVENT)) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{"job": <job>}', {"job": 'a "b"'}),
        ('{"text": "job <job> cost <cost>"}', {"text": 'job a "b" cost 1.5'}),
        ('{"tags": <tags>, "cost": <cost>}', {"tags": ["x", "y"], "cost": 1.5}),
        ('{"all": <aws.events.event.json>}', {"all": EVENT}),
        ('"a < b and <unknown>"', "a < b and <unknown>"),
    ],
)
def test_a_template_quotes_what_it_inserts(template, expected):
    paths = {"job": "$.detail.job", "tags": "$.detail.tags", "cost": "$.detail.cost"}
    transformer = {"InputTemplate": template, "InputPathsMap": paths}
    assert json.loads(target_input({"InputTransformer": transformer}, EVENT)) == expected


def test_the_time_of_an_event_is_text():
    delivered = as_delivered({"time": 0.0, "ingestion-time": 1.0, "source": "s"})
    assert delivered == {"time": "1970-01-01T00:00:00Z", "source": "s"}
