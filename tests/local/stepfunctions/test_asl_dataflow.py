"""How data moves through states, in both query languages."""

import pytest

from bedrock_customization_local.cloud.stepfunctions import run_machine

TASK = "arn:aws:states:::lambda:invoke"


def only(state, *, language="JSONata"):
    return {"QueryLanguage": language, "StartAt": "S", "States": {"S": {"End": True, **state}}}


def output_of(state, data, *, language="JSONata", call_task=None):
    execution = run_machine(only(state, language=language), data, call_task=call_task)
    assert execution.status == "SUCCEEDED", (execution.error, execution.cause)
    return execution.output


def error_of(state, data, *, language="JSONata", call_task=None):
    execution = run_machine(only(state, language=language), data, call_task=call_task)
    assert execution.status == "FAILED"
    return execution.error


def echo(call):
    return call.arguments


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$states.input.whole + 1", 2),
        ("$states.input.float", 2),
        ("10 / 4", 2.5),
        ("10 / 5", 2),
        ("$states.input.list", [1]),
        ("$states.input.empty", []),
        ("$states.input.nothing", None),
        ("$states.input.objects.x", [1, 2]),
        ("$states.input.objects[x = 2].x", 2),
        ("[$states.input.objects[x = 2].x]", [2]),
        ("{'a': null, 'b': $states.input.absent}", {"a": None}),
        ("$exists($states.input.absent)", False),
        ("[1..3]", [1, 2, 3]),
        ("[]", []),
        ("$partition([1, 2, 3], 2)", [[1, 2], [3]]),
        ("$range(1, 7, 3)", [1, 4, 7]),
        ("$range(0, 1, 0.5)", [0, 0.5, 1]),
        ("$hash('a', 'MD5')", "0cc175b9c0f1b6a831c399e269772661"),
        ("$random(7) = $random(7)", True),
        ("$random() < 1", True),
        ("$length($uuid())", 36),
        ("$parse('{\"a\": [1.0, null]}')", {"a": [1, None]}),
        ("$parse('null')", None),
        ("$states.context.State.Name", "S"),
        ("$states.context.Execution.Name", "test"),
    ],
)
def test_a_jsonata_expression_yields_plain_json(expression, value):
    data = {
        "whole": 1,
        "float": 2.0,
        "list": [1],
        "empty": [],
        "nothing": None,
        "objects": [{"x": 1}, {"x": 2}],
    }
    result = output_of({"Type": "Pass", "Output": f"{{% {expression} %}}"}, data)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    "expression", ["$states.input.absent", "$sum", "1 / 'a'", "$eval('1')", "$hash('a', 'CRC')"]
)
def test_an_expression_that_yields_no_json_is_a_query_evaluation_error(expression):
    state = {"Type": "Pass", "Output": f"{{% {expression} %}}"}
    assert error_of(state, {}) == "States.QueryEvaluationError"


def test_a_query_evaluation_error_names_the_state_the_field_and_the_expression():
    execution = run_machine(
        only({"Type": "Pass", "Output": {"deep": ["{% $states.input.absent %}"]}}), {}
    )
    assert "executing the state 'S' (entered at the event id #2)" in execution.cause
    assert "'Output/deep[0]'" in execution.cause
    assert "$states.input.absent" in execution.cause
    event = execution.history.events()[2]
    assert event["type"] == "EvaluationFailed"
    assert event["evaluationFailedEventDetails"]["location"] == "Output/deep[0]"


def test_text_that_only_contains_an_expression_is_text():
    assert output_of({"Type": "Pass", "Output": "a {% 1 %}"}, {}) == "a {% 1 %}"


def test_a_jsonata_task_hands_on_its_result_unless_output_says_otherwise():
    task = {"Type": "Task", "Resource": TASK, "Arguments": {"x": "{% $states.input.a %}"}}
    assert output_of(task, {"a": 1}, call_task=echo) == {"x": 1}
    task["Output"] = {"both": "{% [$states.input.a, $states.result.x] %}"}
    assert output_of(task, {"a": 1}, call_task=echo) == {"both": [1, 1]}


