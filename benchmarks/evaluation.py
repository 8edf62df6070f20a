"""How long a blind test takes on the embedded AWS: `uv run python benchmarks/evaluation.py`.

Deploys the evaluation phase in a state machine of its own, IAM enforced, with a model that was
really trained, and asks base, few-shot base and tuned model 10,000 questions each. The base model
is untaught: it says a few words of noise, which costs the embedded AWS more than an answer.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("CDK_VALIDATION", "false")

import msgspec
from aws_cdk import App, Stack, aws_stepfunctions as sfn

from bedrock_customization import BaseModel, CustomizationStorage, ModelEvaluation
from bedrock_customization_local.cloud.server import LocalCloud
from bedrock_customization_runtime import manifest
from bedrock_customization_runtime.datasets.record_formats.records import blind, exchange
from bedrock_customization_runtime.evaluation import parts

if TYPE_CHECKING:
    from collections.abc import Callable

_BASE = "amazon.nova-micro-v1:0"
_SYSTEM = "Answer with the intent."
_INTENTS = {
    "activate_card": "how can I activate the new card that came for my {} account in {}",
    "card_arrival": "I am waiting for my {} card since {}, when does it come",
    "exchange_rate": "which rate was used when I changed {} money in {}",
    "lost_phone": "my phone is gone since {} in {}, can others use the app",
}
_TRAINED = 200
_VARIABLES = ("run", "preparation", "deployment")
_ROLE = "benchmark-job"
_TRAIN_KEY = "runs/benchmark/prepared/train.jsonl"


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    records: int = parser.parse_args().records
    with LocalCloud() as cloud, tempfile.TemporaryDirectory() as folder:
        outputs = _deploy(cloud, Path(folder))
        model = _train(cloud, outputs)
        started, cpu = time.perf_counter(), _cpu_seconds()
        run = _run(cloud, outputs, model, records)
        seconds, cpu = time.perf_counter() - started, _cpu_seconds() - cpu
        asked = {
            name: len(parts.read(cloud.client("s3"), f"{run['blind']}/answers", name)[0])
            for name in ("base", "few_shot", "tuned")
        }
    print(f"{sum(asked.values()):,} answers ({asked}) in {seconds:.1f} s")
    print(f"{sum(asked.values()) / seconds:.0f} a second, {cpu:.1f} s of the server's processor")


def _deploy(cloud: LocalCloud, folder: Path) -> dict[str, str]:
    """Deploy the phase, its variables taken from the execution's input."""
    # The embedded AWS gives functions the libraries of this environment.
    app = App(context={"aws:cdk:bundling-stacks": []}, outdir=str(folder))
    stack = Stack(app, "Benchmark")
    storage = CustomizationStorage(stack, "Storage")
    evaluation = ModelEvaluation(
        stack, "Evaluation", storage=storage, base_model=BaseModel.NOVA_MICRO, max_tokens=8
    )
    given = sfn.Pass.jsonata(
        stack,
        "Given",
        assign={name: f"{{% $states.input.{name} %}}" for name in _VARIABLES},
    )
    machine = sfn.StateMachine(
        stack,
        "Machine",
        definition_body=sfn.DefinitionBody.from_chainable(given.next(evaluation)),
        query_language=sfn.QueryLanguage.JSONATA,
    )
    for name, value in {
        "Data": storage.data_bucket.bucket_name,
        "Blind": storage.blind_bucket.bucket_name,
        "Artifacts": storage.artifacts_bucket.bucket_name,
        "Machine": machine.state_machine_arn,
    }.items():
        stack.export_value(value, name=name)
    cloud.deploy(Path(app.synth().directory))
    exports = cloud.client("cloudformation").list_exports()["Exports"]
    return {export["Name"]: export["Value"] for export in exports}


