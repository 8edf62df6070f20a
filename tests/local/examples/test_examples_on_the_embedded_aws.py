"""Each example is synthesized as its reader does it, deployed on the embedded AWS, and run."""

import csv
import json
import os
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path

import pytest

from bedrock_customization_local.cloud.bedrock.tinylm.model_folder import write_model_folder
from bedrock_customization_local.cloud.bedrock.tinylm.training import Settings, Training
from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import Record, split_words
from bedrock_customization_local.cloud.hub import Hub
from bedrock_customization_runtime import manifest

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[3] / "examples"
QUESTIONS = files("bedrock_customization_local") / "demo_data" / "banking77_excerpt.csv"
SYSTEM = "You sort customers' questions to a bank. Answer with the intent only."


def synthesize(example, out, **context):
    """Run an example's app with the context of its cdk.json, and return the cloud assembly."""
    folder = EXAMPLES / example
    own = json.loads((folder / "cdk.json").read_text())["context"]
    given = {**own, **context, "aws:cdk:bundling-stacks": []}
    subprocess.run(
        [sys.executable, "app.py"],
        check=True,
        cwd=folder,
        env={**os.environ, "CDK_OUTDIR": str(out), "CDK_CONTEXT_JSON": json.dumps(given)},
    )
    return out


def run(cloud, assembly, data):
    """Deploy an assembly of one stack, run its pipeline once, and return the manifest."""
    [outputs] = cloud.deploy(assembly).values()
    s3, states = cloud.client("s3"), cloud.client("stepfunctions")
    bucket = outputs["DataBucketName"]
    s3.put_object(Bucket=bucket, Key="incoming/questions.csv", Body=data)
    arn = states.start_execution(
        stateMachineArn=outputs["StateMachineArn"],
        name="first",
        input=json.dumps({"source": f"s3://{bucket}/incoming/questions.csv"}),
    )["executionArn"]
    while (execution := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(0.25)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    artifacts = outputs["ArtifactsBucketName"]
    found = manifest.load(s3, f"s3://{artifacts}/runs/first/manifest.json")
    alias = cloud.client("ssm").get_parameter(Name=outputs["AliasParameterName"])
    assert alias["Parameter"]["Value"] == found.deployment.arn
    return found


@pytest.fixture(scope="module")
def some_questions():
    """Questions of three intents: header and rows of the demo's excerpt."""
    lines = QUESTIONS.read_text().splitlines(keepends=True)
    intents = sorted({row["category"] for row in csv.DictReader(lines)})[:3]
    return "".join([lines[0], *(one for one in lines[1:] if one.strip().endswith(tuple(intents)))])


def test_llama_is_fine_tuned_and_compared_with_its_base_model(
    start_cloud, some_questions, tmp_path
):
    assembly = synthesize("llama_fine_tuning", tmp_path / "cdk.out")
    with start_cloud(region="us-west-2") as cloud:
        found = run(cloud, assembly, some_questions)
    assert found.run.base_model == "meta.llama3-3-70b-instruct-v1:0:128k"
    assert found.status == "promoted"
    accuracy = found.evaluation.metrics[0]
    assert accuracy.candidate > accuracy.other
    assert accuracy.interval[0] > 0.02


def test_a_model_of_the_hub_is_imported_and_compared_with_nova(
    start_cloud, some_questions, tmp_path
):
    rows = list(csv.DictReader(some_questions.splitlines()))
    records = [
        Record(split_words(f"{SYSTEM}\n\n{row['text']}"), split_words(row["category"]))
        for row in rows[::2]
    ]
    training = Training(records, [], Settings(epochs=4))
    for _ in training:
        pass
    write_model_folder(training.model, tmp_path / "model")
    with Hub() as hub:
        commit = hub.publish("owner/intents", tmp_path / "model")
        assembly = synthesize(
            "hugging_face_import",
            tmp_path / "cdk.out",
            model={"repo": "owner/intents", "endpoint": hub.url},
        )
        with start_cloud(region="us-east-1") as cloud:
            found = run(cloud, assembly, some_questions)
    assert found.model_import.revision == commit
    assert found.status == "promoted"
    assert found.model_import.job.model_arn == found.deployment.arn
    assert found.evaluation.metrics[0].candidate > found.evaluation.metrics[0].other
