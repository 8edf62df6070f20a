"""The folder that `prepare` writes: there whole, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock_customization_local.cli.messages import usage_error
from bedrock_customization_local.cli.permissions import give_usual

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = frozenset(
    {
        "train.jsonl",
        "validation.jsonl",
        "test.jsonl",
        "rejected.jsonl",
        "report.json",
        "report.html",
    }
)


class PreparedFolder:
    """Where a data set goes.

    Args:
        path: The folder; it may exist if it is empty.
        overwrite: Whether it may hold what an earlier call wrote.

    Attributes:
        path: As given.

    Raises:
        CommandError: It holds something, or cannot be written.
    """

    def __init__(self, path: Path, *, overwrite: bool) -> None:
        self.path = path
        self._target = path.absolute()
        self._check(overwrite=overwrite)

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """Yield an empty folder whose contents take the place of the old ones at the end.

        If the block raises, nothing changes.

        Raises:
            CommandError: The folder cannot be written.
        """
        try:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            new = Path(tempfile.mkdtemp(prefix=f".{self._target.name}.", dir=self._target.parent))
        except OSError as error:
            raise self._unwritable(error) from None
        try:
            yield new
            give_usual(new)
            self._replace(new)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def _replace(self, new: Path) -> None:
        if not self._target.exists():
            new.rename(self._target)
            return
        old = new.with_name(f"{new.name}.old")
        self._target.rename(old)
        try:
            new.rename(self._target)
        except BaseException:
            old.rename(self._target)
            raise
        shutil.rmtree(old)

    def _check(self, *, overwrite: bool) -> None:
        try:
            held = sorted(os.listdir(self._target))  # noqa: PTH208 - a file raises here, too
        except FileNotFoundError:
            return
        except NotADirectoryError:
            raise usage_error(f"--out: {self.path} is no folder: choose another") from None
        except OSError as error:
            raise self._unwritable(error) from None
        strangers = [name for name in held if name not in FILES]
        if strangers:
            raise usage_error(
                f"--out: {self.path} holds {strangers[0]!r}, which is not of this command: "
                "choose a new folder"
            )
        if held and not overwrite:
            raise usage_error(
                f"--out: {self.path} is not empty: choose a new folder, or replace it with "
                "--overwrite"
            )

    def _unwritable(self, error: OSError) -> Exception:
        return usage_error(f"--out: {self.path} cannot be written: {error.strerror}")
