"""Twenty secrets and personal data in the training data: who tells of a run tells none of them."""

import csv
import io
import re

import pytest

from bedrock_customization import BaseModel, FineTuning

pytestmark = pytest.mark.slow

CANARIES = (
    "AKIAQ7Z3MXK5WTR2LDVB",
    "wJalrXq7K/bPxRfiCYz8Qm2LtV9sNdHgUeKoAwTj",
    "ghp_q8ZtR4mXw2LkVb7NcJd5YhGf3SaPuEoTi9Bn",
    "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",
    "sk-proj-q8ZtR4mXw2LkVb7NcJd5YhGf3SaPuEoT",
    "xoxb-4815162342-1618033988-q8ZtR4mXw2LkVb7NcJd5YhGf",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ6cTcifQ.q8ZtR4mXw2LkVb7NcJd5YhGf3SaPuEoTi9BnRtM",
    "-----BEGIN RSA PRIVATE KEY----- q8ZtR4mXw2LkVb7N",
    "postgres://teller:tr0ub4dor@vault.zqpostbox.org/ledger",
    "4111111111111111",
    "DE89370400440532013000",
    "457-55-5462",
    "+4915734598711",
    "zelda.quux@zqpostbox.org",
    "93.184.215.77",
    "12 Quillfeather Mews, Ottery Zedmont",
    "Zephyrine Quackenbush-Oyelaran",
    "passport ZQ4471829",
    "my mother's maiden name is Vantongeren-Zyx",
    "the vault's code is marzipan-octopus-1987",
)
WORD = re.compile(r"[A-Za-z0-9]{6,}")
"""A part of a canary, which tells as much as the whole."""


def plant(questions, *, broken):
    """Return questions with a canary in each of as many, and some of those rows broken."""
    rows = list(csv.DictReader(io.StringIO(questions)))
    for number, row in enumerate(rows):
        row["text"] = f"{row['text']} {CANARIES[number % len(CANARIES)]}"
        if number % broken == 0:
            # A word that the base model reserves for itself, and no answer: rejected in two ways.
            row["text"] = f"User: {row['text']}"
        elif number % broken == 1:
            row["category"] = ""
    out = io.StringIO()
    writer = csv.DictWriter(out, ["text", "category"])
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@pytest.fixture(scope="module")
def pipeline(deploy):
    arguments = {
        "base_model": BaseModel.NOVA_MICRO,
        "method": FineTuning(hyperparameters={"epochCount": 1}),
    }
    with deploy({"Discreet": arguments}) as pipelines:
        yield pipelines["Discreet"]


@pytest.fixture(scope="module")
def inbox(pipeline):
    """A queue that hears what the pipeline tells people."""
    sqs = pipeline.cloud.client("sqs")
    url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    pipeline.cloud.client("sns").subscribe(
        TopicArn=pipeline.outputs["Topic"], Protocol="sqs", Endpoint=arn["QueueArn"]
    )
    return url


@pytest.fixture(scope="module")
def runs(pipeline, inbox, make_questions):  # noqa: ARG001 - it listens before a run ends
    """One run that ends well and one that is refused, by name, each with its execution."""
    questions = make_questions(2, 60)
    started = {
        "kept": pipeline.start("kept", plant(questions, broken=60)),
        "refused": pipeline.start("refused", plant(questions, broken=3)),
    }
    return {name: pipeline.wait(arn) for name, arn in started.items()}


def told(pipeline, inbox, runs):
    """Return every text by which somebody hears of the runs, each with where it stood."""
    cloud = pipeline.cloud
    logs = cloud.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
            yield from ((f"log {name}", event["message"]) for event in page["events"])
    history = cloud.client("stepfunctions").get_paginator("get_execution_history")
    for name, execution in runs.items():
        for page in history.paginate(executionArn=execution["executionArn"]):
            yield from ((f"history of {name}", repr(event)) for event in page["events"])
    received = cloud.client("sqs").receive_message(QueueUrl=inbox, MaxNumberOfMessages=10)
    yield from (("message", message["Body"]) for message in received["Messages"])
    yield "metrics", repr(cloud.client("cloudwatch").list_metrics()["Metrics"])
    bedrock = cloud.client("bedrock")
    for job in bedrock.list_model_customization_jobs()["modelCustomizationJobSummaries"]:
        yield "job", repr(bedrock.get_model_customization_job(jobIdentifier=job["jobArn"]))
        yield "tags", repr(bedrock.list_tags_for_resource(resourceARN=job["jobArn"]))
    bucket = pipeline.outputs["Artifacts"]
    for page in pipeline.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for found in page["Contents"]:
            key = found["Key"]
            if key.endswith((".html", ".md", "manifest.json")):
                body = pipeline.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
                yield key, body.decode()


def test_what_is_told_of_a_run_holds_nothing_of_its_data(pipeline, inbox, runs):
    assert runs["kept"]["status"] == "SUCCEEDED", runs["kept"].get("cause")
    assert runs["refused"]["status"] == "FAILED"
    texts = list(told(pipeline, inbox, runs))
    kinds = {where.split()[0].rpartition(".")[2] for where, _ in texts}
    assert kinds == {"history", "html", "job", "json", "log", "md", "message", "metrics", "tags"}
    parts = {canary: [canary, *WORD.findall(canary)] for canary in CANARIES}
    assert not {
        (where, part)
        for where, text in texts
        for canary in CANARIES
        for part in parts[canary]
        if part in text
    }
