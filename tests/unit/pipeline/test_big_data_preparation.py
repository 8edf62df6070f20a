"""Spark on EMR Serverless: its application, its job's role, its states, and what it costs off."""

import json
import re

import pytest
from aws_cdk import App, Duration, Size, Stack, aws_kms as kms
from aws_cdk.assertions import Match, Template
from botocore.session import Session

from bedrock_customization import (
    BaseModel,
    CustomizationNetwork,
    CustomizationPipeline,
    CustomizationStorage,
    DataPreparation,
    Enrichment,
    EnrichmentTask,
    Sharding,
    Spark,
)
from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.costs.items import preparing
from bedrock_customization_runtime.costs.quantities import RunTokens
from bedrock_customization_runtime.costs.spark import use_of_spark

APPLICATION = "AWS::EMRServerless::Application"
CAPACITY = {"vcpus": 8, "memory_gb": 46, "paid_storage_gb": 160}


def pipeline_of(context, **settings):
    stack = Stack(App(context=context), "Stack")
    CustomizationPipeline(stack, "Pipeline", base_model=BaseModel.NOVA_MICRO, **settings)
    return Template.from_stack(stack)


@pytest.fixture(scope="module")
def with_spark(context):
    return pipeline_of(context, spark=Spark(max_workers=1, timeout=Duration.hours(2)))


@pytest.fixture(scope="module")
def states(with_spark, read_definition):
    return read_definition(with_spark)["States"]


def test_nothing_of_it_is_there_where_nobody_asks(template):
    template.resource_count_is(APPLICATION, 0)
    assert "emr-serverless" not in json.dumps(template.to_json())


def test_the_application_stops_when_idle_and_takes_no_more_than_was_said(with_spark):
    with_spark.has_resource_properties(
        APPLICATION,
        {
            "Type": "SPARK",
            "Architecture": "ARM64",
            "AutoStopConfiguration": {"Enabled": True, "IdleTimeoutMinutes": 5},
            "MaximumCapacity": {"Cpu": "8 vCPU", "Memory": "46 GB", "Disk": "200 GB"},
        },
    )


def test_the_driver_is_chosen_by_size(states):
    limits = states["Plan preparation"]["Arguments"]["Payload"]["sharding"]
    crossovers = catalog.preparation().crossovers
    assert limits["above_bytes"] == crossovers.functions_above_bytes
    assert limits["spark_above_bytes"] == crossovers.spark_above_bytes
    assert [(one["Condition"], one["Next"]) for one in states["Is the source cut?"]["Choices"]] == [
        ("{% $plan.spark %}", "Prepare with Spark"),
        ("{% $plan.shards > 0 %}", "Examine shards"),
    ]


def test_the_job_is_awaited_limited_and_caught(states):
    job = states["Prepare with Spark"]
    assert job["Resource"] == "arn:aws:states:::emr-serverless:startJobRun.sync"
    assert job["Arguments"]["ExecutionTimeoutMinutes"] == 120
    assert job["TimeoutSeconds"] > 7200
    assert job["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    assert job["Next"] == "Read outcome of Spark"
    assert states["Read outcome of Spark"]["Arguments"]["Payload"]["step"] == "read-outcome"
    assert states["Read outcome of Spark"]["Next"] == states["Prepare data"]["Next"]


def test_the_request_is_one_that_emr_serverless_knows(states):
    """By the service's own model, names in its spelling, expressions in place of their values."""
    request = states["Prepare with Spark"]["Arguments"]
    shape = Session().get_service_model("emr-serverless").operation_model("StartJobRun").input_shape

    def check(value, shape):
        match shape.type_name:
            case "structure":
                members = {name[0].upper() + name[1:]: one for name, one in shape.members.items()}
                assert value.keys() <= members.keys()
                for name, one in value.items():
                    check(one, members[name])
            case "string" if "{%" not in value and "${" not in value:
                assert re.fullmatch(shape.metadata.get("pattern", ".*"), value, re.DOTALL)

    check(request, shape)


def test_a_token_is_of_what_is_prepared_and_of_the_drive(states):
    token = states["Prepare with Spark"]["Arguments"]["ClientToken"]
    assert "$plan.scratch" in token
    assert "RedriveCount" in token


def test_only_emr_serverless_assumes_the_role_and_only_for_this_application(with_spark):
    (application,) = with_spark.find_resources(APPLICATION)
    with_spark.has_resource_properties(
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": {
                "Statement": [
                    {
                        "Action": "sts:AssumeRole",
                        "Effect": "Allow",
                        "Principal": {"Service": "emr-serverless.amazonaws.com"},
                        "Condition": {
                            "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
                            "ArnLike": {"aws:SourceArn": {"Fn::GetAtt": [application, "Arn"]}},
                        },
                    }
                ],
                "Version": "2012-10-17",
            }
        },
    )


