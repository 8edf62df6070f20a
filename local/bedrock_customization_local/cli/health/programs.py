"""Programs that others start: where they are, and which version they are of."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TIMEOUT_SECONDS = 30
_VERSION = re.compile(r"\d+(?:\.\d+)+")


@dataclass(frozen=True, slots=True)
class Program:
    """A program that was found.

    Args:
        path: Where.
        version: That it tells, as numbers; empty if it tells none.
        told: What it printed.
    """

    path: Path
    version: tuple[int, ...]
    told: str

    @property
    def words(self) -> str:
        """The version as people write it."""
        return ".".join(map(str, self.version)) or "of an unknown version"


def find(
    name: str,
    environment: Mapping[str, str],
    *,
    arguments: Sequence[str] = ("--version",),
    beside: Path | None = None,
) -> Program | None:
    """Return a program as a shell would find it, None if there is none.

    Args:
        name: Without a suffix.
        environment: Variables, of which `PATH` says where to look.
        arguments: That make it tell its version.
        beside: Folder that is looked into first.
    """
    paths = [*([str(beside)] if beside else []), environment.get("PATH", "")]
    found = next(filter(None, (shutil.which(name, path=path) for path in paths)), None)
    if found is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - a program of the user's own PATH
            [found, *arguments],
            capture_output=True,
            check=False,
            env=dict(environment),
            timeout=_TIMEOUT_SECONDS,
            text=True,
            errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Program(Path(found), (), str(error))
    version = _VERSION.search(done.stdout)
    numbers = tuple(map(int, version[0].split("."))) if version else ()
    return Program(Path(found), numbers, done.stdout.strip())
