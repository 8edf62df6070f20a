"""What is said of a file that was written or read: where it lies, and what tells it from others."""

import msgspec


class FileRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file the run wrote or read."""

    uri: str
    sha256: str
    bytes: int
    records: int
    objects: int = 1
    """More than one where the URI is a prefix; the digest is then that of what `sha256sum` prints
    of them, in the order of keys."""
