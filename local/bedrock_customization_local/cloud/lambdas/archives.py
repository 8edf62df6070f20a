"""Unpacks code archives and layers, once per content."""

import io
import shutil
import stat
import tempfile
import zipfile
from pathlib import Path
from threading import Lock

from bedrock_customization_local.cloud.lambdas.functions import Archive

MAX_UNZIPPED_BYTES = 250 * 1024 * 1024
"""Lambda's limit on a function with its layers; here on each archive."""


class InvalidArchiveError(Exception):
    """The archive is no zip file, is too large, or would write outside its folder."""


class ArchiveStore:
    """Keeps each archive unpacked under its digest.

    Args:
        root: A private folder; the owner removes it.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = Lock()

    def folder(self, archive: Archive) -> Path:
        """Return the folder that holds the archive's files.

        Raises:
            InvalidArchiveError: The archive must not be unpacked.
        """
        folder = self._root / archive.sha256
        with self._lock:
            if not folder.exists():
                # A folder that exists is complete: it gets its name last.
                partial = Path(tempfile.mkdtemp(dir=self._root))
                try:
                    _unpack(archive.content, partial)
                except BaseException:
                    shutil.rmtree(partial)
                    raise
                partial.chmod(0o755)
                partial.rename(folder)
        return folder


def _unpack(content: bytes, folder: Path) -> None:
    if not content:
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check(archive, folder)
            for member in archive.infolist():
                path = Path(archive.extract(member, folder))
                mode = stat.S_IMODE(member.external_attr >> 16)
                if mode and not member.is_dir():
                    path.chmod(mode | 0o444)  # Lambda, too, makes every file readable
    except zipfile.BadZipFile as error:
        raise InvalidArchiveError(f"the code archive is not a zip file: {error}") from error


def _check(archive: zipfile.ZipFile, folder: Path) -> None:
    total = sum(member.file_size for member in archive.infolist())
    if total > MAX_UNZIPPED_BYTES:
        raise InvalidArchiveError(
            f"the code archive unpacks to {total} bytes, allowed are {MAX_UNZIPPED_BYTES}: "
            "leave out what the function does not import"
        )
    # zipfile would quietly rename such members; Lambda's own layout then would not be ours.
    for member in archive.infolist():
        if not (folder / member.filename).resolve().is_relative_to(folder.resolve()):
            raise InvalidArchiveError(
                f"the code archive's member {member.filename!r} lies outside the archive: "
                "build it from relative paths"
            )
