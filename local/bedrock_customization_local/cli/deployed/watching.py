"""Follow a run of a deployed pipeline to its end, and tell what it came to."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from bedrock_customization_local.cli.deployed.pipelines import DeployedPipeline, aws_errors
from bedrock_customization_local.cli.deployed.runs import latest
from bedrock_customization_local.cli.deployed.spending import spent
from bedrock_customization_local.cli.following.progress import Status
from bedrock_customization_local.cli.following.watching import Clients, Pauses, follow
from bedrock_customization_runtime import manifest as manifests
from bedrock_customization_runtime.errors import CustomizationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from boto3 import Session

    from bedrock_customization_local.cli.aws_options import Target
    from bedrock_customization_local.cli.following.definition import Definition
    from bedrock_customization_local.cli.following.display import Timeline
    from bedrock_customization_local.cli.following.progress import Progress
    from bedrock_customization_runtime.manifest import Manifest


class Display(Protocol):
    """Where progress is shown."""

    def show(
        self, progress: Progress, definition: Definition, live_details: Mapping[str, str]
    ) -> None:
        """Show what a look has found."""


class WatchedRun:
    """A run of a deployed pipeline.

    Args:
        target: Whose pipeline.
        run: Name, or ARN of its execution; None for the one that runs, or else the last.

    Raises:
        CommandError: There is no such pipeline, or no run.
    """

    def __init__(self, target: Target, run: str | None) -> None:
        self._session: Session = target.session()
        arn = run if run and run.startswith("arn:") else None
        with aws_errors():
            self.pipeline = DeployedPipeline.find(self._session, target.stack, arn)
            machine = self.pipeline.state_machine_arn.replace(":stateMachine:", ":execution:")
            self.execution_arn = arn or (
                f"{machine}:{run}" if run else latest(self._session, self.pipeline)
            )
        self.name = self.execution_arn.rpartition(":")[2]
        self._s3 = self._session.client("s3")
        self._manifest_uri: str | None = None

    def follow(self, display: Display, *, told: Callable[[str], None]) -> Progress:
        """Follow it until it has ended.

        Args:
            display: Is shown each look.
            told: Is told what it has cost so far, whenever that may have changed.

        Raises:
            CommandError: There is no such run, or AWS refuses.
        """
        settled = -1

        def show(
            progress: Progress, definition: Definition, live_details: Mapping[str, str]
        ) -> None:
            nonlocal settled
            if "run" in progress.variables:
                self._manifest_uri = str(progress.variables["run"]["manifest"])
            display.show(progress, definition, live_details)
            if len(progress.settled) != settled:
                settled = len(progress.settled)
                found = self.manifest()
                cost = spent(found) if found else None
                told(f"cost so far {cost.words}" if cost else "")

        clients = Clients(
            stepfunctions=self._session.client("stepfunctions"),
            bedrock=self._session.client("bedrock"),
            s3=self._s3,
        )
        with aws_errors():
            return follow(clients, self.execution_arn, show, Pauses())

    def manifest(self) -> Manifest | None:
        """Return its manifest as it is now; None if there is none, or it may not be read."""
        if self._manifest_uri is None:
            return None
        try:
            return manifests.find(self._s3, self._manifest_uri)
        except CustomizationError:
            return None

    def alias_value(self) -> str:
        """Return what consumers invoke now."""
        with aws_errors():
            found = self._session.client("ssm").get_parameters(
                Names=[self.pipeline.alias_parameter]
            )["Parameters"]
        return found[0]["Value"] if found else "no model yet"


class StepLines:
    """Progress for machines: a line of JSON for each step that is done.

    Args:
        write: Takes a line.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._told: set[str] = set()

    def show(
        self, progress: Progress, _definition: Definition, _live_details: Mapping[str, str]
    ) -> None:
        """Write the steps that are done since the last look."""
        for step in progress.settled:
            if step.name in self._told:
                continue
            self._told.add(step.name)
            self._write(
                json.dumps(
                    {
                        "step": step.name,
                        "phase": step.state.phase,
                        "status": step.status.value,
                        "seconds": round(step.seconds(datetime.now(UTC)), 3),
                        "detail": step.detail,
                        "error": step.error if step.status is Status.FAILED else None,
                    },
                    ensure_ascii=False,
                )
            )


def document(run: WatchedRun, progress: Progress) -> dict[str, object]:
    """Return how a run has ended, as the last line for machines."""
    manifest = run.manifest()
    cost = spent(manifest) if manifest else None
    failure = progress.failure
    return {
        "run": run.name,
        "execution_arn": run.execution_arn,
        "execution": progress.status.value,
        "status": manifest.status if manifest else None,
        "outcome": manifest.outcome if manifest else None,
        "error": failure.error if failure else None,
        "usd": cost.usd if cost else None,
        "usd_is_complete": bool(cost and cost.is_complete),
    }


def noting(timeline: Timeline) -> Callable[[str], None]:
    """Return what puts a few words below what a timeline shows."""

    def note(words: str) -> None:
        timeline.note = words

    return note