def test_assign_sees_the_variables_as_they_were():
    machine = {
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Assign": {"x": 1, "y": 2}, "Next": "B"},
            "B": {"Type": "Pass", "Assign": {"x": "{% $y %}", "y": "{% $x %}"}, "Next": "C"},
            "C": {"Type": "Pass", "Output": "{% [$x, $y] %}", "End": True},
        },
    }
    assert run_machine(machine, {}).output == [2, 1]


def test_a_null_variable_is_null_and_not_nothing():
    machine = {
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Assign": {"x": None}, "Next": "B"},
            "B": {"Type": "Pass", "Output": "{% {'is': $x = null, 'x': $x} %}", "End": True},
        },
    }
    assert run_machine(machine, {}).output == {"is": True, "x": None}


def test_a_branch_reads_outer_variables_and_keeps_its_own_to_itself():
    inner = {
        "StartAt": "I",
        "States": {
            "I": {"Type": "Pass", "Assign": {"own": 2}, "Next": "J"},
            "J": {"Type": "Pass", "Output": "{% $outer + $own %}", "End": True},
        },
    }
    machine = {
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Assign": {"outer": 1}, "Next": "B"},
            "B": {"Type": "Parallel", "Branches": [inner], "Next": "C"},
            "C": {
                "Type": "Pass",
                "Output": "{% [$states.input, $exists($own)] %}",
                "End": True,
            },
        },
    }
    assert run_machine(machine, {}).output == [3, False]


def test_jsonpath_fields_apply_in_their_order():
    task = {
        "Type": "Task",
        "Resource": TASK,
        "InputPath": "$.in",
        "Parameters": {"n.$": "$.n", "fixed": True},
        "ResultSelector": {"picked.$": "$.n"},
        "ResultPath": "$.out.result",
        "OutputPath": "$.out",
    }
    result = output_of(task, {"in": {"n": 5}}, language="JSONPath", call_task=echo)
    assert result == {"result": {"picked": 5}}


def test_result_path_is_relative_to_the_raw_input():
    task = {"Type": "Pass", "InputPath": "$.a", "ResultPath": "$.sum", "Result": 7}
    assert output_of(task, {"a": {"b": 1}, "t": 2}, language="JSONPath") == {
        "a": {"b": 1},
        "t": 2,
        "sum": 7,
    }


@pytest.mark.parametrize(
    ("fields", "result"),
    [
        ({"ResultPath": None, "Result": 1}, {"a": 1}),
        ({"InputPath": None}, {}),
        ({"OutputPath": None}, {}),
        ({"InputPath": "$$.Execution.Name"}, "test"),
    ],
)
def test_null_paths_discard(fields, result):
    assert output_of({"Type": "Pass", **fields}, {"a": 1}, language="JSONPath") == result


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.jobs[0].name", "a"),
        ("$.jobs[-1].name", "b"),
        ("$['odd name'].x", 1),
        ("$.jobs[*].name", ["a", "b"]),
        ("$..name", ["a", "b"]),
        ("$.jobs[?(@.done == true)].name", ["b"]),
        ("$.jobs[?(@.n > 1 && @.name != 'a')].n", [2]),
        ("$.jobs[?(@.name =~ /A/i || @.n in [7])].n", [1]),
        ("$.jobs[?(@.done)].name", ["b"]),
        ("$.jobs[?(!(@.n < 2))].name", ["b"]),
        ("$.jobs[0:1]", [{"name": "a", "n": 1}]),
        ("$.jobs[0,1].n", [1, 2]),
        ("$.jobs.length()", 2),
        ("$.jobs[?(@.name == 'none')]", []),
        ("States.Format('{}-{} \\'x\\'', $.jobs[0].name, 2)", "a-2 'x'"),
        ("States.ArrayGetItem(States.Array(1, $.jobs[1].n), 1)", 2),
        ("States.ArrayLength($.jobs)", 2),
        ("States.ArrayContains($.jobs[*].name, 'a')", True),
        ("States.ArrayPartition(States.ArrayRange(1, 5, 2), 2)", [[1, 3], [5]]),
        ("States.ArrayUnique(States.Array(1, 1, 2))", [1, 2]),
        ("States.JsonMerge($.jobs[0], $.jobs[1], false)", {"name": "b", "n": 2, "done": True}),
        ("States.StringToJson('[1]')", [1]),
        ("States.JsonToString($.jobs[0])", '{"name":"a","n":1}'),
        ("States.StringSplit('a.b+c', '.+')", ["a", "b", "c"]),
        ("States.Base64Decode(States.Base64Encode('x'))", "x"),
        ("States.Hash('a', 'SHA-1')", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
        ("States.MathAdd(1, -3)", -2),
        ("States.MathRandom(3, 4)", 3),
    ],
)
def test_a_payload_template_computes_paths_and_intrinsic_functions(path, value):
    data = {
        "jobs": [{"name": "a", "n": 1}, {"name": "b", "n": 2, "done": True}],
        "odd name": {"x": 1},
    }
    state = {"Type": "Pass", "Parameters": {"v.$": path}}
    assert output_of(state, data, language="JSONPath") == {"v": value}


