"""Amazon Nova that SageMaker AI has trained, from a job to the alias, with IAM enforced."""

import csv
import io
import json
import tarfile

import pytest
from aws_cdk import App, Stack, aws_s3 as s3

from bedrock_customization import (
    BaseModel,
    Gate,
    ModelImportPipeline,
    RecordTemplate,
    SageMakerNovaModel,
)
from bedrock_customization_local.cloud.bedrock.faults import Fault, FaultKind
from bedrock_customization_local.cloud.bedrock.tinylm.model_folder import write_model_folder
from bedrock_customization_local.cloud.bedrock.tinylm.training import Settings, Training
from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import Record, split_words

pytestmark = pytest.mark.slow

SYSTEM, OUTPUTS = "Answer with the intent.", "trained-nova"
ESCROW = "customer-escrow-123456789012-smtj-a1b2"
RUNS = ("Trained", "Strict", "Foreign", "Broken")
JOBS = {
    "Trained": {"checkpoint_s3_bucket": f"s3://{ESCROW}/trained/"},
    "Foreign": {"checkpoint_s3_bucket": "s3://customer-escrow-210987654321-smtj-c3d4/trained/"},
    "Broken": {"checkpoint_s3_bucket": f"s3://{ESCROW}/llama/"},
}


@pytest.fixture(scope="module")
def weights(questions, tmp_path_factory):
    """A model that somebody has trained for the task, as SageMaker AI keeps it."""
    rows = list(csv.DictReader(io.StringIO(questions)))
    records = [
        Record(split_words(f"{SYSTEM}\n\n{row['text']}"), split_words(row["category"]))
        for row in rows[::2]
    ]
    training = Training(records, [], Settings(epochs=4))
    for _ in training:
        pass
    folder = tmp_path_factory.mktemp("model")
    write_model_folder(training.model, folder)
    return (folder / "model.safetensors").read_bytes()


def packed(manifest):
    body, buffer = json.dumps(manifest).encode(), io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        described = tarfile.TarInfo("manifest.json")
        described.size = len(body)
        archive.addfile(described, io.BytesIO(body))
    return buffer.getvalue()


