"""The public half of the key that signs manifests: from KMS, or from a file, which needs no AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from bedrock_customization_local.cli.messages import CommandError

if TYPE_CHECKING:
    from pathlib import Path

    from boto3 import Session

_PEM = b"-----BEGIN"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What tells the signatures of one key from all others."""

    key: ec.EllipticCurvePublicKey

    def holds(self, statement: bytes, signature: bytes) -> bool:
        """Return whether a signature is one of the key."""
        try:
            self.key.verify(signature, statement, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


def of_file(path: Path) -> PublicKey:
    """Return the key in a file: PEM, or DER as `aws kms get-public-key` gives it.

    Raises:
        CommandError: It cannot be read, or is no such key.
    """
    try:
        return _loaded(path.read_bytes(), str(path))
    except OSError as error:
        raise CommandError(
            f"{path} cannot be read: {error.strerror}",
            advice=("name the public key of the pipeline, PEM or DER",),
        ) from error


def of_kms(session: Session, arn: str) -> PublicKey:
    """Return a key of KMS.

    Raises:
        CommandError: It is no key on the curve P-256.
    """
    answer = session.client("kms").get_public_key(KeyId=arn)
    return _loaded(answer["PublicKey"], arn)


def _loaded(data: bytes, name: str) -> PublicKey:
    load = load_pem_public_key if data.lstrip().startswith(_PEM) else load_der_public_key
    try:
        key = load(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _no_key(name) from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _no_key(name)
    return PublicKey(key)


def _no_key(name: str) -> CommandError:
    return CommandError(
        f"{name} must be a public key on the curve P-256, PEM or DER: it is none",
        advice=("export it once: aws kms get-public-key --key-id ARN --output text …",),
    )
