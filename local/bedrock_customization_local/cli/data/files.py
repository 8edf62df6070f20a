"""The files a command about data sets reads: found in a fixed order, read in pieces."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from bedrock_customization_local.cli.data.options import STANDARD_STREAM
from bedrock_customization_local.cli.messages import usage_error
from bedrock_customization_runtime.datasets.reading.file_names import SUFFIXES, why_skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from io import BufferedIOBase
    from pathlib import Path

    from bedrock_customization_local.cli.messages import CommandError

STREAM_NAME = "standard input"
_CHUNK_BYTES = 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class DataFile:
    """Something to read from."""

    path: Path
    """`STANDARD_STREAM` for that."""
    size: int | None
    """In bytes; None where nobody knows before the end."""

    @property
    def name(self) -> str:
        """As the user named it, with forward slashes."""
        return STREAM_NAME if self.path == STANDARD_STREAM else self.path.as_posix()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file in a folder that is not read."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """What paths came to."""

    files: tuple[DataFile, ...]
    skipped: tuple[Skipped, ...]

    @property
    def size(self) -> int | None:
        """Bytes of all files, None where one's are not known."""
        sizes = [file.size for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)


def find(paths: Sequence[Path]) -> Found:
    """Return the files of paths: a folder's recursively, by name; each file once.

    Raises:
        CommandError: A path does not exist, cannot be read, or is a folder without such files.
    """
    files: dict[Path, DataFile] = {}
    skipped: list[Skipped] = []
    for path in paths:
        if path == STANDARD_STREAM:
            files.setdefault(path, DataFile(path=path, size=None))
        elif path.is_dir():
            held = [(file, _why_skipped(file)) for file in _walk(path)]
            skipped += [Skipped(file, why) for file, why in held if why]
            files |= {
                file.resolve(): _data_file(file)
                for file, why in held
                if not why and file.resolve() not in files
            }
            if all(why for _, why in held):
                raise usage_error(
                    f"{path} has no file that can be read ({_in_words(skipped)}): "
                    f"{', '.join(SUFFIXES)} are"
                )
        else:
            files.setdefault(path.resolve(), _data_file(path))
    return Found(tuple(files.values()), tuple(skipped))


def chunks(file: DataFile, advance: Callable[[int], None]) -> Iterator[bytes]:
    """Yield a file's bytes.

    Args:
        file: What to read.
        advance: Is told of the bytes read.

    Raises:
        CommandError: It cannot be read.
    """
    try:
        if file.path == STANDARD_STREAM:
            yield from _pieces(cast("BufferedIOBase", sys.stdin.buffer), advance)
            return
        with file.path.open("rb") as stream:
            yield from _pieces(stream, advance)
    except OSError as error:
        raise _unreadable(file.name, error) from None


def _pieces(stream: BufferedIOBase, advance: Callable[[int], None]) -> Iterator[bytes]:
    # One system call at a time: what a pipe holds is shown as read, and Ctrl-C is heard between.
    while piece := stream.read1(_CHUNK_BYTES):
        advance(len(piece))
        yield piece


def _walk(folder: Path) -> Iterator[Path]:
    """Yield what a folder holds, in the order of names; a hidden folder as such."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise _unreadable(folder, error) from None
    for entry in entries:
        path = folder / entry.name
        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            yield from _walk(path)
        else:
            yield path


def _why_skipped(path: Path) -> str | None:
    if path.is_file():
        return why_skipped(path.as_posix(), path.stat().st_size)
    return why_skipped(path.as_posix(), 1) or "not a file"


def _data_file(path: Path) -> DataFile:
    try:
        found = path.stat()
        # A pipe has no size, and can be read nevertheless.
        return DataFile(path=path, size=found.st_size if path.is_file() else None)
    except FileNotFoundError:
        raise usage_error(f"there is no file {path}", "mend the path") from None
    except OSError as error:
        raise _unreadable(path, error) from None


def _in_words(skipped: list[Skipped]) -> str:
    if not skipped:
        return "it is empty"
    first = skipped[0]
    more = len(skipped) - 1
    return f"{first.path.name}: {first.why}" + (f", and {more} more" if more else "")


def _unreadable(name: str | Path, error: OSError) -> CommandError:
    return usage_error(f"{name} cannot be read: {error.strerror}", "mend its permissions")
