"""The blind test alone on the embedded AWS: who answers, throttling, and a kill in the middle."""

import json
import time

import msgspec
import pytest
from aws_cdk import App, Stack, aws_stepfunctions as sfn

from bedrock_customization import Alias, BaseModel, CustomizationStorage, ModelEvaluation
from bedrock_customization_local.cloud.bedrock.faults import Fault, FaultKind
from bedrock_customization_local.cloud.bedrock.meter import Unit
from bedrock_customization_runtime import manifest
from bedrock_customization_runtime.catalog.rules import RecordFormat
from bedrock_customization_runtime.datasets.record_formats import formats
from bedrock_customization_runtime.datasets.record_formats.records import blind, exchange
from bedrock_customization_runtime.evaluation import parts
from bedrock_customization_runtime.evaluation.answers import read_lines
from bedrock_customization_runtime.s3 import objects

pytestmark = pytest.mark.slow

BASE = "amazon.nova-micro-v1:0"
ALIAS = "/bedrock-customization/blind-test"
NAMES = ("base", "tuned", "few_shot", "live")
WORDS = ["ash", "bay", "cod", "dew", "elm", "fog", "gin", "hay", "ivy", "jam", "kit", "log"]


def questions(count, kind):
    """Return different questions; those of two kinds share no words."""
    return [
        exchange(
            "Answer.",
            " ".join(f"{kind}{WORDS[number // 12**place % 12]}" for place in range(4)),
            WORDS[number % 3],
        )
        for number in range(count)
    ]


