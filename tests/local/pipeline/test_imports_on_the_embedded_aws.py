"""Models trained elsewhere, from a hub, an archive and a folder to the alias, with IAM enforced."""

import csv
import io
import tarfile
from hashlib import sha256

import pytest
from aws_cdk import App, Stack, aws_s3 as s3, aws_secretsmanager as secretsmanager

from bedrock_customization import (
    BaseModel,
    Gate,
    HuggingFaceModel,
    ModelImportPipeline,
    RecordTemplate,
    S3Model,
    SageMakerModel,
)
from bedrock_customization_local.cloud.bedrock.faults import Fault, FaultKind
from bedrock_customization_local.cloud.bedrock.tinylm.model_folder import write_model_folder
from bedrock_customization_local.cloud.bedrock.tinylm.training import Settings, Training
from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import Record, split_words
from bedrock_customization_local.cloud.hub import Access, Hub

pytestmark = pytest.mark.slow

REPO, SYSTEM = "owner/intents", "Answer with the intent."
SOURCES = ("Hub", "Archive", "Folder")


@pytest.fixture(scope="module")
def folder(questions, tmp_path_factory):
    """A model that somebody has trained for the task, as a folder of the Hugging Face kind."""
    rows = list(csv.DictReader(io.StringIO(questions)))
    records = [
        Record(split_words(f"{SYSTEM}\n\n{row['text']}"), split_words(row["category"]))
        for row in rows[::2]
    ]
    training = Training(records, [], Settings(epochs=4))
    for _ in training:
        pass
    folder = tmp_path_factory.mktemp("model")
    write_model_folder(training.model, folder, shards=2)
    (folder / "pytorch_model.bin").write_bytes(b"never copied")
    return folder


@pytest.fixture(scope="module")
def hub(folder):
    """A hub with that model, gated."""
    with Hub() as hub:
        hub.publish(REPO, folder, access=Access.GATED)
        yield hub


def packed(folder):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(folder, arcname=".")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def deployed(context, start_cloud, deploy_app, make_pipeline, folder, hub, tmp_path_factory):
    """A pipeline for each kind of source, and one whose gate nothing passes."""
    with start_cloud() as cloud:
        client = cloud.client("s3")
        client.create_bucket(Bucket="trained")
        for path in folder.iterdir():
            client.put_object(Bucket="trained", Key=f"mine/{path.name}", Body=path.read_bytes())
        client.put_object(Bucket="trained", Key="job/output/model.tar.gz", Body=packed(folder))
        app = App(context=context, outdir=str(tmp_path_factory.mktemp("assembly")))
        stack = Stack(app, "Stack")
        bucket = s3.Bucket.from_bucket_name(stack, "Trained", "trained")
        secret = cloud.client("secretsmanager").create_secret(Name="hub", SecretString=hub.token)
        token = secretsmanager.Secret.from_secret_complete_arn(stack, "Token", secret["ARN"])
        models = {
            "Hub": HuggingFaceModel(repo=REPO, token=token, endpoint=hub.url),
            "Archive": SageMakerModel.of_archive("job/output/model.tar.gz", bucket=bucket),
            "Folder": S3Model(bucket=bucket, prefix="mine"),
        }
        for name, model in models.items():
            define(stack, name, model, gate=Gate(min_improvement=0.0))
        define(stack, "Strict", models["Folder"], gate=Gate(min_improvement=0.999))
        exports = deploy_app(cloud, app)
        yield {name: make_pipeline(cloud, name, exports) for name in [*models, "Strict"]}


def define(stack, name, model, **given):
    pipeline = ModelImportPipeline(
        stack,
        name,
        model=model,
        base_model=BaseModel.NOVA_MICRO,
        template=RecordTemplate(prompt="{text}", completion="{category}", system=SYSTEM),
        sharding=None,
        few_shot=0,
        max_tokens=8,
        **given,
    )
    for key, value in {
        "Data": pipeline.storage.data_bucket.bucket_name,
        "Artifacts": pipeline.storage.artifacts_bucket.bucket_name,
        "StateMachine": pipeline.state_machine.state_machine_arn,
        "Alias": pipeline.alias.arn_parameter.parameter_name,
    }.items():
        stack.export_value(value, name=f"{name}{key}")


def imported_models(pipeline):
    found = pipeline.cloud.client("bedrock").list_imported_models()
    return {one["modelArn"] for one in found["modelSummaries"]}


def leftovers(pipeline, run):
    """Return what an import has left of its copy."""
    bucket, prefix = pipeline.outputs["Data"], f"scratch/{run}/import/model/"
    uploads = pipeline.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    listed = pipeline.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return [one["Key"] for one in [*uploads, *listed]]


