"""A `model.tar.gz` in S3, which can only be read from its beginning to its end."""

from __future__ import annotations

import tarfile
import zlib
from contextlib import closing, contextmanager
from io import RawIOBase
from typing import IO, TYPE_CHECKING, cast

import msgspec

from bedrock_customization_runtime.errors import ModelRejected
from bedrock_customization_runtime.model_import.sources.pinned import Pinned, SourceFile
from bedrock_customization_runtime.s3 import objects
from bedrock_customization_runtime.s3.streams import ObjectVersion, PinnedObject, concurrently
from bedrock_customization_runtime.weights.folder import File

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from mypy_boto3_s3 import S3Client

_REQUEST = 8 * 2**20
_REQUESTS_AT_A_TIME = 4
_BLOCK = 2**20
_MOST_MEMBERS = 10_000
_MOST_BYTES = 400 * 10**9
"""Of what is packed: twice what Bedrock imports."""
_LONGEST_EXTENSION = 2**20
"""Bytes of a member's extended header, which tarfile holds in memory."""
_HEADER_LENGTH = 8
"""A safetensors file begins with the length of its header, in so many bytes."""
_LONGEST_HEAD = 100 * 2**20 + _HEADER_LENGTH
_LONGEST_TEXT = 64 * 2**20
_INDEX = "index.json"


class Member:
    """A file of an archive, while the archive is read.

    Args:
        uri: Of the archive.
        name: Of the file.
        size: In bytes.
        body: Its bytes.
    """

    def __init__(self, uri: str, name: str, size: int, body: IO[bytes]) -> None:
        self.name, self.size = name, size
        self._uri, self._body = uri, body

    def read(self, length: int) -> bytes:
        """Return the next bytes; possible until the next member is asked for.

        Raises:
            ModelRejected: The archive ends within them, or cannot be decompressed.
        """
        with _refused(self._uri):
            return self._body.read(length)


class _Index(msgspec.Struct, frozen=True, kw_only=True):
    """What one pass over an archive has found; the beginnings of files lie beside it."""

    archive: ObjectVersion
    files: list[SourceFile]
    heads: list[int]
    """Bytes kept of each file's beginning."""


class ArchiveFolder:
    """The files of an archive, of which the beginnings were kept when it was first read.

    Args:
        s3: Client.
        pinned: What was found then.
        heads: S3 URI of where the beginnings are, without a trailing slash.
    """

    def __init__(self, s3: S3Client, pinned: Pinned, heads: str) -> None:
        self._s3 = s3
        self._heads = heads
        self.pinned = pinned
        self._index = msgspec.json.decode(objects.read(s3, f"{heads}/{_INDEX}"), type=_Index)
        self._numbers = {file.name: number for number, file in enumerate(pinned.files)}

    @classmethod
    def look(cls, s3: S3Client, uri: str, heads: str) -> ArchiveFolder:
        """Read an archive once and keep what an inspection needs of it.

        Args:
            s3: Client.
            uri: Of the archive.
            heads: As above.

        Raises:
            ModelRejected: It is no archive of files, or holds links, devices or names that lead
                out of it.
            InvalidInput: There is none, or it may not be read.
            SourceChanged: It was overwritten meanwhile.
        """
        packed = PinnedObject(s3, uri)
        known = objects.read_version(s3, f"{heads}/{_INDEX}")
        found = known and msgspec.json.decode(known.body, type=_Index)
        if not found or found.archive != packed.version:
            found = _keep_heads(s3, packed, heads)
        pinned = Pinned(
            kind="archive", location=uri, revision=found.archive.etag, files=found.files
        )
        return cls(s3, pinned, heads)

    def files(self) -> Sequence[File]:
        """Return all files."""
        return [File(file.name, file.size) for file in self.pinned.files]

    def read(self, name: str, start: int, length: int) -> bytes:
        """Return some bytes of a file's beginning.

        Raises:
            ModelRejected: So much of it was not kept.
        """
        number = self._numbers[name]
        end = min(start + length, self.pinned.files[number].size)
        if start >= end:
            return b""
        if end > self._index.heads[number]:
            raise ModelRejected(
                f"{name} in {self.pinned.location} is inspected to byte {end:,}, and only "
                f"{self._index.heads[number]:,} can be: unpack the archive and import the folder"
            )
        return objects.read_range(self._s3, _head(self._heads, number), start, end)

    def members(self) -> Generator[Member, None, None]:
        """Yield the archive's files in its order, each to be read before the next."""
        version = self._index.archive
        yield from members_of(PinnedObject(self._s3, self.pinned.location, version=version))