def test_what_a_template_cannot_find_is_a_parameter_path_failure():
    state = {"Type": "Pass", "Parameters": {"v.$": "$.absent"}}
    execution = run_machine(only(state, language="JSONPath"), {"a": 1})
    assert execution.error == "States.ParameterPathFailure"
    assert "The JSONPath '$.absent' specified for the field 'v.$'" in execution.cause


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"InputPath": "$.absent"}, "States.Runtime"),
        ({"OutputPath": "$.absent"}, "States.Runtime"),
        ({"ResultPath": "$.a.b", "Result": 1}, "States.ResultPathMatchFailure"),
        ({"Parameters": {"v.$": "States.Nothing()"}}, "States.IntrinsicFailure"),
        (
            {"Parameters": {"v.$": "States.ArrayGetItem(States.Array(1), 9)"}},
            "States.IntrinsicFailure",
        ),
    ],
)
def test_jsonpath_failures_have_the_names_of_the_specification(fields, error):
    assert error_of({"Type": "Pass", **fields}, {"a": 1}, language="JSONPath") == error


def test_jsonpath_states_assign_and_read_variables():
    machine = {
        "StartAt": "A",
        "States": {
            "A": {
                "Type": "Task",
                "Resource": TASK,
                "Parameters": {"n.$": "$.n"},
                "Assign": {"kept.$": "$.n", "when.$": "$$.State.Name"},
                "ResultPath": None,
                "Next": "B",
            },
            "B": {"Type": "Pass", "Parameters": {"v.$": "$kept", "w.$": "$when"}, "End": True},
        },
    }
    assert run_machine(machine, {"n": 4}, call_task=echo).output == {"v": 4, "w": "A"}


def test_a_jsonpath_machine_may_hold_jsonata_states():
    machine = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Result": [1, 2], "Next": "B"},
            "B": {
                "Type": "Pass",
                "QueryLanguage": "JSONata",
                "Output": "{% $sum($states.input) %}",
                "End": True,
            },
        },
    }
    assert run_machine(machine, {}).output == 3


def test_a_payload_of_more_than_256_kib_ends_the_run():
    fits = "x" * (256 * 1024 - 2)
    task = {"Type": "Task", "Resource": TASK}
    assert output_of(task, {}, call_task=lambda _: fits) == fits
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "S"}]
    too_large = {**task, "Catch": catch}
    assert error_of(too_large, {}, call_task=lambda _: fits + "x") == "States.DataLimitExceeded"


def test_a_payload_is_measured_in_bytes_of_utf8():
    task = {"Type": "Task", "Resource": TASK}
    assert error_of(task, {}, call_task=lambda _: "é" * 140_000) == "States.DataLimitExceeded"