@pytest.fixture(scope="module")
def imported(deployed, questions):
    """A run of each kind of source, all at once: an account imports one model at a time."""
    arns = {name: deployed[name].start(name.lower(), questions) for name in SOURCES}
    deployed["Hub"].cloud.bedrock.faults.inject(
        Fault(name="lost", kind=FaultKind.LOST_REPLY, operation="CreateModelImportJob")
    )
    ended = {name: deployed[name].wait(arn) for name, arn in arns.items()}
    deployed["Hub"].cloud.bedrock.faults.clear()
    for execution in ended.values():
        assert execution["status"] == "SUCCEEDED", execution.get("cause")
    return ended


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize("kind", SOURCES)
def test_a_model_comes_from_its_source_to_the_alias(deployed, folder, kind):
    pipeline, name = deployed[kind], kind.lower()
    found = pipeline.manifest(name)
    assert found.status == "promoted"
    assert pipeline.alias() == found.model_import.job.model_arn == found.deployment.arn
    assert found.evaluation.metrics[0].tuned > found.evaluation.metrics[0].baseline
    copied = {file.name: file.sha256 for file in found.model_import.files}
    assert "pytorch_model.bin" not in copied
    for name_of_file, digest in copied.items():
        assert digest == sha256((folder / name_of_file).read_bytes()).hexdigest()
    assert leftovers(pipeline, name) == []


@pytest.mark.usefixtures("imported")
def test_the_manifest_says_what_was_imported(deployed, hub):
    found = deployed["Hub"].manifest("hub").model_import
    assert (found.kind, found.location) == ("hub", f"{hub.url}/{REPO}")
    assert len(found.revision) == 40
    assert found.architecture == "LlamaForCausalLM"
    assert found.job.instruct_supported
    assert found.left_out == 1


@pytest.mark.usefixtures("imported")
def test_the_estimate_names_the_units_that_the_import_has_shown(deployed):
    found = deployed["Hub"].manifest("hub")
    copy = next(item for item in found.estimate.items if item.name == "imported model")
    assert copy.quantity % (5 * found.model_import.job.units_per_copy) == 0
    assert found.estimate.monthly[0].quantity == found.model_import.job.units_per_copy


def test_no_state_and_no_log_holds_the_token(deployed, imported, hub):
    pipeline = deployed["Hub"]
    pages = pipeline.states.get_paginator("get_execution_history").paginate(
        executionArn=imported["Hub"]["executionArn"]
    )
    assert not any(hub.token in str(page) for page in pages)
    logs = pipeline.cloud.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        found = logs.filter_log_events(logGroupName=name)["events"]
        assert not any(hub.token in event["message"] for event in found)


@pytest.mark.usefixtures("imported")
def test_what_does_not_go_live_leaves_nothing(deployed, questions):
    pipeline = deployed["Strict"]
    bedrock = pipeline.cloud.client("bedrock")
    full = pipeline.run("strict", questions)
    assert (full["status"], full["error"]) == ("FAILED", "QuotaExhausted")
    assert "3 models" in full["cause"]
    assert leftovers(pipeline, "strict") == []
    bedrock.delete_imported_model(modelIdentifier=deployed["Folder"].alias())
    before = imported_models(pipeline)

    pipeline.cloud.bedrock.faults.inject(
        Fault(name="broken", kind=FaultKind.FAIL_IMPORT, message="The weights are odd.")
    )
    pipeline.states.redrive_execution(executionArn=full["executionArn"])
    failed = pipeline.wait(full["executionArn"])
    assert (failed["status"], failed["error"]) == ("FAILED", "ImportFailed"), failed.get("cause")
    assert "The weights are odd." in failed["cause"]
    assert leftovers(pipeline, "strict") == []

    pipeline.states.redrive_execution(executionArn=full["executionArn"])
    rejected = pipeline.wait(full["executionArn"])
    assert rejected["status"] == "SUCCEEDED", rejected.get("cause")
    found = pipeline.manifest("strict")
    assert found.status == "rejected"
    assert found.deployment.removed
    assert imported_models(pipeline) == before
    assert leftovers(pipeline, "strict") == []
    assert pipeline.alias() is None


def test_the_roles_have_the_rights_that_the_runs_needed_and_no_more(deployed, closure_of, given):
    """The last test of the module, for it looks back at all runs."""
    elsewhere = [
        # The tests of the other pipeline supersede models and end badly.
        given("RunCleanupCleanUpRole", "*", "*"),
        given("StateMachineRole", "states:RedriveExecution", "*"),
        given("CandidateRemovalRemoveRole", "ssm:*", "*"),
        given("ModelEvaluationAnswerRole", "bedrock:GetImportedModel", "*"),
    ]
    closure = closure_of(deployed["Hub"].cloud, alike=[*SOURCES, "Strict"])
    assert closure.denied() == set()
    assert sorted(closure.surplus(elsewhere)) == []
    assert closure.stale() == []
