"""The shipped list of actions that no resource can be named for, held against cfn-lint's copy."""

import json
from importlib import resources

import pytest

from bedrock_customization_runtime.template_rules.actions import WITHOUT_RESOURCE


@pytest.fixture(scope="module")
def reference():
    """Actions of each service with the kinds of resources that each takes, by cfn-lint."""
    data = resources.files("cfnlint.data.AdditionalSpecs") / "Policies.json"
    return {name: service["Actions"] for name, service in json.loads(data.read_text()).items()}


@pytest.mark.parametrize("service", WITHOUT_RESOURCE)
def test_the_actions_without_a_resource_are_those_of_the_reference(reference, service):
    actions = reference[service]
    assert actions, "a service without actions would agree with an empty list"
    without = {action.lower() for action, about in actions.items() if not about.get("Resources")}
    assert without == WITHOUT_RESOURCE[service]


def test_an_action_with_a_resource_is_not_among_them(reference):
    assert reference["bedrock"]["invokemodel"]["Resources"]
    assert "invokemodel" not in WITHOUT_RESOURCE["bedrock"]
