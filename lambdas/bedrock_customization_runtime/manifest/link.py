"""How a version of a manifest holds on to the one before it, and how its bytes are made.

A digest is that of a version's bytes, as `sha256sum` prints it. There is one way to write them: the
members in the order of the schema, indented by two. So bytes that say the same in another way, with
a key twice for one, are no version of ours.
"""

from base64 import b64decode, b64encode
from hashlib import sha256

import msgspec

_STATEMENT = "cdk-bedrock-customization: version of a manifest"


class LinkSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which version this is, after which other, and who vouches for it."""

    version: int
    """From 1."""
    previous: str | None
    """SHA-256 of the version before, hexadecimal; None of the first."""
    key: str | None = None
    """ARN of the KMS key that signs the versions of this run; None where none does."""
    signature: str | None = None
    """Of `statement`, ECDSA on P-256 with SHA-256, DER, in base64."""


def digest(body: bytes) -> str:
    """Return what identifies a version: the SHA-256 of its bytes, hexadecimal."""
    return sha256(body).hexdigest()


def canonical(document: object) -> bytes:
    """Return the one way to write a document."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def statement(unsigned: bytes) -> bytes:
    """Return what is signed: what it is about and the digest of the version without its signature.

    Short enough for KMS to take as it is, and of no use where the key signs something else.

    Args:
        unsigned: The version, canonical, whose link has null for a signature.
    """
    return f"{_STATEMENT}\nsha256 {digest(unsigned)}\n".encode()


def signed_parts(body: bytes) -> tuple[bytes, bytes] | None:
    """Return what a version's signature was made of, and the signature.

    Returns:
        None where there is none, or the bytes are not canonical.
    """
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    match document:
        case {"link": {"signature": str(signature)} as link} if canonical(document) == body:
            unsigned = {**document, "link": {**link, "signature": None}}
            decoded = _decoded(signature)
            return (statement(canonical(unsigned)), decoded) if decoded else None
    return None


def _decoded(signature: str) -> bytes | None:
    """Return the bytes of base64, if nothing else is the base64 of them: its last bits may be."""
    try:
        decoded = b64decode(signature, validate=True)
    except ValueError:
        return None
    return decoded if b64encode(decoded).decode() == signature else None