def test_the_machine_may_start_follow_and_stop_the_job_and_pass_its_role_to_nobody_else(with_spark):
    (application,) = with_spark.find_resources(APPLICATION)
    arn = {"Fn::GetAtt": [application, "Arn"]}
    jobs = {"Fn::Join": ["", [arn, "/jobruns/*"]]}
    passed = {"StringEquals": {"iam:PassedToService": "emr-serverless.amazonaws.com"}}
    with_spark.has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        Match.object_like(
                            {"Action": "emr-serverless:StartJobRun", "Resource": arn}
                        ),
                        Match.object_like(
                            {
                                "Action": [
                                    "emr-serverless:CancelJobRun",
                                    "emr-serverless:GetJobRun",
                                    "emr-serverless:TagResource",
                                ],
                                "Resource": jobs,
                            }
                        ),
                        Match.object_like({"Action": "iam:PassRole", "Condition": passed}),
                    ]
                )
            }
        },
    )


def test_every_worker_runs_the_interpreter_that_its_libraries_are_for(states):
    submitted = states["Prepare with Spark"]["Arguments"]["JobDriver"]["SparkSubmit"]
    settings = dict(
        one.split("=", 1) for one in submitted["SparkSubmitParameters"].split("--conf ") if one
    )
    python = f"python{catalog.preparation().spark.python_version}"
    named = {name: value.strip() for name, value in settings.items() if "PYTHON" in name}
    assert {value for name, value in named.items() if name.endswith("_PYTHON")} == {python}
    assert {value for name, value in named.items() if name.endswith("PYTHONPATH")} == {
        "./engine:./libraries/python"
    }
    assert settings["spark.archives"].count("#") == 2


def test_the_job_signs_manifests_where_functions_do(context, read_definition):
    stack = Stack(App(context=context), "Stack")
    storage = CustomizationStorage(stack, "Storage", sign_manifests=True)
    CustomizationPipeline(
        stack, "Pipeline", base_model=BaseModel.NOVA_MICRO, storage=storage, spark=Spark()
    )
    job = read_definition(Template.from_stack(stack))["States"]["Prepare with Spark"]
    parameters = job["Arguments"]["JobDriver"]["SparkSubmit"]["SparkSubmitParameters"]
    assert "driverEnv.MANIFEST_SIGNING_KEY=" in parameters


def test_the_workers_are_in_the_network_and_reach_their_log(context):
    stack = Stack(App(context=context), "Stack")
    network = CustomizationNetwork(stack, "Network")
    CustomizationPipeline(
        stack, "Pipeline", base_model=BaseModel.NOVA_MICRO, network=network, spark=Spark()
    )
    found = Template.from_stack(stack)
    found.has_resource_properties(
        APPLICATION,
        {
            "NetworkConfiguration": {
                "SubnetIds": Match.any_value(),
                "SecurityGroupIds": Match.any_value(),
            }
        },
    )
    names = json.dumps(found.find_resources("AWS::EC2::VPCEndpoint"))
    assert ".logs" in names


def test_without_shards_spark_prepares_whatever_is_larger_than_one_function_takes(
    context, read_definition
):
    found = pipeline_of(context, sharding=None, spark=Spark(above=Size.gibibytes(1)))
    states = read_definition(found)["States"]
    limits = states["Plan preparation"]["Arguments"]["Payload"]["sharding"]
    assert limits["above_bytes"] == limits["spark_above_bytes"] == 2**30
    assert "Examine shards" not in states


def test_what_is_for_spark_never_goes_to_one_function(context, read_definition):
    found = pipeline_of(
        context,
        sharding=Sharding(above=Size.gibibytes(4)),
        spark=Spark(above=Size.gibibytes(1)),
    )
    limits = read_definition(found)["States"]["Plan preparation"]["Arguments"]["Payload"][
        "sharding"
    ]
    assert limits["above_bytes"] == 2**30


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_workers": 0}, "max_workers must be"),
        ({"timeout": Duration.minutes(5)}, "timeout must be from 10 minutes to 7 days"),
    ],
)
def test_numbers_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Spark(**arguments)


def test_what_a_model_adds_to_is_prepared_by_one_function(stack):
    with pytest.raises(ValueError, match="spark must be left out"):
        DataPreparation(
            stack,
            "Preparation",
            storage=CustomizationStorage(stack, "Storage", key=kms.Key(stack, "Key")),
            base_model=BaseModel.NOVA_MICRO,
            enrichment=Enrichment(
                model="us.amazon.nova-micro-v1:0", task=EnrichmentTask.COMPLETE, max_cost_usd=5
            ),
            spark=Spark(),
        )


def test_the_cost_is_what_emr_serverless_billed():
    use = use_of_spark(
        {"VCPUHour": 10.0, "memoryGBHour": 40.0, "StorageGBHour": 5.0}, CAPACITY, seconds=60
    )
    prices = catalog.preparation().prices
    expected = (
        10 * prices.vcpu_hour.usd + 40 * prices.memory_gb_hour.usd + 5 * prices.storage_gb_hour.usd
    )
    assert use.cost_usd == pytest.approx(expected)
    assert not use.at_most
    (item,) = preparing(RunTokens(training=0, spark=use))
    assert (item.usd, item.assumption) == (use.cost_usd, "paid already")


def test_where_emr_serverless_tells_nothing_all_workers_count_all_the_time():
    use = use_of_spark({}, CAPACITY, seconds=1800)
    assert (use.vcpu_hours, use.memory_gb_hours, use.storage_gb_hours) == (4, 23, 80)
    (item,) = preparing(RunTokens(training=0, spark=use))
    assert item.assumption == "paid already, no more than this"


def test_a_run_without_spark_has_no_item_for_it():
    assert preparing(RunTokens(training=0)) == []
