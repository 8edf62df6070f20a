"""The account and the Region: what a deployment and a run need of them, as their caller."""

from __future__ import annotations

from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from bedrock_customization_local.cli.health.findings import Finding, doubtful, fine, in_the_way
from bedrock_customization_runtime import catalog, quotas
from bedrock_customization_runtime.customization import preflight
from bedrock_customization_runtime.errors import QuotaExhausted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boto3 import Session
    from mypy_boto3_bedrock import BedrockClient

_LARGEST_SKEW_SECONDS, _DOUBTFUL_SKEW_SECONDS = 300, 60
"""Beyond the first AWS refuses signatures."""
_OLDEST_BOOTSTRAP = 6
_NO_PARAMETER = "ParameterNotFound"
_AVAILABLE, _AUTHORIZED = "AVAILABLE", "AUTHORIZED"
_RAISE = "ask Service Quotas for more, which can take days"


def credentials(session: Session) -> Iterator[Finding]:
    """Check that AWS knows the caller, and whether the clock here is right."""
    if session.region_name is None:
        yield in_the_way(
            "region", "no Region is configured", "name one with --region, or set AWS_REGION"
        )
        return
    try:
        answer = session.client("sts").get_caller_identity()
    except NoCredentialsError:
        yield in_the_way(
            "credentials",
            "no AWS credentials are configured",
            "aws configure, aws sso login, or --profile; without an account, use `demo`",
        )
        return
    except ClientError as error:
        code = error.response["Error"].get("Code", "")
        yield from _clock(error.response["ResponseMetadata"].get("HTTPHeaders", {}))
        yield in_the_way(
            "credentials",
            f"AWS does not take the credentials ({code})",
            "renew them, with aws sso login for example, and try again",
        )
        return
    except (BotoCoreError, NoRegionError) as error:
        yield in_the_way(
            "credentials",
            str(error),
            "check the network, the proxy, and AWS_ENDPOINT_URL if it is set",
        )
        return
    yield from _clock(answer["ResponseMetadata"].get("HTTPHeaders", {}))
    if answer["Arn"].endswith(":root"):
        yield doubtful(
            "credentials",
            f"{answer['Arn']} is the account's root user",
            "use a role, whose rights end somewhere",
        )
        return
    yield fine("credentials", f"{answer['Arn']}, in {session.region_name}")


def _clock(headers: dict[str, str]) -> Iterator[Finding]:
    told = headers.get("date")
    if not told:
        return
    skew = (datetime.now(UTC) - parsedate_to_datetime(told)).total_seconds()
    words = f"this clock is {abs(skew):,.0f} s {'ahead of' if skew > 0 else 'behind'} AWS's"
    advice = "set the clock, by NTP for example"
    if abs(skew) > _LARGEST_SKEW_SECONDS:
        yield in_the_way("clock", f"{words}, and AWS refuses signatures beyond 5 minutes", advice)
    elif abs(skew) > _DOUBTFUL_SKEW_SECONDS:
        yield doubtful("clock", words, advice)
    else:
        yield fine("clock", "agrees with AWS's")


def bootstrap(session: Session, qualifier: str) -> Finding:
    """Check that the CDK may deploy here.

    Args:
        session: Of the user.
        qualifier: Of the bootstrap stack.
    """
    name = f"/cdk-bootstrap/{qualifier}/version"
    command = f"npx cdk bootstrap (Region {session.region_name})"
    try:
        found = session.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    except ClientError as error:
        if error.response["Error"].get("Code") != _NO_PARAMETER:
            raise
        return in_the_way(
            "bootstrap", f"the CDK is not bootstrapped here: there is no parameter {name}", command
        )
    if int(found) < _OLDEST_BOOTSTRAP:
        return in_the_way(
            "bootstrap",
            f"the bootstrap stack is of version {found}, and the CDK needs {_OLDEST_BOOTSTRAP}",
            command,
        )
    return fine("bootstrap", f"version {found}")


def base_model(session: Session, id: str) -> Iterator[Finding]:
    """Check that the base model can be customized in this Region today, and be asked.

    Args:
        session: Of the user.
        id: For customization.
    """
    try:
        model = catalog.base_model(id)
    except catalog.UnknownBaseModelError as error:
        yield in_the_way("base-model", str(error), "docs/base-models.md lists them")
        return
    stage = model.lifecycle.status_on(datetime.now(UTC).date())
    if stage is not catalog.LifecycleStatus.ACTIVE:
        instead = _instead_of(model, datetime.now(UTC).date())
        yield in_the_way(
            "base-model", f"{id} is {stage.lower()}: no new job may use it", f"use {instead}"
        )
        return
    if session.region_name not in model.regions:
        yield in_the_way(
            "base-model",
            f"{id} is customized in {' and '.join(model.regions)}, not in {session.region_name}",
            f"deploy there: --region {model.regions[0]}",
        )
        return
    bedrock = session.client("bedrock")
    found = _status_in_bedrock(bedrock, id)
    if found is not None:
        yield found
        return
    yield fine("base-model", f"{id} is offered here, and ACTIVE")
    yield from _model_access(bedrock, model)


def _instead_of(model: catalog.BaseModel, today: date) -> str:
    others = [
        other.id
        for other in catalog.base_models()
        if other.lifecycle.status_on(today) is catalog.LifecycleStatus.ACTIVE
        and other.output_modalities == model.output_modalities
        and other.deployability.on_demand
    ]
    return " or ".join(others) or "another of docs/base-models.md"


