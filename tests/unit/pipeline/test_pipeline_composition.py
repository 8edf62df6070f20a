"""Constructs in other people's apps."""

import json

from aws_cdk import App, Stack, aws_sns as sns, aws_stepfunctions as sfn
from aws_cdk.assertions import Template

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    CustomizationStorage,
    DataPreparation,
    ModelCustomization,
    ModelDeployment,
    RunStart,
)


def test_two_pipelines_live_in_one_stack(stack):
    for name in ("A", "B"):
        CustomizationPipeline(stack, name, base_model=BaseModel.NOVA_MICRO)
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::StepFunctions::StateMachine", 2)
    template.resource_count_is("AWS::Lambda::LayerVersion", 1)


def test_phases_stand_in_a_machine_of_your_own(stack, read_definition):
    storage = CustomizationStorage(stack, "Storage")
    model = BaseModel.NOVA_LITE
    start = RunStart(stack, "Start", storage=storage, base_model=model)
    prepare = DataPreparation(stack, "Prepare", storage=storage, base_model=model)
    customize = ModelCustomization(stack, "Customize", storage=storage, base_model=model)
    deploy = ModelDeployment(stack, "Deploy", base_model=model)
    sfn.StateMachine(
        stack,
        "Machine",
        query_language=sfn.QueryLanguage.JSONATA,
        definition_body=sfn.DefinitionBody.from_chainable(
            sfn.Chain.start(start).next(prepare).next(customize).next(deploy)
        ),
    )
    states = read_definition(Template.from_stack(stack))["States"]
    assert states["Start run"]["Next"] == "Plan preparation"
    assert states["Prepare data"]["Next"] == "Plan customization"
    assert states["Is the model active?"]["Default"] == "Deploy candidate"
    assert "Catch" not in states["Prepare data"]
    assert states["Deployment failed"]["Type"] == "Fail"


def test_a_machine_of_your_own_may_find_out_what_a_run_starts_from(stack, read_definition):
    start = RunStart(
        stack,
        "Start",
        storage=CustomizationStorage(stack, "Storage"),
        base_model=BaseModel.NOVA_LITE,
        input={"source": "{% $exported.uri %}"},
    )
    sfn.StateMachine(stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(start))
    state = read_definition(Template.from_stack(stack))["States"]["Start run"]
    assert state["Arguments"]["Payload"]["input"] == {"source": "{% $exported.uri %}"}


def test_a_topic_of_your_own_is_told(stack):
    topic = sns.Topic(stack, "Own")
    CustomizationPipeline(stack, "Pipeline", base_model=BaseModel.NOVA_MICRO, topic=topic)
    Template.from_stack(stack).resource_count_is("AWS::SNS::Topic", 1)


def test_a_base_model_without_validation_set_gets_none(stack, read_definition):
    CustomizationPipeline(stack, "Pipeline", base_model=BaseModel.NOVA_2_LITE)
    states = read_definition(Template.from_stack(stack))["States"]
    job = states["Customize and watch"]["Branches"][0]["States"]["Customize model"]
    assert "ValidationDataConfig" not in job["Arguments"]


def test_an_inference_profile_takes_rights_on_its_models_in_every_region(stack):
    CustomizationPipeline(stack, "Pipeline", base_model=BaseModel.LLAMA_3_3_70B)
    policies = json.dumps(Template.from_stack(stack).find_resources("AWS::IAM::Role"))
    assert ":inference-profile/us.meta.llama3-3-70b-instruct-v1:0" in policies
    assert ":bedrock:*::foundation-model/meta.llama3-3-70b-instruct-v1:0" in policies


def test_the_pipeline_synthesizes_with_and_without_feature_flags(flags):
    stack = Stack(App(context=flags), "Stack")
    CustomizationPipeline(stack, "Pipeline", base_model=BaseModel.NOVA_MICRO)
    Template.from_stack(stack).resource_count_is("AWS::StepFunctions::StateMachine", 1)


def test_nothing_names_an_account_a_region_or_a_partition(template):
    text = json.dumps(template.to_json())
    assert "arn:aws:" not in text
    assert "us-east-1" not in text


def test_no_resource_has_a_name_that_a_second_stack_would_meet(template):
    names = ("BucketName", "FunctionName", "RoleName", "TopicName", "StateMachineName", "Name")
    # A log group's name carries the end of its stack's id.
    for resource in template.to_json()["Resources"].values():
        properties = resource.get("Properties", {})
        assert not [name for name in names if isinstance(properties.get(name), str)]


def test_there_is_no_custom_resource(template):
    kinds = {resource["Type"] for resource in template.to_json()["Resources"].values()}
    assert not [kind for kind in kinds if "Custom" in kind]


def test_metrics_are_the_state_machines(deployable_stack):
    metric = deployable_stack.pipeline.metric_failed(label="Failed runs")
    assert metric.metric_name == "ExecutionsFailed"
    assert metric.statistic == "Sum"
    assert metric.label == "Failed runs"
