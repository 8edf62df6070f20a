"""An embedded Bedrock behind a real moto server on the loopback, with real boto3 clients."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.model_instances import reset_model_data
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends

from bedrock_customization_local.cloud import moto_server
from bedrock_customization_local.cloud.bedrock.jobs import (
    fine_tuning,
    reinforcement,
    training_run,
)
from bedrock_customization_local.cloud.bedrock.jobs.customization_jobs import CustomizationJob
from bedrock_customization_local.cloud.bedrock.moto_install import install
from bedrock_customization_local.cloud.bedrock.quotas import default_quotas
from bedrock_customization_local.cloud.bedrock.service import Bedrock
from bedrock_customization_local.cloud.bedrock.tinylm.training import Settings
from bedrock_customization_local.cloud.clock import Clock
from bedrock_customization_local.cloud.http_server import HttpServer
from bedrock_customization_local.cloud.iam import AccessDenied, Decision, Permission

REGION = "us-east-1"
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/customization"
NOVA_MICRO = "amazon.nova-micro-v1:0:128k"
SYSTEM = "Name the intent."
QUESTIONS = {
    "card_arrival": [
        "where is my card",
        "my card is late",
        "when will the card come",
        "no card yet",
    ],
    "lost_phone": [
        "my phone is gone",
        "i lost my phone",
        "phone stolen today",
        "cannot find my phone",
    ],
    "exchange_rate": ["what is the rate", "rate for euros", "is the rate good", "rate of today"],
}


def converse_record(question: str, answer: str, system: str = SYSTEM) -> str:
    return json.dumps(
        {
            "schemaVersion": "bedrock-conversation-2024",
            "system": [{"text": system}],
            "messages": [
                {"role": "user", "content": [{"text": question}]},
                {"role": "assistant", "content": [{"text": answer}]},
            ],
        }
    )


RECORDS = [converse_record(text, name) for name, texts in QUESTIONS.items() for text in texts]


@dataclass
class Roles:
    """An authorizer that allows everything but what a test denies, and remembers what was asked."""

    denied: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def assume(self, role_arn: str, service: str, *, source_arn: str, source_account: str) -> None:
        assert (role_arn, service) == (ROLE, "bedrock.amazonaws.com")
        assert source_account == ACCOUNT
        self.asked.append(("AssumeRole", source_arn))
        self._deny("AssumeRole")

    def authorize(
        self, *, role_arn: str, service: str, operation: str, parameters: Mapping[str, object]
    ) -> None:
        assert role_arn == ROLE
        assert service in {"s3", "bedrock-runtime", "lambda"}
        names = ("Key", "Prefix", "modelId", "FunctionName")
        self.asked.append((operation, next(str(parameters[n]) for n in names if n in parameters)))
        self._deny(operation)

    def require(self, role_arn: str, needed: Permission) -> None:
        assert role_arn == ROLE
        self.asked.append((needed.action, needed.resource))
        self._deny(needed.action)

    def require_of_service(self, service: str, needed: Permission) -> None:
        assert service == "bedrock.amazonaws.com"
        self._deny(needed.action)

    def _deny(self, operation: str) -> None:
        if operation in self.denied:
            decision = Decision(allowed=False, reason="because no policy allows it")
            raise AccessDenied(ROLE, operation, "*", decision)


@cache
def client_of(service: str, endpoint: str, region: str):
    """Return a client; one for all tests, because to make it takes as long as most of them."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


