"""One temporary folder per command, which the next command removes if this one is killed."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "bedrock-customization-"


@contextmanager
def workspace() -> Iterator[Path]:
    """Make this process's temporary folder, and make it the home of all its temporary files.

    The folder's name holds the process id, so there is no moment at which a folder has no known
    owner. Child processes inherit the home through TMPDIR.

    Yields:
        The folder; it is removed at the end.
    """
    _sweep(Path(tempfile.gettempdir()))
    before = tempfile.tempdir, os.environ.get("TMPDIR")
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    try:
        yield folder
    finally:
        tempfile.tempdir, variable = before
        if variable is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = variable
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(parent: Path) -> None:
    import psutil  # noqa: PLC0415 - the help needs no process table

    for folder in parent.glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            # Another user's folder refuses, and that is fine.
            shutil.rmtree(folder, ignore_errors=True)
