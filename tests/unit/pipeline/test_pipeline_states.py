"""The state machine's definition."""

import json
from itertools import pairwise

import pytest
from aws_cdk.assertions import Template

from bedrock_customization import BaseModel, CustomizationPipeline
from bedrock_customization_local.cloud.stepfunctions.language import jsonata
from bedrock_customization_runtime import errors
from bedrock_customization_runtime.contract import ErrorName, MetricName
from bedrock_customization_runtime.evaluation.metrics import METRICS

ANSWER = "Answer blind questions"


@pytest.fixture(scope="module")
def states(definition):
    """Every state by name, those in branches included."""
    return dict(machine_states(definition))


def machine_states(machine):
    for name, state in machine["States"].items():
        yield name, state
        for branch in state.get("Branches", []):
            yield from machine_states(branch)


@pytest.fixture(scope="module")
def tasks(states):
    return {name: state for name, state in states.items() if state["Type"] == "Task"}


def test_the_machine_speaks_jsonata(definition):
    assert definition["QueryLanguage"] == "JSONata"


def test_the_job_is_waited_for(states):
    job = states["Customize model"]
    assert job["Resource"] == "arn:aws:states:::bedrock:createModelCustomizationJob.sync"


def test_a_time_out_stops_the_job_before_its_task_would_end_without(states):
    """A task that times out is not documented to stop the job that it waits for."""
    limit = states["Watch job"]["Arguments"]["Payload"]["timeout_seconds"]
    assert limit == 8 * 24 * 3600
    assert states["Customize model"]["TimeoutSeconds"] == limit + 3600
    ways = {way["ErrorEquals"][0]: way["Next"] for way in states["Customize and watch"]["Catch"]}
    assert ways["CustomizationStalled"] == "Stop stalled job"
    assert ways["CustomizationTimedOut"] == "Stop timed-out job"
    for stop in ("Stop stalled job", "Stop timed-out job"):
        assert states[stop]["Arguments"]["Payload"] == {
            "step": "stop",
            "job": "{% $job %}",
            "execution_arn": "{% $states.context.Execution.Id %}",
        }


@pytest.mark.parametrize(
    ("came", "error", "cause"),
    [
        (
            ("States.TaskFailed", {"JobName": "j", "Status": "Failed", "FailureMessage": "No."}),
            "CustomizationFailed",
            "job j ended as Failed: No.",
        ),
        (
            ("States.TaskFailed", {"JobName": "j", "Status": "Stopped"}),
            "CustomizationStopped",
            "job j ended as Stopped: no reason given",
        ),
        (
            ("Bedrock.AccessDeniedException", "not authorized to perform"),
            "Bedrock.AccessDeniedException",
            "not authorized to perform",
        ),
        (("Bedrock.ValidationException", None), "Bedrock.ValidationException", ""),
    ],
)
def test_a_job_without_a_model_says_how_it_ended_and_other_errors_stay(states, came, error, cause):
    name, details = came
    text = {"Cause": details if isinstance(details, str) else json.dumps(details)}
    given = {"Error": name, **(text if details is not None else {})}
    state = states["Job has no model"]
    assert said(state["Error"], given) == error
    assert said(state["Cause"], given) == cause


def said(expression, given):
    """Return what an expression makes of a state's input."""
    return jsonata.render(expression, states={"input": given}, variables={}, field="")


def test_a_name_that_is_taken_is_the_runs_own_or_ends_it(states):
    ways = {way["ErrorEquals"][0]: way for way in states["Customize model"]["Catch"]}
    assert list(ways) == ["Bedrock.ConflictException", "States.TaskFailed"]
    assert ways["Bedrock.ConflictException"]["Next"] == "Adopt job"
    assert states["Adopt job"]["Arguments"] == {"JobIdentifier": "{% $job.name %}"}
    (missing,) = states["Adopt job"]["Catch"]
    assert missing["ErrorEquals"] == ["Bedrock.ResourceNotFoundException"]
    assert states[missing["Next"]]["Error"] == "Bedrock.ConflictException"


def test_whatever_a_run_makes_is_named_and_tokened_by_the_run(states):
    job = states["Customize model"]["Arguments"]
    assert job["JobName"] == "{% $job.name %}"
    assert job["CustomModelName"] == "{% $job.model %}"
    assert job["ClientRequestToken"] == "{% $job.token %}"
    assert states["Plan customization"]["Assign"] == {"job": "{% $states.result.Payload %}"}
    deployment = states["Deploy candidate"]["Arguments"]
    assert "$run.names.deployment" in deployment["ModelDeploymentName"]
    assert "$run.tokens.deployment" in deployment["ClientRequestToken"]


def test_whatever_a_run_makes_is_tagged(states):
    assert states["Customize model"]["Arguments"]["JobTags"]
    assert states["Customize model"]["Arguments"]["CustomModelTags"]
    assert states["Deploy candidate"]["Arguments"]["Tags"]


def test_every_task_has_a_time_out_and_retries_named_errors(tasks):
    for name, task in tasks.items():
        assert task["TimeoutSeconds"] > 0, name
        for retrier in task["Retry"]:
            assert "States.ALL" not in retrier["ErrorEquals"], name
            assert retrier["MaxAttempts"] > 0, name


def test_every_task_has_a_way_out(definition):
    """Of its own, or of the state whose branch it is in."""
    for name, state in definition["States"].items():
        if state["Type"] in {"Task", "Parallel"} and name != "End failed run":
            assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name


def test_errors_lead_to_compensation_a_record_a_notification_and_a_failed_execution(states):
    path, name = [], "Remove failed candidate"
    while name and name != "Where did it fail?":
        path.append(name)
        name = states[name].get("Next")
    assert path == [
        *("Remove failed candidate", "Record failure", "Notify failure", "End failed run")
    ]
    for this, following in pairwise(path):
        assert states[this]["Catch"][-1]["Next"] == following
    # Nothing catches the last one's error: it is the execution's.
    assert "Catch" not in states["End failed run"]