def _train(cloud: LocalCloud, outputs: dict[str, str]) -> str:
    """Train a model on a few records, deploy it, and return the deployment's ARN."""
    s3, bedrock = cloud.client("s3"), cloud.client("bedrock")
    lines = (
        {
            "schemaVersion": "bedrock-conversation-2024",
            "system": [{"text": _SYSTEM}],
            "messages": [
                {"role": "user", "content": [{"text": question}]},
                {"role": "assistant", "content": [{"text": intent}]},
            ],
        }
        for question, intent in _questions(_TRAINED, seed=1)
    )
    train = f"s3://{outputs['Data']}/{_TRAIN_KEY}"
    body = "".join(json.dumps(line) + "\n" for line in lines)
    s3.put_object(Bucket=outputs["Data"], Key=_TRAIN_KEY, Body=body.encode())
    job = bedrock.create_model_customization_job(
        jobName="benchmark",
        customModelName="benchmark",
        roleArn=_job_role(cloud),
        baseModelIdentifier=f"{_BASE}:128k",
        hyperParameters={"epochCount": "5"},
        trainingDataConfig={"s3Uri": train},
        outputDataConfig={"s3Uri": f"s3://{outputs['Artifacts']}/job/"},
    )["jobArn"]
    found = _wait(
        lambda: bedrock.get_model_customization_job(jobIdentifier=job), "status", "Completed"
    )
    model = found["outputModelArn"]
    _wait(lambda: bedrock.get_custom_model(modelIdentifier=model), "modelStatus", "Active")
    arn: str = bedrock.create_custom_model_deployment(
        modelDeploymentName="benchmark", modelArn=model
    )["customModelDeploymentArn"]
    _wait(
        lambda: bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn),
        "status",
        "Active",
    )
    return arn


def _run(
    cloud: LocalCloud, outputs: dict[str, str], deployment: str, records: int
) -> dict[str, Any]:
    """Write the blind set, run the machine to its end, and return the run."""
    s3, states = cloud.client("s3"), cloud.client("stepfunctions")
    run: dict[str, Any] = {
        "id": "benchmark",
        "key": "benchmark",
        "execution_arn": "arn:aws:states:us-east-1:123456789012:execution:benchmark:benchmark",
        "source": f"s3://{outputs['Data']}/incoming/none",
        "data": f"s3://{outputs['Data']}/runs/benchmark",
        "blind": f"s3://{outputs['Blind']}/runs/benchmark",
        "artifacts": f"s3://{outputs['Artifacts']}/runs/benchmark",
        "manifest": f"s3://{outputs['Artifacts']}/runs/benchmark/manifest.json",
    }
    section = manifest.RunSection(
        id="benchmark",
        execution_arn=run["execution_arn"],
        source=run["source"],
        base_model=f"{_BASE}:128k",
        inference_model=_BASE,
        catalog_version="",
        library_version="",
        started="2026-01-01T00:00:00Z",
        embedded=True,
    )
    manifest.begin(s3, run["manifest"], section)
    tested = (blind(exchange(_SYSTEM, *pair)) for pair in _questions(records, seed=2))
    s3.put_object(
        Bucket=outputs["Blind"],
        Key="runs/benchmark/test.jsonl",
        Body=msgspec.json.Encoder().encode_lines(tested),
    )
    preparation = {
        "train": f"s3://{outputs['Data']}/{_TRAIN_KEY}",
        "test": f"{run['blind']}/test.jsonl",
    }
    arn = states.start_execution(
        stateMachineArn=outputs["Machine"],
        input=json.dumps(
            {"run": run, "preparation": preparation, "deployment": {"arn": deployment}}
        ),
    )["executionArn"]
    _wait(lambda: states.describe_execution(executionArn=arn), "status", "SUCCEEDED")
    return run


def _questions(count: int, *, seed: int) -> list[tuple[str, str]]:
    """Return different questions with their intents, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - no secrets
    names = ["".join(chance.choices("aeioubdklmnrst", k=6)) for _ in range(400)]
    found: dict[str, str] = {}
    while len(found) < count:
        intent, text = chance.choice(list(_INTENTS.items()))
        found[text.format(*chance.sample(names, text.count("{}")))] = intent
    return list(found.items())


def _job_role(cloud: LocalCloud) -> str:
    iam = cloud.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "bedrock.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    everything = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
    role = iam.create_role(RoleName=_ROLE, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(
        RoleName=_ROLE, PolicyName="everything", PolicyDocument=json.dumps(everything)
    )
    arn: str = role["Arn"]
    return arn


def _wait(look: Callable[[], dict[str, Any]], member: str, wanted: str) -> dict[str, Any]:
    """Look until something has the wanted status, or another that is final."""
    while (found := look())[member] != wanted:
        if found[member] in {"FAILED", "Failed", "ABORTED", "TIMED_OUT"}:
            raise RuntimeError(f"{member} is {found[member]}: {found.get('cause')}")
        time.sleep(0.5)  # each look costs the server what an answer does
    return found


def _cpu_seconds() -> float:
    """Return the processor time of this process; functions run in others, which still live."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