def members_of(packed: PinnedObject) -> Iterator[Member]:
    """Yield the files of a gzipped tar archive.

    Raises:
        ModelRejected: It is none, or a member is neither a file nor a folder, has a name that
            leads out of the archive or occurs twice, or there are too many or too much of them.
    """
    pieces = concurrently(
        lambda ends: packed.read(*ends),
        ((at, min(at + _REQUEST, packed.size)) for at in range(0, packed.size, _REQUEST)),
        at_a_time=_REQUESTS_AT_A_TIME,
    )
    seen: dict[str, str] = {}
    count = total = 0
    with closing(pieces):
        stream = cast("IO[bytes]", _Pieces(pieces))
        with (
            _refused(packed.uri),
            tarfile.open(
                fileobj=stream, mode="r|gz", bufsize=_BLOCK, tarinfo=_BoundedMember
            ) as archive,
        ):
            for member in archive:
                count, total = count + 1, total + member.size
                # tarfile remembers every member.
                archive.members.clear()  # type: ignore[attr-defined] # typeshed leaves it out
                name = _name_of(member, packed.uri, seen)
                _check_bounds(packed.uri, count, total)
                body = archive.extractfile(member) if name else None
                if name and body:
                    yield Member(packed.uri, name, member.size, body)


@contextmanager
def _refused(uri: str) -> Iterator[None]:
    """Refuse an archive for whatever its reader says of it."""
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, UnicodeError) as error:
        raise ModelRejected(
            f"{uri} cannot be unpacked as a gzipped tar archive ({error}): pack the model's folder "
            "again with tar -czf, or import the folder itself"
        ) from None


def _keep_heads(s3: S3Client, packed: PinnedObject, heads: str) -> _Index:
    files: list[SourceFile] = []
    kept: list[int] = []
    for member in members_of(packed):
        head = _head_of(member)
        if head:
            objects.write(s3, _head(heads, len(files)), head, "application/octet-stream")
        files.append(SourceFile(name=member.name, size=member.size))
        kept.append(len(head))
    index = _Index(archive=packed.version, files=files, heads=kept)
    objects.write(s3, f"{heads}/{_INDEX}", msgspec.json.encode(index), "application/json")
    return index


def _head_of(member: Member) -> bytes:
    if not member.name.endswith(".safetensors"):
        return member.read(_LONGEST_TEXT) if member.size <= _LONGEST_TEXT else b""
    length = member.read(_HEADER_LENGTH)
    wanted = int.from_bytes(length, "little")
    return length + member.read(min(wanted, _LONGEST_HEAD))


def _head(heads: str, number: int) -> str:
    return f"{heads}/{number:05}"


def _name_of(member: tarfile.TarInfo, uri: str, seen: dict[str, str]) -> str | None:
    """Return a file's name relative to the archive, None of a folder."""
    if member.isdir():
        return None
    parts = [part for part in member.name.split("/") if part != "."]
    if not member.isreg() or member.issparse():
        found = "a link" if member.issym() or member.islnk() else "no ordinary file"
    elif member.name.startswith("/") or ".." in parts or "\\" in member.name or "\0" in member.name:
        found = "a name that leads out of it"
    elif (name := "/".join(parts)) in seen:
        found = "a name that occurs twice"
    else:
        seen[name] = name
        return name
    raise ModelRejected(
        f"{uri} holds {member.name!r}, {found}: pack the model's files alone, without links"
    )


def _check_bounds(uri: str, count: int, total: int) -> None:
    if count > _MOST_MEMBERS or total > _MOST_BYTES:
        raise ModelRejected(
            f"{uri} unpacks to more than {_MOST_MEMBERS:,} files or {_MOST_BYTES:,} bytes: pack "
            "the model's files alone"
        )


class _BoundedMember(tarfile.TarInfo):
    """A member whose extended headers are bounded: tarfile reads them whole."""

    _EXTENDING = (
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    )

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        # tarfile's own hook for subclasses.
        if self.type in self._EXTENDING and self.size > _LONGEST_EXTENSION:
            raise tarfile.ReadError(f"a header of {self.size:,} bytes")
        found: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc] # as above
        return found


class _Pieces(RawIOBase):
    """Pieces of bytes as a file that can be read once, forward."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        parts: list[memoryview] = []
        while size:
            if not self._rest:
                piece = next(self._pieces, None)
                if piece is None:
                    break
                self._rest = memoryview(piece)
            part = self._rest[:size] if size > 0 else self._rest
            parts.append(part)
            self._rest = self._rest[len(part) :]
            size -= len(part) if size > 0 else 0
        return b"".join(parts)
