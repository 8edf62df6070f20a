"""A custom model of another account goes live here, with IAM enforced: copied, asked, promoted."""

import json
import time

import pytest
from aws_cdk import App, Duration, Stack, aws_kms as kms

from bedrock_customization import Approval, BaseModel, ModelCopyPipeline
from bedrock_customization_local.cloud.bedrock.faults import Fault, FaultKind
from bedrock_customization_local.cloud.bedrock.tinylm.model import base_model
from bedrock_customization_local.cloud.bedrock.tinylm.model_folder import write_model_folder

pytestmark = pytest.mark.slow

DEV, DEV_REGION = "210987654321", "us-west-2"
PIPELINES = ("Open", "Asking")


@pytest.fixture(scope="module")
def deployed(context, start_cloud, deploy_app, make_pipeline, tmp_path_factory):
    """Two pipelines that take models of the account that tunes: one asks people."""
    with start_cloud() as cloud:
        app = App(context=context, outdir=str(tmp_path_factory.mktemp("assembly")))
        stack = Stack(app, "Stack")
        define(stack, "Open", model_key=kms.Key(stack, "ModelKey"))
        define(stack, "Asking", approval=Approval(timeout=Duration.hours(1), link=False))
        exports = deploy_app(cloud, app)
        yield {name: make_pipeline(cloud, name, exports) for name in PIPELINES}


def define(stack, name, **given):
    pipeline = ModelCopyPipeline(
        stack,
        name,
        base_model=BaseModel.NOVA_MICRO,
        source_region=DEV_REGION,
        source_account=DEV,
        **given,
    )
    for key, value in {
        "Artifacts": pipeline.storage.artifacts_bucket.bucket_name,
        "StateMachine": pipeline.state_machine.state_machine_arn,
        "Alias": pipeline.alias.arn_parameter.parameter_name,
    }.items():
        stack.export_value(value, name=f"{name}{key}")


@pytest.fixture(scope="module")
def shared(deployed, tmp_path_factory):
    """ARNs of models that the other account has made and shares: one answers, one has failed."""
    cloud = deployed["Open"].cloud
    folder = tmp_path_factory.mktemp("model")
    write_model_folder(base_model("amazon.nova-micro-v1:0:128k", ""), folder)
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="packages")
    weights = (folder / "model.safetensors").read_bytes()
    for name, body in (("tuned", weights), ("broken", b"no weights")):
        s3.put_object(Bucket="packages", Key=f"{name}/model.safetensors", Body=body)
    made = {name: create(cloud, name) for name in ("tuned", "broken")}
    bedrock = cloud.client("bedrock")
    for arn in made.values():
        while bedrock.get_custom_model(modelIdentifier=arn)["modelStatus"] == "Creating":
            time.sleep(0.05)
    return {
        name: cloud.bedrock.share(arn, region=DEV_REGION, account_id=DEV)
        for name, arn in made.items()
    }


