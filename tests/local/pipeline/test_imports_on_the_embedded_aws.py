"""Models trained elsewhere, from a hub, an archive and a folder to the alias, with IAM enforced."""

import csv
import io
import tarfile

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
from bedrock_customization_local.cloud.bedrock.tinylm.model_folder import write_model_folder
from bedrock_customization_local.cloud.bedrock.tinylm.training import Settings, Training
from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import Record, split_words
from bedrock_customization_local.cloud.hub import Access, Hub

pytestmark = pytest.mark.slow

REPO, SYSTEM = "owner/intents", "Answer with the intent."


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
            define(stack, name, model, gate=Gate(minimum_improvement=0.0))
        define(stack, "Strict", models["Folder"], gate=Gate(minimum_improvement=0.999))
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
        maximum_tokens=8,
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


@pytest.mark.parametrize("kind", ["Hub", "Archive", "Folder"])
def test_a_model_comes_from_its_source_to_the_alias(deployed, questions, hub, kind):
    pipeline = deployed[kind]
    execution = pipeline.run(kind.lower(), questions)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    found = pipeline.manifest(kind.lower())
    assert found.status == "promoted"
    assert pipeline.alias() == found.model_import.job.model_arn == found.deployment.arn
    assert found.model_import.architecture == "LlamaForCausalLM"
    assert all(file.sha256 for file in found.model_import.files)
    assert "pytorch_model.bin" not in {file.name for file in found.model_import.files}
    assert leftovers(pipeline, kind.lower()) == []
    if kind == "Hub":
        assert len(found.model_import.revision) == 40
        assert (
            hub.token
            not in pipeline.states.get_execution_history(
                executionArn=execution["executionArn"], maxResults=1000
            ).__str__()
        )
