"""The commands that ask AWS, on one pipeline that is deployed on the embedded AWS and run twice."""

import csv
import io
import json
import shutil
from dataclasses import replace
from importlib.resources import files

import pytest
from aws_cdk import App, Stack
from typer.testing import CliRunner

from bedrock_customization import (
    BaseModel,
    CustomizationPipeline,
    FineTuning,
    RecordTemplate,
)
from bedrock_customization_local.cli import app as command_line
from bedrock_customization_local.cloud.bedrock.quotas import default_quotas

pytestmark = pytest.mark.slow
ASKED = "amazon.nova-micro-v1:0"


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    """Questions of three intents: a file as a person has it."""
    excerpt = files("bedrock_customization_local") / "demo_data" / "banking77_excerpt.csv"
    rows = list(csv.DictReader(io.StringIO(excerpt.read_text())))
    intents = sorted({row["category"] for row in rows})[:3]
    path = tmp_path_factory.mktemp("data") / "Bank Fragen.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["text", "category"])
        writer.writeheader()
        for intent in intents:
            writer.writerows([row for row in rows if row["category"] == intent][:30])
    return path


@pytest.fixture(scope="module")
def assembly(tmp_path_factory):
    """Where the app is synthesized."""
    return tmp_path_factory.mktemp("assembly")


@pytest.fixture(scope="module")
def cloud(context, start_cloud, deploy_app, assembly):
    """An account with room for one custom model, and a pipeline in the stack Support."""
    with start_cloud(quotas=replace(default_quotas(), custom_models=1)) as cloud:
        app = App(context=context, outdir=str(assembly))
        stack = Stack(app, "Support")
        CustomizationPipeline(
            stack,
            "Pipeline",
            base_model=BaseModel.NOVA_MICRO,
            method=FineTuning(hyperparameters={"epochCount": 1}),
            template=RecordTemplate(
                prompt="{text}", completion="{category}", system="Answer with the intent."
            ),
            max_tokens=8,
        ).define_outputs()
        deploy_app(cloud, app)
        yield cloud