def create(cloud, name):
    """Have a custom model made of a model package, as needs no role."""
    package = cloud.client("sagemaker").create_model_package(
        ModelPackageName=name,
        InferenceSpecification={
            "Containers": [{"Image": "nova", "ModelDataUrl": f"s3://packages/{name}/"}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )["ModelPackageArn"]
    source = {"modelPackageArnDataSource": {"modelPackageArn": package}}
    made = cloud.client("bedrock").create_custom_model(modelName=name, customModelDataSource=source)
    return made["modelArn"]


@pytest.fixture(scope="module")
def runs(deployed, shared):
    """Runs of models that are good, broken or of nobody that is named; the first reply is lost."""
    faults = deployed["Open"].cloud.bedrock.faults
    faults.inject(Fault(name="lost", kind=FaultKind.LOST_REPLY, operation="CreateModelCopyJob"))
    hurry(deployed["Asking"])
    names = {
        "open": ("Open", shared["tuned"]),
        "asking": ("Asking", shared["tuned"]),
        "broken": ("Open", shared["broken"]),
        "foreign": ("Open", shared["tuned"].replace(DEV, "999999999999")),
    }
    arns = {name: start(deployed[of], name, model) for name, (of, model) in names.items()}
    ended = {name: deployed[names[name][0]].wait(arn) for name, arn in arns.items()}
    faults.clear()
    return ended


def hurry(pipeline):
    """Let people have two real seconds: the embedded AWS scales no time-outs."""
    machine = {"stateMachineArn": pipeline.outputs["StateMachine"]}
    definition = json.loads(pipeline.states.describe_state_machine(**machine)["definition"])
    definition["States"]["Request approval"]["TimeoutSeconds"] = 2
    pipeline.states.update_state_machine(**machine, definition=json.dumps(definition))


def start(pipeline, name, model):
    return pipeline.states.start_execution(
        stateMachineArn=pipeline.outputs["StateMachine"],
        name=name,
        input=json.dumps({"model": model}),
    )["executionArn"]


def test_a_model_of_another_account_goes_live(deployed, runs, shared):
    assert runs["open"]["status"] == "SUCCEEDED", runs["open"].get("cause")
    pipeline = deployed["Open"]
    found = pipeline.manifest("open")
    assert (found.status, found.outcome) == ("promoted", "Promoted")
    assert found.run.source == found.model_copy.source_model_arn == shared["tuned"]
    assert pipeline.alias() == found.deployment.arn
    bedrock = pipeline.cloud.client("bedrock")
    live = bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=pipeline.alias())
    assert live["modelArn"] == found.model_copy.model_arn == found.model_arn
    copy = bedrock.get_custom_model(modelIdentifier=found.model_arn)
    assert ":key/" in copy["modelKmsKeyArn"]
    assert {item.name for item in found.estimate.monthly} == {"storage", "deployment"}
    report = pipeline.s3.get_object(
        Bucket=pipeline.outputs["Artifacts"], Key="runs/open/report.html"
    )["Body"].read()
    assert b"Promoted" in report


def test_a_lost_reply_makes_no_second_copy(deployed, runs):
    assert runs["open"]["status"] == "SUCCEEDED"
    found = deployed["Open"].cloud.client("bedrock").list_model_copy_jobs()
    assert len(found["modelCopyJobSummaries"]) == 3


def test_a_copy_that_nobody_approves_is_taken_away(deployed, runs):
    assert runs["asking"]["status"] == "SUCCEEDED", runs["asking"].get("cause")
    pipeline = deployed["Asking"]
    found = pipeline.manifest("asking")
    assert found.outcome == "ApprovalExpired"
    assert found.deployment.removed
    assert pipeline.alias() is None
    models = pipeline.cloud.client("bedrock").list_custom_models()["modelSummaries"]
    assert found.model_copy.model_arn not in {model["modelArn"] for model in models}


def test_a_copy_that_fails_is_taken_away_and_the_alias_stays(deployed, runs):
    assert runs["broken"]["status"] == "FAILED"
    pipeline = deployed["Open"]
    found = pipeline.manifest("broken")
    assert found.outcome == "CopyFailed"
    assert "is Failed and not Active" in found.failure.cause
    assert pipeline.alias() == pipeline.manifest("open").deployment.arn
    models = pipeline.cloud.client("bedrock").list_custom_models()["modelSummaries"]
    live = pipeline.manifest("open").model_copy.model_name
    assert {model["modelName"] for model in models} == {"tuned", "broken", live}


def test_a_model_of_an_account_that_is_not_named_is_refused_by_the_role(deployed, runs):
    assert runs["foreign"]["status"] == "FAILED"
    found = deployed["Open"].manifest("foreign")
    assert "AccessDenied" in found.outcome
    assert found.model_copy.model_arn is None


def test_the_roles_have_the_rights_that_the_runs_needed_and_no_more(
    deployed, runs, closure_of, given
):
    """The last test of the module, for it looks back at all runs."""
    assert runs
    elsewhere = [
        # The tests of the other pipelines supersede models, redrive runs and end badly.
        given("RunCleanupCleanUpRole", "*", "*"),
        given("StateMachineRole", "states:RedriveExecution", "*"),
        given("CandidateRemovalRemoveRole", "ssm:*", "*"),
        # There, people decide.
        given("ApprovalDecideRole", "*", "*"),
    ]
    closure = closure_of(deployed["Open"].cloud, alike=PIPELINES)
    assert {one.action for one in closure.denied()} == {"bedrock:CreateModelCopyJob"}
    assert sorted(closure.surplus(elsewhere)) == []
