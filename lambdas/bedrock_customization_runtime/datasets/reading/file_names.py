"""Many files as one source: which of them are data, by their names, and the digest of all.

They are those in a folder, or the objects below a prefix.

What a file is, its first bytes say (`sniffing`); its name only says that somebody meant it as data.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SUFFIXES = (".jsonl", ".jsonl.gz", ".json.gz", ".csv", ".csv.gz", ".parquet")
_LARGE_BODY = re.compile(r"(?:^|/)data/[^/]+_(?:input|output)\.json\.gz$")
"""Bodies above 100 KB, which model invocation logging puts beside the logs that name them."""


def why_skipped(path: str, size: int) -> str | None:
    """Return why a file is not read, None if it is.

    Args:
        path: Below the folder or prefix, with forward slashes.
        size: In bytes.
    """
    name = path.rpartition("/")[2]
    if name.startswith("."):
        return "hidden"
    if not name.lower().endswith(SUFFIXES):
        return "another kind of file"
    if not size:
        return "empty"
    # The log that names it says that its body lies outside: too long a record for a base model.
    return "the body of a large invocation" if _LARGE_BODY.search(path) else None


def digest_of(names: Iterable[str], digests: Iterable[str]) -> str:
    """Return the digest of many files: of the list that `sha256sum` prints of them.

    Args:
        names: Below the prefix, in order.
        digests: SHA-256 of each.
    """
    lines = (f"{digest}  {name}\n" for name, digest in zip(names, digests, strict=True))
    return sha256("".join(lines).encode()).hexdigest()