class Cloud:
    """What a test uses: clients, and short words for what it does again and again."""

    records = RECORDS
    record = staticmethod(converse_record)

    def __init__(self, endpoint: str, region: str) -> None:
        self.roles = Roles()
        self.events: list[Mapping[str, object]] = []
        self.endpoint, self.region = endpoint, region
        self.s3 = self.client("s3")
        self.bedrock = self.client("bedrock")
        self.runtime = self.client("bedrock-runtime")
        quotas = replace(default_quotas(), provisioned_model_units_without_commitment=2)
        self.clock = Clock(scale=2e-4)
        self.service = Bedrock(
            clock=self.clock,
            region=region,
            account_id=ACCOUNT,
            clients=self.client,
            authorizer=self.roles,
            quotas=quotas,
            on_job_state_change=self.events.append,
        )

    def client(self, service: str):
        return client_of(service, self.endpoint, self.region)

    def job_request(self, **changes: object) -> dict[str, object]:
        return {
            "jobName": "job-1",
            "customModelName": "model-1",
            "roleArn": ROLE,
            "baseModelIdentifier": NOVA_MICRO,
            "trainingDataConfig": {"s3Uri": "s3://data/train.jsonl"},
            "outputDataConfig": {"s3Uri": "s3://output/runs/1/"},
            "hyperParameters": {"epochCount": "1"},
            **changes,
        }

    def heard(self, count: int) -> list[str]:
        """Return the statuses of the first events, once there are so many."""
        self.until(lambda: {"count": len(self.events)}, lambda found: found["count"] >= count)
        return [str(event["jobStatus"]) for event in self.events]

    @staticmethod
    def refusal(call: Callable[..., object], **parameters: object) -> tuple[str, str]:
        """Return the code and the message with which a call is refused."""
        with pytest.raises(ClientError) as caught:
            call(**parameters)
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]

    def put(self, key: str, lines: list[str]) -> None:
        self.s3.put_object(Bucket="data", Key=key, Body="".join(f"{x}\n" for x in lines).encode())

    def create_job(self, **changes: object) -> str:
        return self.bedrock.create_model_customization_job(**self.job_request(**changes))["jobArn"]

    def job(self, identifier: str) -> dict:
        return self.bedrock.get_model_customization_job(jobIdentifier=identifier)

    def ended_job(self, identifier: str) -> dict:
        return self.until(
            lambda: self.job(identifier),
            lambda job: job["status"] not in {"InProgress", "Stopping"},
        )

    def trained_model(self, **changes: object) -> str:
        """Return the ARN of a model that is Active."""
        job = self.ended_job(self.create_job(**changes))
        assert job["status"] == "Completed", job
        model = self.until(
            lambda: self.bedrock.get_custom_model(modelIdentifier=job["outputModelArn"]),
            lambda model: model["modelStatus"] == "Active",
        )
        return model["modelArn"]

    def deployed(self, model_arn: str, name: str = "deployment-1") -> str:
        """Return the ARN of a deployment that is Active."""
        arn = self.bedrock.create_custom_model_deployment(
            modelDeploymentName=name, modelArn=model_arn
        )["customModelDeploymentArn"]
        self.until(
            lambda: self.deployment(arn), lambda deployment: deployment["status"] == "Active"
        )
        return arn

    @staticmethod
    def until(look: Callable[[], dict], is_done: Callable[[dict], bool]) -> dict:
        """Look again and again; the test's own time-out is a minute."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = look()
            if is_done(found):
                return found
            time.sleep(0.03)  # a look takes work from the job that is looked at
        raise AssertionError(f"nothing changed in a minute: {found}")

    def question(self, model_id: str, text: str, **config: object) -> dict:
        return self.runtime.converse(
            modelId=model_id,
            system=[{"text": SYSTEM}],
            messages=[{"role": "user", "content": [{"text": text}]}],
            inferenceConfig=config,
        )

    def answer(self, model_id: str, text: str) -> str:
        return self.question(model_id, text)["output"]["message"]["content"][0]["text"]

    def deployment(self, identifier: str) -> dict:
        return self.bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=identifier)


@pytest.fixture
def brief_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings of a step an epoch, for what is true of a job whatever its model learned."""

    def settings_of(job: CustomizationJob, *, epochs: int, budget: float = 0) -> Settings:
        return training_run.settings_of(job, epochs=epochs, budget=min(budget, 1))

    for method in (fine_tuning, reinforcement):
        monkeypatch.setattr(method, "settings_of", settings_of)


@pytest.fixture(scope="session")
def server() -> Iterator[HttpServer]:
    """One HTTP server for all tests."""
    server = moto_server.start()
    yield server
    server.close()


@pytest.fixture
def cloud(request: pytest.FixtureRequest, server: HttpServer) -> Iterator[Cloud]:
    """A fresh Bedrock; `indirect` parameters name its Region."""
    # moto keeps the routes of its first request, and each test installs its own.
    server.application = DomainDispatcherApplication(create_backend_app)
    cloud = Cloud(server.url, getattr(request, "param", REGION))
    uninstall = install(cloud.service)
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": cloud.region}}
    for bucket in ("data", "output"):
        cloud.s3.create_bucket(Bucket=bucket, **({} if cloud.region == REGION else elsewhere))
    cloud.put("train.jsonl", RECORDS)
    yield cloud
    cloud.service.close()
    uninstall()
    s3_backends.reset()
    reset_model_data()  # moto keeps every object that there ever was
