"""The services of the embedded AWS that are ours, put on a running plane.

Importing this imports moto's models, most of two seconds: `server` does so when a cloud starts.
"""

import gc
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from bedrock_customization_local.cloud import moto_patches
from bedrock_customization_local.cloud.bedrock import moto_install as bedrock_install
from bedrock_customization_local.cloud.bedrock.quotas import Quotas
from bedrock_customization_local.cloud.bedrock.service import Bedrock
from bedrock_customization_local.cloud.clock import Clock
from bedrock_customization_local.cloud.cloudwatch.alarms import Alarms
from bedrock_customization_local.cloud.cloudwatch.metrics import Metrics
from bedrock_customization_local.cloud.iam import AccessRecord, Authorizer, Permissive, guard
from bedrock_customization_local.cloud.iam.sessions import RoleSessions
from bedrock_customization_local.cloud.lambdas import (
    LambdaRuntime,
    function_urls,
    moto_install as lambda_install,
)
from bedrock_customization_local.cloud.moto_patches.replacing import Patches
from bedrock_customization_local.cloud.plane import Plane
from bedrock_customization_local.cloud.stepfunctions import moto_install as step_functions_install
from bedrock_customization_local.cloud.stepfunctions.service import StepFunctions

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """What callers reach directly.

    Args:
        step_functions: The state machines.
        bedrock: The models and jobs.
        functions: The processes of Lambda functions.
        metrics: What the services measure.
        alarms: What looks at it, when asked.
    """

    step_functions: StepFunctions
    bedrock: Bedrock
    functions: LambdaRuntime
    metrics: Metrics
    alarms: Alarms


def start(
    plane: Plane,
    clock: Clock,
    *,
    enforce_iam: bool,
    access_record: AccessRecord | None,
    quotas: Quotas | None,
    warm_seconds: float,
    undo: ExitStack,
) -> Services:
    """Patch moto and put our services in the place of its own.

    Args:
        plane: The running server.
        clock: Shortens waits.
        enforce_iam: Whether tasks, jobs and functions may do only what their roles allow.
        access_record: Keeps what they did, if that is enforced.
        quotas: Of Bedrock; None for those of a new account.
        warm_seconds: How long a function's process stays when it has nothing to do.
        undo: Receives what stops the services: who starts work stops before who does it.

    Returns:
        The services.
    """
    # What is imported stays: without this, each full collection walks moto's 200,000 objects.
    gc.freeze()
    region, account_id = plane.region, plane.account_id
    authorizer = (
        Authorizer(
            region=region,
            account_id=account_id,
            # Bedrock is made below, of the authorizer; its tags are asked for by later requests.
            resource_tags=lambda arn: bedrock.tags_of(arn),  # noqa: PLW0108 - not yet made
            record=access_record,
        )
        if enforce_iam
        else Permissive()
    )
    metrics = Metrics(region=region, account_id=account_id)
    patches = Patches(
        plane.client, measures=metrics, require_to_publish=authorizer.require_to_publish
    )
    undo.callback(moto_patches.apply(patches))
    alarms = Alarms(
        metrics=metrics,
        publishers=authorizer,
        client=plane.client,
        region=region,
        account_id=account_id,
    )

    sessions = RoleSessions()
    undo.callback(guard.install(authorizer, sessions))
    functions = LambdaRuntime(
        endpoint_url_of=lambda: plane.endpoint_url,
        region=region,
        credentials_of=sessions.credentials_of,
        warm_seconds=warm_seconds,
    )
    undo.callback(functions.close)
    undo.callback(lambda_install.install(functions, clock=clock, measures=metrics))
    undo.callback(
        function_urls.install(
            endpoint_url_of=lambda: plane.endpoint_url, rights=authorizer, sessions=sessions
        )
    )

    bedrock = Bedrock(
        clock=clock,
        region=region,
        account_id=account_id,
        clients=plane.client,
        authorizer=authorizer,
        quotas=quotas,
        on_job_state_change=_announce(
            plane, clock, "aws.bedrock", "Model Customization Job State Change"
        ),
        measures=metrics,
    )
    undo.callback(bedrock.close)
    undo.callback(bedrock_install.install(bedrock))

    step_functions = StepFunctions(
        clock=clock,
        region=region,
        account_id=account_id,
        endpoint_url_of=lambda: plane.endpoint_url,
        authorizer=authorizer,
        on_status_change=_announce(
            plane, clock, "aws.states", "Step Functions Execution Status Change"
        ),
        measures=metrics,
    )
    undo.callback(step_functions.close)
    undo.enter_context(step_functions_install.install(step_functions))
    return Services(step_functions, bedrock, functions, metrics, alarms)


def _announce(
    plane: Plane, clock: Clock, source: str, detail_type: str
) -> Callable[[Mapping[str, Any]], None]:
    """Return what puts a service's events on the default bus, with best effort as AWS does."""

    def put(detail: Mapping[str, Any]) -> None:
        if clock.stop.is_set():
            return
        text = json.dumps(detail, default=str)
        entry = {"Source": source, "DetailType": detail_type, "Detail": text}
        try:
            plane.client("events").put_events(Entries=[entry])
        except Exception:  # noqa: BLE001 - a lost event does not stop what it tells of
            _log.exception("event %s was lost", detail_type)

    return put
