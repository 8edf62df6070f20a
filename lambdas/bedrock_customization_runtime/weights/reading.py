"""Reads a model's small files whole, and notes what keeps them from being read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.weights import strict_json
from bedrock_customization_runtime.weights.findings import shown
from bedrock_customization_runtime.weights.rules import files as rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_customization_runtime.weights.findings import Findings
    from bedrock_customization_runtime.weights.folder import File, Folder

MAXIMUM_BYTES = 16 * 2**20
"""Of a file beside the weights; the largest index of the listed architectures has 4 MB."""
LFS_POINTER = b"version https://git-lfs"
_MAXIMUM_KEYS = 300_000
_MAXIMUM_VALUES = 600_000


class Reader:
    """Reads the files of a folder.

    Args:
        folder: Where they lie.
        files: Those that may be read, by name.
        findings: Takes what is wrong with them.
    """

    def __init__(self, folder: Folder, files: Mapping[str, File], findings: Findings) -> None:
        self._folder = folder
        self._files = files
        self._findings = findings

    def __contains__(self, name: str) -> bool:
        """Return whether there is such a file, readable or not."""
        return name in self._files

    def bytes_of(self, name: str, *, maximum: int = MAXIMUM_BYTES) -> bytes | None:
        """Return a file; None where there is none or, which is noted, it cannot be read whole.

        Args:
            name: Of the file.
            maximum: Bytes it may have.
        """
        file = self._files.get(name)
        if file is None:
            return None
        if file.size > maximum:
            allowed = f"at most {maximum:,} bytes"
            self._findings.note(rules.TOO_LARGE, name, f"{file.size:,} bytes", allowed=allowed)
            return None
        data = self._folder.read(name, 0, file.size) if file.size else b""
        if len(data) < file.size:
            found = f"{len(data):,} of {file.size:,} bytes"
            self._findings.note(rules.CUT, name, found)
            return None
        if data.startswith(LFS_POINTER):
            self._findings.note(rules.LFS_POINTER, name, f"{file.size:,} bytes")
            return None
        return data

    def object_of(self, name: str) -> dict[str, object] | None:
        """Return a file's JSON object; None where there is none or, which is noted, it is none."""
        data = self.bytes_of(name)
        if data is None:
            return None
        try:
            return strict_json.parse(
                data, max_keys=_MAXIMUM_KEYS, max_values=_MAXIMUM_VALUES
            )
        except strict_json.DuplicateKeyError as error:
            found = f"the key {shown(str(error))} twice"
        except strict_json.StrictJsonError as error:
            found = str(error)
        self._findings.note(rules.JSON_INVALID, name, found)
        return None
