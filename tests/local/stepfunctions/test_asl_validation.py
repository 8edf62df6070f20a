"""What a definition may not say."""

import json

import pytest

from bedrock_customization_local.cloud.stepfunctions import findings


def found(body):
    return [f"{finding.location} {finding.message}" for finding in findings(json.dumps(body))]


def machine(state, **more):
    return {"StartAt": "S", "States": {"S": state, "E": {"Type": "Succeed"}}, **more}


def test_a_valid_definition_has_no_findings():
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f", "Payload.$": "$"},
        "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "E"}],
        "Next": "E",
    }
    assert found(machine(state)) == []


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"Type": "Pass", "Next": "Gone"}, "/States/S/Next names no state: 'Gone'"),
        ({"Type": "Pass"}, "/States/S needs either Next or End: true"),
        ({"Type": "Pass", "Next": "E", "End": True}, "needs either Next or End: true"),
        ({"Type": "Pass", "End": True}, "/States/E cannot be reached"),
        ({"Type": "Pass", "Nexxt": "E", "Next": "E"}, "/States/S/Nexxt is not a field"),
        (
            {"Type": "Pass", "Arguments": 1, "Next": "E"},
            "not a field that is allowed here in a JSONPath",
        ),
        ({"Type": "Teleport", "Next": "E"}, "/States/S/Type must be one of"),
        ({"Type": "Wait", "Next": "E"}, "needs exactly one of Seconds"),
        ({"Type": "Wait", "Seconds": 1, "SecondsPath": "$.s", "Next": "E"}, "exactly one of"),
        ({"Type": "Task", "Next": "E"}, "/States/S/Resource is required"),
        ({"Type": "Task", "Resource": "x", "Next": "E"}, "'x' is not an ARN"),
        (
            {"Type": "Task", "Resource": "arn:aws:states:::a:b.sink", "Next": "E"},
            "unknown integration pattern 'sink'",
        ),
        ({"Type": "Choice", "Choices": [], "Default": "E"}, "must be a list of at least one rule"),
        (
            {"Type": "Choice", "Choices": [{"Variable": "$.x", "Next": "E"}]},
            "needs a Variable and exactly one comparison",
        ),
        (
            {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "No"}]},
            "names no state: 'No'",
        ),
        ({"Type": "Pass", "InputPath": "no", "Next": "E"}, "a path starts with $"),
        ({"Type": "Pass", "Parameters": {"a.$": "$.["}, "Next": "E"}, "is not a JSONPath"),
        ({"Type": "Pass", "Parameters": {"a.$": "$.b[-:]"}, "Next": "E"}, "is not a JSONPath"),
        (
            {"Type": "Pass", "Parameters": {"a.$": "$.b[?(@.c =~ /d)]"}, "Next": "E"},
            "is not a JSONPath: a regular expression without its closing slash",
        ),
        (
            {"Type": "Pass", "Parameters": {"a.$": "$.b[?(@.c =~ /(/)]"}, "Next": "E"},
            "is not a JSONPath: no regular expression",
        ),
        ({"Type": "Map", "Next": "E"}, "/States/S/ItemProcessor is required"),
        ({"Type": "Parallel", "Next": "E"}, "/States/S/Branches is required"),
        (
            {"Type": "Parallel", "Branches": [{"StartAt": "I", "States": {}}], "Next": "E"},
            "/States/S/Branches[0]/States is required",
        ),
        (
            {
                "Type": "Parallel",
                "Next": "E",
                "Catch": [{"ErrorEquals": ["States.ALL", "X"], "Next": "E"}],
                "Branches": [{"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}],
            },
            "States.ALL must stand alone",
        ),
        (
            {
                "Type": "Parallel",
                "Next": "E",
                "Branches": [{"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}],
            },
            "has a name that another state has",
        ),
    ],
)
def test_a_fault_in_a_state_is_found(state, message):
    assert any(message in line for line in found(machine(state))), found(machine(state))


def test_a_jsonata_machine_has_no_jsonpath_states():
    body = machine(
        {"Type": "Pass", "QueryLanguage": "JSONPath", "Next": "E"}, QueryLanguage="JSONata"
    )
    assert any("cannot be JSONPath" in line for line in found(body))


def test_a_jsonata_expression_that_does_not_parse_is_found():
    body = machine({"Type": "Pass", "Output": {"a": ["{% 1 + %}"]}, "Next": "E"})
    body["QueryLanguage"] = "JSONata"
    assert any("/States/S/Output/a[0] is no JSONata expression" in line for line in found(body))


def test_all_faults_are_told_at_once():
    body = machine({"Type": "Pass", "Foo": 1, "Next": "Gone"})
    assert len(found(body)) == 3


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"StartAt": "A", "States": {}}'])
def test_what_is_no_machine_is_found(text):
    assert findings(text)
