"""`LocalCloud`: the whole embedded AWS in this process, started and stopped together."""

import gc
import json
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .clock import Clock
from .plane import Plane

if TYPE_CHECKING:
    from types import TracebackType

    from .bedrock.service import Bedrock
    from .stepfunctions.service import StepFunctions

_log = logging.getLogger(__name__)


class LocalCloud:
    """An AWS account in one Region, on loopback, with nothing in it.

    Starts when it is made. A process has one at a time, because moto keeps its state in globals.

    Args:
        time_scale: What a second of waiting in AWS lasts here, in seconds; work takes the time it
            takes.
        port: Where to listen on 127.0.0.1; 0 takes a free port.
        enforce_iam: Whether tasks of state machines and jobs of Bedrock may do only what their
            roles allow.
        region: The Region.

    Attributes:
        step_functions: The state machines.
        bedrock: The models and jobs; `bedrock.meter` counts what AWS would have billed.

    Raises:
        OSError: The port is taken.
        RuntimeError: This process runs one already.
    """

    step_functions: "StepFunctions"
    bedrock: "Bedrock"

    def __init__(
        self,
        *,
        time_scale: float = 0.001,
        port: int = 0,
        enforce_iam: bool = True,
        region: str = "us-east-1",
    ) -> None:
        self._clock = Clock(scale=time_scale)
        self._undo = ExitStack()
        self._closing = threading.Lock()
        with ExitStack() as on_failure:
            on_failure.callback(self.close)
            self._plane = self._undo.enter_context(Plane(port=port, region=region))
            self._start(enforce_iam=enforce_iam)
            on_failure.pop_all()

    def __enter__(self) -> Self:
        """Return the running cloud."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: "TracebackType | None",
    ) -> None:
        """Close it."""
        self.close()

    @property
    def endpoint_url(self) -> str:
        """Where it listens, for `AWS_ENDPOINT_URL`."""
        return self._plane.endpoint_url

    @property
    def region(self) -> str:
        """The Region."""
        return self._plane.region

    @property
    def account_id(self) -> str:
        """The account."""
        return self._plane.account_id

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 writes a client's methods at run time
        """Return the boto3 client of a service, with dummy credentials.

        Args:
            service: Its boto3 name.
        """
        return self._plane.client(service)

    def environment(self) -> dict[str, str]:
        """Return the variables with which the AWS CLI, the CDK and any SDK use this cloud."""
        return self._plane.environment()

    def deploy(self, assembly: Path) -> dict[str, dict[str, str]]:
        """Create or update the stacks of a synthesized cloud assembly.

        Args:
            assembly: The folder that `cdk synth` or `app.synth()` wrote.

        Returns:
            The outputs of each stack by the stack's name.

        Raises:
            DeploymentError: A resource is not emulated or could not be created.
        """
        from .deploy import deploy_assembly  # noqa: PLC0415 - see _start

        return deploy_assembly(self, assembly)

    def close(self) -> None:
        """Stop executions, jobs, functions and the server; a second call does nothing."""
        with self._closing:
            self._clock.stop.set()
            self._undo.close()

    def _start(self, *, enforce_iam: bool) -> None:
        """Put every service on the plane, in the order in which they stop, reversed."""
        # Imported here: moto's models take a second, and most commands need none of this.
        from . import moto_patches  # noqa: PLC0415
        from .bedrock.moto_install import install as install_bedrock  # noqa: PLC0415
        from .bedrock.service import Bedrock  # noqa: PLC0415
        from .iam import Authorizer, Permissive  # noqa: PLC0415
        from .lambdas import LambdaRuntime  # noqa: PLC0415
        from .lambdas.moto_install import install as install_lambda  # noqa: PLC0415
        from .stepfunctions.service import StepFunctions  # noqa: PLC0415
        from .stepfunctions.moto_install import install as install_step_functions  # noqa: PLC0415

        # What is imported stays: without this, each full collection walks moto's 200,000 objects.
        gc.freeze()
        place = {"region": self.region, "account_id": self.account_id}
        authorizer = Authorizer(**place) if enforce_iam else Permissive()
        undo = self._undo.callback
        undo(moto_patches.apply(self.client))

        functions = LambdaRuntime(endpoint_url_of=lambda: self.endpoint_url, region=self.region)
        undo(functions.close)
        undo(install_lambda(functions, clock=self._clock))

        self.bedrock = Bedrock(
            clock=self._clock,
            s3=lambda _region: self.client("s3"),
            authorizer=authorizer,
            on_job_state_change=self._announce(
                "aws.bedrock", "Model Customization Job State Change"
            ),
            **place,
        )
        undo(self.bedrock.close)
        undo(install_bedrock(self.bedrock))

        self.step_functions = StepFunctions(
            clock=self._clock,
            endpoint_url_of=lambda: self.endpoint_url,
            authorizer=authorizer,
            on_status_change=self._announce("aws.states", "Step Functions Execution Status Change"),
            **place,
        )
        undo(self.step_functions.close)
        self._undo.enter_context(install_step_functions(self.step_functions))

    def _announce(self, source: str, detail_type: str) -> Callable[[Mapping[str, Any]], None]:
        """Return what puts a service's events on the default bus, as best effort as AWS does."""

        def put(detail: Mapping[str, Any]) -> None:
            if self._clock.stop.is_set():
                return
            entry = {
                "Source": source,
                "DetailType": detail_type,
                "Detail": json.dumps(detail, default=str),
            }
            try:
                self.client("events").put_events(Entries=[entry])
            except Exception:  # noqa: BLE001 - a lost event never stops the execution or job that it is about
                _log.exception("event %s was lost", detail_type)

        return put