def _status_in_bedrock(bedrock: BedrockClient, id: str) -> Finding | None:
    try:
        details = bedrock.get_foundation_model(modelIdentifier=id)["modelDetails"]
    except (
        bedrock.exceptions.ResourceNotFoundException,
        bedrock.exceptions.ValidationException,
    ):
        return in_the_way(
            "base-model",
            f"Bedrock does not offer {id} to this account in this Region",
            "ask AWS Support to open customization, or name another base model",
        )
    status = details.get("modelLifecycle", {}).get("status", "ACTIVE")
    if status != "ACTIVE":
        return in_the_way(
            "base-model",
            f"Bedrock calls {id} {status}: no new job may use it",
            "name another base model",
        )
    return None


def _model_access(bedrock: BedrockClient, model: catalog.BaseModel) -> Iterator[Finding]:
    _, asked = catalog.split_profile(model.inference_id)
    found = bedrock.get_foundation_model_availability(modelId=asked)
    wanting = [
        words
        for words, has in (
            ("no authorization", found["authorizationStatus"] == _AUTHORIZED),
            ("no agreement", found["agreementAvailability"]["status"] == _AVAILABLE),
            ("no entitlement", found["entitlementAvailability"] == _AVAILABLE),
        )
        if not has
    ]
    if wanting:
        yield in_the_way(
            "model-access",
            f"the account has {' and '.join(wanting)} for {asked}, which the blind test asks",
            "open the model once in Bedrock's console, accept its agreement, and check the "
            "organization's policies",
        )
    else:
        yield fine("model-access", f"the account may ask {asked}")


def room(session: Session, *, model_units: int, imports: bool) -> Iterator[Finding]:
    """Check that quotas leave room for a run.

    Args:
        session: Of the user.
        model_units: Of the provisioned throughput that a run buys.
        imports: Whether a run imports a model.
    """
    bedrock, service_quotas = session.client("bedrock"), session.client("service-quotas")
    try:
        yield fine(
            "custom-models",
            preflight.check_model_quota(bedrock, service_quotas, more=1).detail,
        )
    except QuotaExhausted as error:
        yield in_the_way("custom-models", str(error), f"delete models, or {_RAISE}")
    known = catalog.service().quotas
    jobs = sum(
        len(page["modelCustomizationJobSummaries"])
        for page in bedrock.get_paginator("list_model_customization_jobs").paginate(
            statusEquals="InProgress"
        )
    )
    most = known["scheduled_customization_jobs"].value
    told = f"{jobs} of {most} customization jobs are under way"
    yield (
        fine("jobs", told)
        if jobs < most
        else doubtful("jobs", told, "a run waits for hours until one has ended")
    )
    deployments = sum(
        len(page["modelDeploymentSummaries"])
        for page in bedrock.get_paginator("list_custom_model_deployments").paginate()
    )
    quota = known["custom_model_deployments"]
    told = f"{deployments} of {quota.value} deployments of custom models ({_as_of()})"
    yield (
        fine("deployments", told)
        if deployments < quota.value
        else in_the_way("deployments", told, f"bedrock-customization cleanup, or {_RAISE}")
    )
    if model_units:
        yield _model_units(session, model_units)
    if imports:
        yield _imported_models(session)


def _model_units(session: Session, more: int) -> Finding:
    try:
        found = preflight.check_model_units(
            session.client("bedrock"), session.client("service-quotas"), more=more
        )
    except QuotaExhausted as error:
        return in_the_way("model-units", str(error), f"{_RAISE}; or deploy on demand")
    if not found.passed:
        return doubtful("model-units", found.detail, f"if it is the account's own, {_RAISE}")
    return fine("model-units", found.detail)


def _imported_models(session: Session) -> Finding:
    rules = catalog.import_rules()
    value, source, _ = quotas.allowed(
        session.client("service-quotas"), rules.quotas["imported_models"], as_of=rules.as_of
    )
    models = sum(
        len(page["modelSummaries"])
        for page in session.client("bedrock").get_paginator("list_imported_models").paginate()
    )
    told = f"{models} of {value} imported models ({source})"
    if models < value:
        return fine("imported-models", told)
    return in_the_way("imported-models", told, f"delete imported models, or {_RAISE}")


def invocation_logging(session: Session) -> Finding:
    """Check whether somebody logs what the models of this account are asked."""
    reply = session.client("bedrock").get_model_invocation_logging_configuration()
    found = reply.get("loggingConfig")
    if not found or not found.get("textDataDeliveryEnabled", True):
        return fine("invocation-logging", "no texts are logged")
    watch = found.get("cloudWatchConfig")
    bucket = found["s3Config"]["bucketName"] if "s3Config" in found else None
    group = watch["logGroupName"] if watch else None
    places = " and ".join(
        [*([f"the bucket {bucket}"] if bucket else []), *([f"log group {group}"] if group else [])]
    )
    return doubtful(
        "invocation-logging",
        f"whatever models are asked here is logged to {places}, the blind test's questions too",
        "let none who trains read it; there is one configuration for all teams, so agree with "
        "them before anything changes",
    )


def _as_of() -> str:
    return f"a new account's quota of {catalog.service().as_of}"
