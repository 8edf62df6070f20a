"""Templates that mean harm, or nothing: never an exception, never long."""

import copy
import json
import random

import pytest
from hypothesis import given, settings, strategies as st

from bedrock_customization_runtime.template_rules import check_template

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(["", "*", "${A.Arn}", "${AWS::Region}", "arn:aws:iam::1:role/x", "{", "Allow"]),
    st.text(max_size=8),
)
_NAMES = st.sampled_from(
    [
        "Ref", "Fn::GetAtt", "Fn::Join", "Fn::Sub", "Fn::If", "Fn::Select", "Fn::Split",
        "Fn::FindInMap", "Statement", "Effect", "Action", "Principal", "Condition", "Resource",
        "Targets", "EventPattern", "States", "Retry", "Catch", "Choices", "Properties", "Type",
    ]
)  # fmt: skip
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(_NAMES, inner, max_size=4)
    ),
    max_leaves=12,
)


def paths_of(value, path=()):
    """Return the paths to everything in a value."""
    yield path
    match value:
        case dict():
            inner = value.items()
        case list():
            inner = enumerate(value)
        case _:
            inner = ()
    for name, each in inner:
        yield from paths_of(each, (*path, name))


@pytest.fixture(scope="module")
def fresh_template(own_templates):
    """Return a new copy of a template of ours."""
    return lambda: copy.deepcopy(own_templates["supervised"])


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32), value=_VALUES)
def test_anything_may_stand_anywhere_in_a_template(fresh_template, seed, value):
    template = fresh_template()
    chance = random.Random(seed)
    resource = template["Resources"][chance.choice(sorted(template["Resources"]))]
    path = chance.choice([path for path in paths_of(resource) if path and path != ("Type",)])
    holder = resource
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = value
    check_template(template)


@settings(max_examples=60)
@given(definition=_VALUES)
def test_a_definition_may_be_anything(definition):
    states = {"StartAt": "A", "States": {"A": definition}}
    for told in ({"Definition": states}, {"DefinitionString": json.dumps(states)}):
        machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": told}
        check_template({"Resources": {"Machine": machine}})


@given(
    template=st.one_of(
        _VALUES,
        st.fixed_dictionaries(
            {
                "Resources": _VALUES,
                "Conditions": _VALUES,
                "Parameters": _VALUES,
                "Mappings": _VALUES,
            }
        ),
    )
)
@settings(max_examples=100)
def test_a_template_may_be_anything(template):
    check_template(template)


def test_what_is_nested_without_end_is_cut():
    deep = {"Fn::Join": ["", ["x"]]}
    for _ in range(5000):
        deep = {"Fn::Join": ["", [deep]]}
    policy = {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": {"Statement": deep}}}
    text = '{"StartAt":' + "[" * 200_000
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionString": text}}
    conditions = {"A": {"Fn::Not": [{"Condition": "A"}]}}
    check_template({"Resources": {"P": policy, "M": machine}, "Conditions": conditions})