@pytest.fixture(scope="module")
def run(cloud):
    """Run a command as somebody whose AWS is this cloud; returns exit code, output and errors."""

    def command(*arguments):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**cloud.environment(), "COLUMNS": "200"}.items():
                patch.setenv(name, value)
            done = CliRunner().invoke(command_line, [*map(str, arguments)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout, done.stderr

    return command


@pytest.fixture(scope="module")
def outputs(cloud):
    (stack,) = cloud.client("cloudformation").describe_stacks(StackName="Support")["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


@pytest.fixture(scope="module")
def watched(run, bank):
    """A run from a file to the alias, followed: exit code and what was printed."""
    return run("start", bank, "--name", "first", "--hyperparameter", "epochCount=2", "--watch")


@pytest.fixture(scope="module")
def failed(run, watched, tmp_path_factory):
    """A run of data that cannot be used, followed as machines do."""
    assert watched
    path = tmp_path_factory.mktemp("data") / "few.csv"
    path.write_text("text,category\na question,an answer\n")
    code, output, _ = run("start", path, "--name", "second", "--no-validate", "--format", "json")
    assert code == 0
    assert json.loads(output)["source"].endswith("/incoming/second/few.csv")
    return run("watch", "second", "--format", "json")


def test_what_is_deployed_does_not_change_when_it_is_deployed_again(cloud, run, assembly, bank):
    assert cloud
    code, output, _ = run("plan", assembly, "--data", bank, "--format", "json")
    assert code == 0
    plan = json.loads(output)
    [stack] = plan["stacks"]
    assert (stack["stack"], stack["is_deployed"], stack["changes"]) == ("Support", True, [])
    assert plan["not_compared"] is None
    assert (stack["idle_usd_per_month"], len(stack["idle"])) == (3, 1)
    assert plan["run"]["records"] == 90
    assert plan["run"]["run"]["epochs"] == 1
    assert plan["run"]["run"]["usd"] > 0
    printed = run("plan", assembly)[1]
    assert "Deployed, and nothing changes" in printed
    assert "3 KMS::Key" in printed


def test_a_deployment_is_told_resource_by_resource(run, assembly, tmp_path):
    changed = tmp_path / "cdk.out"
    shutil.copytree(assembly, changed, ignore=shutil.ignore_patterns("asset.*"))
    path = changed / "Support.template.json"
    template = json.loads(path.read_text())
    resources = template["Resources"]
    [queue] = [name for name, one in resources.items() if one["Type"] == "AWS::SQS::Queue"]
    resources[queue]["Properties"]["DelaySeconds"] = 7
    resources["New"] = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {}}}
    [policy] = [name for name, one in resources.items() if one["Type"] == "AWS::SQS::QueuePolicy"]
    del resources[policy]
    path.write_text(json.dumps(template))
    [stack] = json.loads(run("plan", changed, "--format", "json")[1])["stacks"]
    assert [(one["change"], one["logical_id"], one["properties"]) for one in stack["changes"]] == [
        ("add", "New", []),
        ("change", queue, ["DelaySeconds"]),
        ("remove", policy, []),
    ]
    assert stack["idle_usd_per_month"] == 4
    printed = run("plan", changed, "--stack", "Support")[1]
    assert "a deployment changes 3 resources" in printed
    assert "DelaySeconds" in printed


def test_a_plan_of_nothing_is_refused(run, tmp_path, assembly):
    code, _, errors = run("plan", tmp_path)
    assert code == 2
    assert "holds neither an app nor what one synthesized" in errors
    code, _, errors = run("plan", assembly, "--stack", "Other")
    assert code == 2
    assert "it has Support" in errors


def test_before_any_run_there_is_none_to_list_or_follow(run):
    assert run("runs")[:2] == (0, "No run yet: bedrock-customization start DATA begins one\n")
    code, _, errors = run("watch")
    assert code == 1
    assert "the pipeline of Support has not run yet" in errors


def test_data_that_a_run_would_refuse_are_not_uploaded(cloud, run, outputs, tmp_path):
    (tmp_path / "bad.csv").write_text("text,category\n" + "a question,\n" * 20)
    code, output, errors = run("start", tmp_path / "bad.csv")
    assert code == 1
    assert "empty-turn" in output
    assert "20 of 20 records would be rejected" in errors or "too few usable" in errors
    assert "--no-validate starts nevertheless" in errors
    listed = cloud.client("s3").list_objects_v2(Bucket=outputs["DataBucketName"])
    assert listed["KeyCount"] == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.csv"], "there is no file nowhere.csv"),
        (["arn:aws:bedrock:us-east-1:1:custom-model/x/y"], "which takes data"),
        (["s3://b/incoming/x", "--name", "a b"], "is no name of a run"),
        (["s3://b/incoming/x", "--hyperparameter", "epochCount"], "is not NAME=VALUE"),
        (["s3://b/incoming/x", "--hyperparameter", "epochs=2"], "epochs"),
        (["s3://b/incoming/x", "--profile", "nobody"], "has no profile nobody"),
    ],
)
def test_a_run_that_makes_no_sense_is_not_started(run, arguments, told):
    code, _, errors = run("start", *arguments)
    assert code == 2
    assert told in errors


def test_a_file_is_checked_uploaded_and_run_to_the_alias(watched, outputs):
    code, printed, errors = watched
    assert code == 0, errors
    assert "90 records\n" in printed
    key = "incoming/first/Bank-Fragen.csv"
    assert f"first has begun, with s3://{outputs['DataBucketName']}/{key}" in printed
    for step in ("Prepare data", "Record customization", "Decide promotion", "Promote model"):
        assert f"✓ {step}" in printed
    assert "90 read: " in printed
    assert "Decision: promoted" in printed
    assert outputs["AliasParameterName"] in printed
    assert "Cost, by the run's estimate: about $" in printed
    assert "bedrock-customization report first --out FOLDER" in printed
    assert "\x1b" not in printed


def test_a_run_has_the_hyperparameters_it_was_started_with(watched, run, tmp_path):
    assert watched
    assert run("report", "first", "--out", tmp_path, "--format", "json")[0] == 0
    card = json.loads((tmp_path / "model-card.json").read_text())
    assert '"epochCount": "2"' in json.dumps(card)


def test_a_failed_run_is_told_with_its_cause_and_exit_code(failed, run):
    code, output, _ = failed
    assert code == 1
    *steps, last = map(json.loads, output.splitlines())
    assert next(one["step"] for one in steps if one["status"] == "failed") == "Prepare data"
    assert (last["run"], last["status"], last["error"]) == ("second", "failed", "DatasetRejected")
    code, printed, errors = run("watch", "second")
    assert code == 1
    assert "✗ Prepare data" in printed
    assert "DatasetRejected in “Prepare data”" in errors


