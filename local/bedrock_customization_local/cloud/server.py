"""`LocalCloud`: the whole embedded AWS in this process, started and stopped together."""

import os
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from bedrock_customization_local.cloud.clock import Clock
from bedrock_customization_local.cloud.deploy import deploy_assembly
from bedrock_customization_local.cloud.plane import Plane
from bedrock_customization_local.cloud.untyped import Client

if TYPE_CHECKING:
    from bedrock_customization_local.cloud.bedrock.quotas import Quotas
    from bedrock_customization_local.cloud.iam import AccessRecord

# Read when NumPy is first imported: the embedded models are small, and the threads of a linear
# algebra library only get in the way of those that answer requests.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


class LocalCloud:
    """An AWS account in one Region, on loopback, with nothing in it.

    Starts when it is made. A process has one at a time, because moto keeps its state in globals.

    Args:
        time_scale: What a second of waiting in AWS lasts here, in seconds; work takes the time it
            takes.
        port: Where to listen on 127.0.0.1; 0 takes a free port.
        enforce_iam: Whether tasks of state machines, functions and jobs of Bedrock may do only what
            their roles allow.
        access_record: Keeps which rights of the roles they used, and what was refused.
        region: The Region.
        quotas: Of Bedrock; None for those of a new account, without model units.
        warm_seconds: How long a function's process stays when it has nothing to do. Far shorter
            than in Lambda, because memory here is a person's: 60 MB or so a function.

    Attributes:
        step_functions: The state machines; `step_functions.faults` makes their tasks fail.
        bedrock: The models and jobs; `bedrock.meter` counts what AWS would have billed.
        functions: The Lambda functions; `functions.kill` ends them in the middle of their work.
        metrics: What services and functions measured.
        alarms: The alarms of CloudWatch; `alarms.evaluate` looks at them, which nobody else does.

    Raises:
        OSError: The port is taken.
        RuntimeError: This process runs one already.
    """

    def __init__(
        self,
        *,
        time_scale: float = 0.001,
        port: int = 0,
        enforce_iam: bool = True,
        access_record: "AccessRecord | None" = None,
        region: str = "us-east-1",
        quotas: "Quotas | None" = None,
        warm_seconds: float = 5,
    ) -> None:
        self._clock = Clock(scale=time_scale)
        self._undo = ExitStack()
        self._closing = threading.Lock()
        with ExitStack() as on_failure:
            on_failure.callback(self.close)
            self._plane = self._undo.enter_context(Plane(port=port, region=region))
            # Imported here: it takes a second or two, which importing this module should not.
            from bedrock_customization_local.cloud import services  # noqa: PLC0415

            started = services.start(
                self._plane,
                self._clock,
                enforce_iam=enforce_iam,
                access_record=access_record,
                quotas=quotas,
                warm_seconds=warm_seconds,
                undo=self._undo,
            )
            self.step_functions, self.bedrock = started.step_functions, started.bedrock
            self.functions = started.functions
            self.metrics, self.alarms = started.metrics, started.alarms
            self._undo.callback(self._plane.hush)
            on_failure.pop_all()

    def __enter__(self) -> Self:
        """Return the running cloud."""
        return self

    def __exit__(self, *_: object) -> None:
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

    def client(self, service: str) -> Client:
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
        return deploy_assembly(self, assembly)

    def close(self) -> None:
        """Stop executions, jobs, functions and the server; a second call does nothing."""
        with self._closing:
            self._clock.stop.set()
            self._undo.close()