def train(cloud, name, manifest):
    """Leave what a training job leaves: its description, and an archive with a manifest."""
    cloud.client("sagemaker").create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingInputMode": "File", "TrainingImage": "nova"},
        RoleArn="arn:aws:iam::123456789012:role/trainer",
        OutputDataConfig={"S3OutputPath": f"s3://{OUTPUTS}/out/"},
        ResourceConfig={"InstanceType": "ml.p5.48xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )
    key = f"out/{name}/output/output.tar.gz"
    cloud.client("s3").put_object(Bucket=OUTPUTS, Key=key, Body=packed(manifest))


@pytest.fixture(scope="module")
def deployed(context, start_cloud, deploy_app, make_pipeline, weights, tmp_path_factory):
    """A pipeline for each training job."""
    with start_cloud() as cloud:
        client = cloud.client("s3")
        for bucket in (OUTPUTS, ESCROW):
            client.create_bucket(Bucket=bucket)
        client.put_object(Bucket=ESCROW, Key="trained/model.safetensors", Body=weights)
        llama = json.dumps({"base_model": "meta.llama3-1-8b-instruct-v1:0:128k"})
        client.put_object(Bucket=ESCROW, Key="llama/config.json", Body=llama.encode())
        app = App(context=context, outdir=str(tmp_path_factory.mktemp("assembly")))
        stack = Stack(app, "Stack")
        bucket = s3.Bucket.from_bucket_name(stack, "Outputs", OUTPUTS)
        for name, manifest in JOBS.items():
            train(cloud, name.lower(), manifest)
            define(stack, name, SageMakerNovaModel.of_training_job(name.lower(), bucket=bucket))
        strict = SageMakerNovaModel.of_artifacts(f"s3://{ESCROW}/trained/")
        define(stack, "Strict", strict, min_improvement=0.999)
        exports = deploy_app(cloud, app)
        yield {name: make_pipeline(cloud, name, exports) for name in RUNS}


def define(stack, name, model, min_improvement=0.0):
    pipeline = ModelImportPipeline(
        stack,
        name,
        model=model,
        base_model=BaseModel.NOVA_MICRO,
        template=RecordTemplate(prompt="{text}", completion="{category}", system=SYSTEM),
        sharding=None,
        few_shot=0,
        max_tokens=8,
        gate=Gate(min_improvement=min_improvement),
    )
    for key, value in {
        "Data": pipeline.storage.data_bucket.bucket_name,
        "Artifacts": pipeline.storage.artifacts_bucket.bucket_name,
        "StateMachine": pipeline.state_machine.state_machine_arn,
        "Alias": pipeline.alias.arn_parameter.parameter_name,
    }.items():
        stack.export_value(value, name=f"{name}{key}")


def custom_models(pipeline):
    found = pipeline.cloud.client("bedrock").list_custom_models()
    return [one["modelArn"] for one in found["modelSummaries"]]


@pytest.fixture(scope="module")
def runs(deployed, questions):
    """A run of each job, all at once; of the first request's reply is lost."""
    faults = deployed["Trained"].cloud.bedrock.faults
    faults.inject(Fault(name="lost", kind=FaultKind.LOST_REPLY, operation="CreateCustomModel"))
    arns = {name: deployed[name].start(name.lower(), questions) for name in RUNS}
    ended = {name: deployed[name].wait(arn) for name, arn in arns.items()}
    faults.clear()
    return ended


def test_a_trained_nova_comes_from_its_job_to_the_alias(deployed, runs):
    assert runs["Trained"]["status"] == "SUCCEEDED", runs["Trained"].get("cause")
    pipeline = deployed["Trained"]
    found = pipeline.manifest("trained")
    made = found.custom_model
    assert found.status == "promoted"
    assert (made.training_job, made.location) == ("trained", f"s3://{ESCROW}/trained/")
    assert ":custom-model/imported/" in made.model_arn
    assert pipeline.alias() == found.deployment.arn
    bedrock = pipeline.cloud.client("bedrock")
    deployment = bedrock.get_custom_model_deployment(
        customModelDeploymentIdentifier=pipeline.alias()
    )
    assert deployment["modelArn"] == made.model_arn
    assert found.evaluation.metrics[0].candidate > found.evaluation.metrics[0].other
    assert {item.name for item in found.estimate.monthly} == {"storage", "deployment"}


def test_a_model_that_does_not_go_live_is_deleted_with_its_deployment(deployed, runs):
    assert runs["Strict"]["status"] == "SUCCEEDED", runs["Strict"].get("cause")
    pipeline = deployed["Strict"]
    found = pipeline.manifest("strict")
    assert (found.status, found.deployment.removed) == ("rejected", True)
    assert found.custom_model.model_arn not in custom_models(pipeline)
    assert pipeline.alias() is None


def test_weights_in_another_accounts_bucket_are_refused(deployed, runs):
    assert runs["Foreign"]["error"] == "ModelSourceRefused"
    assert "customer-escrow-123456789012-" in runs["Foreign"]["cause"]
    assert deployed["Foreign"].manifest("foreign").custom_model is None


def test_a_model_that_bedrock_cannot_make_is_deleted(deployed, runs):
    assert runs["Broken"]["error"] == "ImportFailed", runs["Broken"]
    assert "is not an Amazon Nova model" in runs["Broken"]["cause"]
    made = deployed["Trained"].manifest("trained").custom_model
    assert custom_models(deployed["Broken"]) == [made.model_arn]
    assert deployed["Broken"].alias() is None


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
        # Where a live model answers, too.
        given("ModelEvaluationAnswerRole", "bedrock:GetCustomModelDeployment", "*"),
    ]
    closure = closure_of(deployed["Trained"].cloud, alike=RUNS)
    assert closure.denied() == set()
    assert sorted(closure.surplus(elsewhere)) == []
    assert closure.stale() == []