def test_runs_are_listed_with_what_became_of_them_and_what_they_cost(failed, run):
    assert failed
    second, first = json.loads(run("runs", "--format", "json")[1])
    assert (first["run"], first["status"], first["outcome"]) == ("first", "promoted", "Promoted")
    assert first["usd"] > 0
    assert first["usd_is_complete"]
    assert (second["status"], second["outcome"], second["usd"]) == (
        "failed",
        "DatasetRejected",
        None,
    )
    [latest] = json.loads(run("runs", "--limit", 1, "--format", "json")[1])
    assert latest == second
    printed = run("runs", "--stack", "Support", "--region", "us-east-1")[1]
    assert "failed: DatasetRejected" in printed
    assert "promoted" in printed


def test_a_name_is_taken_once(failed, run, bank):
    assert failed
    code, _, errors = run("start", bank, "--name", "second", "--no-validate")
    assert code == 1
    assert "there was a run second before" in errors


def test_without_a_name_the_latest_run_is_followed(failed, run):
    assert failed
    assert "second of the stack Support" in run("watch")[1]
    assert run("watch", "third")[0] == 1


@pytest.fixture
def doctor(run, failed, tmp_path, monkeypatch):
    """What `doctor` finds after both runs: exit code and findings by check."""
    assert failed

    def look(*arguments):
        monkeypatch.chdir(tmp_path)
        code, output, _ = run("doctor", "--format", "json", *arguments)
        return code, {one["check"]: one for one in json.loads(output)["findings"]}

    return look


def test_doctor_looks_at_the_pipeline_that_is_deployed(doctor):
    _, found = doctor()
    # The account may have one custom model, and the run has made it.
    assert found["custom-models"]["level"] == "error"
    assert "leave no room for 1 more" in found["custom-models"]["message"]
    for check in ("base-model", "model-access", "stack", "keys", "alias", "dead-letters"):
        assert found[check]["level"] == "ok", found[check]
    assert found["base-model"]["message"].startswith("amazon.nova-micro-v1:0:128k is offered")
    assert found["subscribers"]["level"] == "warning"
    assert "nobody has subscribed" in found["subscribers"]["message"]
    assert doctor("--stack", "Support")[1]["stack"]["message"] == "Support is CREATE_COMPLETE"


def test_a_stack_that_does_not_exist_is_said_to_be_missing(doctor):
    code, found = doctor("--stack", "Nowhere")
    assert code == 1
    assert found["stack"]["level"] == "error"
    assert found["stack"]["message"] == "there is no stack Nowhere in us-east-1"


def test_keys_that_are_about_to_be_lost(doctor, cloud, outputs):
    kms = cloud.client("kms")
    bucket = cloud.client("s3").get_bucket_encryption(Bucket=outputs["BlindBucketName"])
    [rule] = bucket["ServerSideEncryptionConfiguration"]["Rules"]
    key = rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"].rpartition("/")[2]
    kms.schedule_key_deletion(KeyId=key)
    code, found = doctor()
    kms.cancel_key_deletion(KeyId=key)
    kms.enable_key(KeyId=key)
    assert code == 1
    assert "the key of the blind bucket is PendingDeletion" in found["keys"]["message"]


def test_events_that_were_given_up(doctor, cloud):
    formation, sqs = cloud.client("cloudformation"), cloud.client("sqs")
    found = formation.describe_stack_resources(StackName="Support")["StackResources"]
    [queue] = [
        one["PhysicalResourceId"] for one in found if one["ResourceType"] == "AWS::SQS::Queue"
    ]
    sqs.send_message(QueueUrl=queue, MessageBody="{}")
    letters = doctor()[1]["dead-letters"]
    sqs.purge_queue(QueueUrl=queue)
    assert letters["level"] == "warning"
    assert "1 in " in letters["message"]
    assert "runbooks/dead-letters.md" in letters["advice"]


def test_subscribers_that_are_told(doctor, cloud, outputs):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    cloud.client("sns").subscribe(
        TopicArn=outputs["NotificationTopicArn"], Protocol="sqs", Endpoint=arn["QueueArn"]
    )
    assert doctor()[1]["subscribers"]["level"] == "ok"


def test_an_alias_that_names_what_is_gone(doctor, cloud, outputs):
    """The last of this module: it takes the live model away."""
    bedrock, ssm = cloud.client("bedrock"), cloud.client("ssm")
    live = ssm.get_parameter(Name=outputs["AliasParameterName"])["Parameter"]["Value"]
    bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=live)
    code, found = doctor()
    assert code == 1
    assert found["alias"]["message"].startswith(f"consumers are sent to {live}, which is ")
    assert "rollback --list" in found["alias"]["advice"]