def test_a_redriven_run_goes_on_in_the_phase_that_failed(states):
    ways = states["Where did it fail?"]
    assert {rule["Condition"]: rule["Next"] for rule in ways["Choices"]} == {
        "{% $failure.phase in ['DataPreparation'] %}": "Plan preparation",
        "{% $failure.phase in ['ModelCustomization'] %}": "Plan customization",
        "{% $failure.phase in ['ModelDeployment', 'ModelEvaluation', 'PromotionGate'] %}": (
            "Deploy candidate"
        ),
        "{% $failure.phase in ['Record'] %}": "Record run",
    }
    assert ways["Default"] == "Start run"


def test_every_failure_names_its_phase(states):
    for name, state in states.items():
        for way in [*state.get("Catch", []), state]:
            failure = way.get("Assign", {}).get("failure")
            assert failure is None or {"phase", "redrives", "error", "cause"} <= set(failure), name


def test_a_run_that_never_began_is_only_notified(states):
    assert states["Start run"]["Catch"][-1]["Next"] == "Notify failure"


def test_a_topic_out_of_reach_does_not_undo_a_promotion(states):
    assert states["Notify"]["Catch"] == [{"ErrorEquals": ["States.ALL"], "Next": "Done"}]


@pytest.fixture(scope="module")
def maps(states):
    return {name: state for name, state in states.items() if state["Type"] == "Map"}


def test_a_machine_reads_and_writes_no_objects_for_its_maps(maps):
    assert len(maps) == 5
    for name, state in maps.items():
        assert not {"ItemReader", "ResultWriter"} & set(state), name
        assert state["Items"].startswith("{% [0..$"), name


def test_children_of_maps_outlast_a_function_and_none_may_fail(maps):
    for name, state in maps.items():
        config = state["ItemProcessor"]["ProcessorConfig"]
        assert config == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, name
        assert not {"ToleratedFailureCount", "ToleratedFailurePercentage"} & set(state), name
        assert state["MaxConcurrency"] == (4 if name == ANSWER else 20), name


def test_maps_have_a_way_out_and_their_functions_another_try(maps):
    for name, state in maps.items():
        assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
        children = state["ItemProcessor"]
        task = children["States"][children["StartAt"]]
        assert task["Arguments"]["Payload"] == "{% $states.context.Execution.Input %}", name
        assert task["TimeoutSeconds"] == 930, name
        assert "Runtime.ExitError" in task["Retry"][-1]["ErrorEquals"], name


def test_who_asks_is_called_with_the_same_event_until_all_is_answered(maps):
    within = maps[ANSWER]["ItemProcessor"]["States"]
    task = within["Answer questions"]
    further = within[task["Next"]]
    (again,) = further["Choices"]
    assert again["Condition"] == "{% $not($states.input.done) %}"
    assert again["Next"] == "Answer questions"
    assert within[further["Default"]]["Type"] == "Succeed"
    assert {"ThrottlingException", "ModelNotReadyException"} <= {
        error for retry in task["Retry"] for error in retry["ErrorEquals"]
    }


def test_without_sharding_only_the_blind_test_is_a_map(stack, read_definition):
    CustomizationPipeline(stack, "P", base_model=BaseModel.NOVA_MICRO, sharding=None)
    template = Template.from_stack(stack)
    states = read_definition(template)["States"]
    assert states["Start run"]["Next"] == "Prepare data"
    assert [name for name, state in states.items() if state["Type"] == "Map"] == [ANSWER]


def test_functions_are_invoked_by_published_version(tasks, template):
    versions = template.find_resources("AWS::Lambda::Version")
    for name, task in tasks.items():
        if task["Resource"].endswith("lambda:invoke"):
            assert task["Arguments"]["FunctionName"].strip("${}") in versions, name


def test_every_state_says_its_phase(states):
    for name, state in states.items():
        assert ": " in state["Comment"], name


def test_every_state_can_be_reached(definition):
    states, seen, todo = dict(machine_states(definition)), set(), [definition["StartAt"]]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        state = states[name]
        todo += [branch["StartAt"] for branch in state.get("Branches", [])]
        followers = [state.get("Next"), state.get("Default")]
        followers += [rule["Next"] for rule in state.get("Choices", []) + state.get("Catch", [])]
        todo += [follower for follower in followers if follower]
    assert seen == set(states)


def test_waits_double_and_end_in_an_error_that_is_compensated(states):
    assert states["Deploy candidate"]["Assign"]["deployment_wait"] == 300
    assert states["Wait for the deployment"]["Assign"] == {
        "deployment_wait": "{% $deployment_wait * 2 %}"
    }
    for choice, end in (
        ("Is it deployed?", "Deployment takes too long"),
        ("Is the model active?", "Model takes too long"),
    ):
        assert end in [rule["Next"] for rule in states[choice]["Choices"]]
        assert states[end]["Next"] == "Remove failed candidate"


def test_error_names_of_the_contract_are_errors_of_the_runtime():
    for name in ErrorName:
        assert issubclass(getattr(errors, name), errors.CustomizationError)


def test_metric_names_of_the_contract_are_metrics_of_the_runtime():
    assert list(METRICS) == [name.value for name in MetricName]


def test_executions_are_traced_and_logged_without_data(template):
    template.has_resource_properties(
        "AWS::StepFunctions::StateMachine",
        {
            "TracingConfiguration": {"Enabled": True},
            "LoggingConfiguration": {"Level": "ALL", "IncludeExecutionData": False},
        },
    )
