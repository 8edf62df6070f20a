"""What a pipeline has for reinforcement, where Step Functions does not start the job itself."""

import json

import pytest
from aws_cdk import App, Duration, Stack, aws_stepfunctions as sfn
from aws_cdk.assertions import Template

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    CustomizationStorage,
    ExactMatch,
    Grader,
    ModelCustomization,
    ReinforcementFineTuning,
)


@pytest.fixture(scope="module")
def reinforcement(context):
    """The template of a pipeline that learns from rewards."""
    stack = Stack(App(context=context), "Reinforcement")
    grader = Grader(stack, "Grader", reward=ExactMatch())
    CustomizationPipeline(
        stack,
        "Pipeline",
        base_model=BaseModel.NOVA_2_LITE,
        method=ReinforcementFineTuning(
            grader=grader, hyperparameters={"epochCount": 2, "learningRate": "1e-5"}
        ),
    )
    return Template.from_stack(stack)


@pytest.fixture(scope="module")
def states(reinforcement, read_definition):
    return read_definition(reinforcement)["States"]


def test_the_watch_ends_a_job_that_stalls_or_runs_too_long(states):
    watch = states["Watch job"]
    assert watch["Arguments"]["Payload"]["timeout_seconds"] == 8 * 24 * 3600
    ways = {way["ErrorEquals"][0]: way["Next"] for way in watch["Catch"]}
    assert ways == {
        "CustomizationStalled": "Stop stalled job",
        "CustomizationTimedOut": "Stop timed-out job",
        "States.ALL": "Remove failed candidate",
    }
    for stop, end, error in (
        ("Stop stalled job", "Customization stalled", "CustomizationStalled"),
        ("Stop timed-out job", "Customization timed out", "CustomizationTimedOut"),
    ):
        assert states[stop]["Arguments"]["Payload"] == {
            "step": "stop",
            "job": "{% $job %}",
            "execution_arn": "{% $states.context.Execution.Id %}",
        }
        assert states[stop]["Next"] == end
        assert states[end]["Assign"]["failure"]["error"] == error


def test_the_validation_set_is_the_jobs_too(states):
    start = states["Start job"]["Arguments"]["Payload"]
    assert start["train"] == "{% $preparation.train %}"
    assert start["validation"] == "{% $preparation.validation %}"


def test_hyperparameters_travel_as_text_and_plainly(states):
    plan = states["Plan customization"]["Arguments"]["Payload"]
    assert plan["hyperparameters"] == {"epochCount": "2", "learningRate": "0.00001"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"epochCount": 51}, "epochCount .* must be an integer from 1 to 50, got 51"),
        ({"epochCount": 1.5}, "epochCount .* must be an integer from 1 to 50, got 1.5"),
        ({"batchSize": 8}, "batchSize .* must be an integer from 16 to 512, got 8"),
        ({"learningRate": 0.01}, "learningRate .* must be a number from 0.0000001 to 0.001"),
        ({"trainingSamplePerPrompt": 1}, "must be an integer from 2 to 16, got 1"),
        ({"evalInterval": 0}, "must be an integer from 1 to 100, got 0"),
        ({"reasoningEffort": "none"}, "must be one of low, medium, high, got 'none'"),
        ({"samplesPerPrompt": 4}, "did you mean trainingSamplePerPrompt?"),
    ],
)
def test_hyperparameters_that_do_not_fit_are_refused_at_synth(stack, given, message):
    grader = Grader(stack, "Grader", reward=ExactMatch())
    with pytest.raises(ValueError, match=message):
        CustomizationPipeline(
            stack,
            "Pipeline",
            base_model=BaseModel.NOVA_2_LITE,
            method=ReinforcementFineTuning(grader=grader, hyperparameters=given),
        )


def test_an_execution_that_is_cut_off_is_heard_of(reinforcement):
    (machine,) = reinforcement.find_resources("AWS::StepFunctions::StateMachine")
    (rule,) = (
        rule
        for name, rule in reinforcement.find_resources("AWS::Events::Rule").items()
        if "JobStop" in name
    )
    assert rule["Properties"]["EventPattern"] == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": ["ABORTED", "TIMED_OUT"], "stateMachineArn": [{"Ref": machine}]},
    }
    (target,) = rule["Properties"]["Targets"]
    transformer = target["InputTransformer"]
    assert transformer["InputPathsMap"] == {"detail-executionArn": "$.detail.executionArn"}
    assert transformer["InputTemplate"] == '{"execution_arn":<detail-executionArn>}'
    (queue,) = (
        name for name in reinforcement.find_resources("AWS::SQS::Queue") if "JobStop" in name
    )
    assert target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0] == queue
    reinforcement.has_resource_properties(
        "AWS::Lambda::Function",
        {"DeadLetterConfig": {"TargetArn": {"Fn::GetAtt": [queue, "Arn"]}}, "Timeout": 300},
    )


def test_who_stops_jobs_may_do_nothing_else(reinforcement):
    (role,) = (
        role
        for name, role in reinforcement.find_resources("AWS::IAM::Role").items()
        if "JobStopRole" in name
    )
    statements = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    actions = [statement["Action"] for statement in statements[2:]]
    assert actions == [
        ["bedrock:GetModelCustomizationJob", "bedrock:StopModelCustomizationJob"],
        "states:DescribeExecution",
    ]
    assert ":execution:" in json.dumps(statements[3]["Resource"])


def test_a_job_that_step_functions_starts_needs_nobody_to_stop_it(template):
    assert not [name for name in template.to_json()["Resources"] if "JobStop" in name]


def test_a_machine_of_your_own_has_its_jobs_stopped_too(stack):
    phase = ModelCustomization(
        stack,
        "Customize",
        storage=CustomizationStorage(stack, "Storage"),
        base_model=BaseModel.NOVA_2_LITE,
        method=ReinforcementFineTuning(grader=Grader(stack, "Grader", reward=ExactMatch())),
        timeout=Duration.hours(5),
    )
    machine = sfn.StateMachine(
        stack,
        "Machine",
        query_language=sfn.QueryLanguage.JSONATA,
        definition_body=sfn.DefinitionBody.from_chainable(phase),
    )
    phase.stop_jobs_of(machine)
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::Events::Rule", 1)
    machine_json = json.dumps(template.find_resources("AWS::StepFunctions::StateMachine"))
    assert '\\\\\\"timeout_seconds\\\\\\":18000' in json.dumps(machine_json)


@pytest.mark.parametrize("timeout", [Duration.seconds(59), Duration.days(9)])
def test_a_time_out_that_no_execution_could_keep_is_refused(stack, timeout):
    with pytest.raises(ValueError, match="timeout must be a number from 60 to 691200, got"):
        ModelCustomization(
            stack,
            "Customize",
            storage=CustomizationStorage(stack, "Storage"),
            base_model=BaseModel.NOVA_MICRO,
            timeout=timeout,
        )