class BlindTest:
    """The evaluation phase in a machine of its own, a trained model, and the model before it."""

    def __init__(self, cloud, outputs):
        self.cloud, self.outputs = cloud, outputs
        self.s3, self.states = cloud.client("s3"), cloud.client("stepfunctions")
        self.train = f"s3://{outputs['Data']}/runs/trained/prepared/train.jsonl"
        lines = [formats.training_line(one, RecordFormat.CONVERSE) for one in questions(40, "t")]
        objects.write(self.s3, self.train, b"".join(lines), "application/jsonl")
        model = self._model()
        self.tuned, self.live = (self._deployment(name, model) for name in ("tuned", "live"))
        cloud.client("ssm").put_parameter(Name=ALIAS, Value=self.live, Type="String")

    def prepare(self, name, *, count=150):
        """Write the blind set of a run and return the input of an execution."""
        below = {key.lower(): f"s3://{bucket}/runs/{name}" for key, bucket in self.outputs.items()}
        run = {
            "id": name,
            "key": name,
            "execution_arn": f"arn:aws:states:us-east-1:123456789012:execution:p:{name}",
            "source": self.train,
            "data": below["data"],
            "blind": below["blind"],
            "artifacts": below["artifacts"],
            "manifest": f"{below['artifacts']}/manifest.json",
        }
        section = manifest.RunSection(
            id=name,
            execution_arn=run["execution_arn"],
            source=run["source"],
            base_model=f"{BASE}:128k",
            inference_model=BASE,
            catalog_version="1",
            library_version="1",
            started="2026-11-22T00:00:00Z",
            embedded=True,
        )
        manifest.begin(self.s3, run["manifest"], section)
        lines = [msgspec.json.encode(blind(one)) + b"\n" for one in questions(count, "b")]
        test = f"{run['blind']}/test.jsonl"
        objects.write(self.s3, test, b"".join(lines), "application/jsonl")
        return {
            "run": run,
            "preparation": {"train": self.train, "test": test},
            "deployment": {"arn": self.tuned},
        }

    def start(self, given, name):
        """Start an execution."""
        return self.states.start_execution(
            stateMachineArn=self.outputs["Machine"], name=name, input=json.dumps(given)
        )["executionArn"]

    def wait(self, arn):
        """Return an execution once it has ended."""
        return self.until(
            lambda: self.states.describe_execution(executionArn=arn),
            lambda found: found["status"] != "RUNNING",
        )

    def answers(self, given, name):
        """Return what a model has answered."""
        return parts.read(self.s3, f"{given['run']['blind']}/answers", name)[0]

    def asked_tokens(self):
        """Return the input tokens that AWS would have billed by now, by model."""
        return {
            line.resource: line.quantity
            for line in self.cloud.bedrock.meter.lines()
            if line.unit is Unit.INPUT_TOKENS
        }

    def _model(self):
        client, iam = self.cloud.client("bedrock"), self.cloud.client("iam")
        trust = {"Principal": {"Service": "bedrock.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = iam.create_role(RoleName="job", AssumeRolePolicyDocument=policy(trust))["Role"]
        allowed = policy({"Action": "*", "Resource": "*"})
        iam.put_role_policy(RoleName="job", PolicyName="all", PolicyDocument=allowed)
        job = client.create_model_customization_job(
            jobName="job",
            customModelName="model",
            roleArn=role["Arn"],
            baseModelIdentifier=f"{BASE}:128k",
            hyperParameters={"epochCount": "1"},
            trainingDataConfig={"s3Uri": self.train},
            outputDataConfig={"s3Uri": f"s3://{self.outputs['Artifacts']}/job/"},
        )["jobArn"]
        done = self.until(
            lambda: client.get_model_customization_job(jobIdentifier=job),
            lambda found: found["status"] != "InProgress",
        )
        arn = done["outputModelArn"]
        self.until(
            lambda: client.get_custom_model(modelIdentifier=arn),
            lambda found: found["modelStatus"] == "Active",
        )
        return arn

    def _deployment(self, name, model):
        client = self.cloud.client("bedrock")
        arn = client.create_custom_model_deployment(modelDeploymentName=name, modelArn=model)[
            "customModelDeploymentArn"
        ]
        self.until(
            lambda: client.get_custom_model_deployment(customModelDeploymentIdentifier=arn),
            lambda found: found["status"] == "Active",
        )
        return arn

    def until(self, look, is_done):
        deadline = time.monotonic() + 300
        while not is_done(found := look()):
            assert time.monotonic() < deadline, found
            time.sleep(0.05)
        return found


def policy(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


@pytest.fixture(scope="module")
def blind_test(context, start_cloud, deploy_app, tmp_path_factory):
    """The phase, deployed, with a model in production."""
    folder = tmp_path_factory.mktemp("assembly")
    with start_cloud() as cloud:
        app = App(context=context, outdir=str(folder))
        stack = Stack(app, "Stack")
        kept = CustomizationStorage(stack, "Storage")
        alias = Alias(stack, "Alias", parameter_name=ALIAS)
        evaluation = ModelEvaluation(
            stack,
            "Evaluation",
            storage=kept,
            base_model=BaseModel.NOVA_MICRO,
            max_tokens=8,
            few_shot=2,
            alias=alias,
        )
        given = sfn.Pass.jsonata(
            stack,
            "Given",
            assign={
                name: f"{{% $states.input.{name} %}}"
                for name in ("run", "preparation", "deployment")
            },
        )
        machine = sfn.StateMachine(
            stack,
            "Machine",
            definition_body=sfn.DefinitionBody.from_chainable(given.next(evaluation)),
            query_language=sfn.QueryLanguage.JSONATA,
        )
        for name, value in {
            "Data": kept.data_bucket.bucket_name,
            "Blind": kept.blind_bucket.bucket_name,
            "Artifacts": kept.artifacts_bucket.bucket_name,
            "Machine": machine.state_machine_arn,
        }.items():
            stack.export_value(value, name=name)
        yield BlindTest(cloud, deploy_app(cloud, app))


@pytest.fixture
def faults(blind_test):
    """What goes wrong, and nothing afterwards."""
    yield blind_test.cloud.bedrock.faults
    blind_test.cloud.bedrock.faults.clear()


def test_all_models_answer_everything_though_a_fifth_of_the_calls_is_throttled(blind_test, faults):
    given = blind_test.prepare("throttled", count=15)
    faults.inject(
        Fault(name="busy", kind=FaultKind.THROTTLE, operation="Converse", times=None, share=0.2)
    )

    ended = blind_test.wait(blind_test.start(given, "throttled"))

    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert faults.injected.count("busy") > 5
    expected = [blind(one).id for one in questions(15, "b")]
    for name in NAMES:
        found = blind_test.answers(given, name)
        assert [one.id for one in found] == expected, name
        assert not [one for one in found if one.error], name
    section = manifest.load(blind_test.s3, given["run"]["manifest"]).evaluation
    assert (section.contaminated, section.left_out) == (0, {})
    assert section.metrics[0].records == 15


def test_a_killed_blind_test_asks_only_what_was_not_answered(blind_test):
    given = blind_test.prepare("killed")
    prefix = f"{given['run']['blind']}/answers"
    asked = sum(blind_test.asked_tokens().values())
    arn = blind_test.start(given, "killed")
    before = blind_test.until(lambda: stored(blind_test, prefix), lambda found: len(found) >= 2)
    assert blind_test.cloud.functions.kill("answer_questions")

    ended = blind_test.wait(arn)

    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    after = stored(blind_test, prefix)
    assert {key: after[key] for key in before} == before
    tokens = [sum(one.input_tokens for one in answers_in(blind_test, key)) for key in after]
    twice = sum(blind_test.asked_tokens().values()) - asked - sum(tokens)
    # What was under way when the function died is asked again: a part at most.
    assert 0 <= twice <= max(tokens)
    assert len(after) == 3 * len(NAMES)


def stored(blind_test, prefix):
    """Return the parts by key, each with when it was written and what it holds."""
    where = objects.S3Uri.parse(prefix)
    found = blind_test.s3.list_objects_v2(Bucket=where.bucket, Prefix=where.key)
    return {
        item["Key"]: (item["LastModified"], item["ETag"])
        for item in found.get("Contents", [])
        if "/part-" in item["Key"]
    }


def answers_in(blind_test, key):
    uri = f"s3://{blind_test.outputs['Blind']}/{key}"
    return read_lines(uri, objects.read(blind_test.s3, uri).splitlines())


def test_a_training_set_that_holds_blind_records_is_told(blind_test):
    given = blind_test.prepare("contaminated", count=20)
    train = given["preparation"]["train"].replace("trained", "replaced")
    copies = [
        formats.training_line(one, RecordFormat.CONVERSE)
        for one in [*questions(40, "t"), *questions(2, "b")]
    ]
    objects.write(blind_test.s3, train, b"".join(copies), "application/jsonl")
    given["preparation"]["train"] = train

    ended = blind_test.wait(blind_test.start(given, "contaminated"))

    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    section = manifest.load(blind_test.s3, given["run"]["manifest"]).evaluation
    assert section.contaminated == 2
