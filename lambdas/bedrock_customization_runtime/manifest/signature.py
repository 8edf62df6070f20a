"""Signatures of a manifest's versions: made by KMS, whose private key nobody ever holds."""

from __future__ import annotations

import os
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bedrock_customization_runtime import aws
from bedrock_customization_runtime.contract import SIGNING_KEY_VARIABLE

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

_ALGORITHM: Final = "ECDSA_SHA_256"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with a key of KMS.

    Args:
        kms: Client.
        key: ARN of an asymmetric key, `ECC_NIST_P256`, for signatures.
    """

    kms: KMSClient
    key: str

    def sign(self, statement: bytes) -> str:
        """Return the signature in base64."""
        answer = self.kms.sign(
            KeyId=self.key, Message=statement, MessageType="RAW", SigningAlgorithm=_ALGORITHM
        )
        return b64encode(answer["Signature"]).decode()

    def holds(self, statement: bytes, signature: bytes) -> bool:
        """Return whether a signature is one of the key, by KMS."""
        try:
            answer = self.kms.verify(
                KeyId=self.key,
                Message=statement,
                MessageType="RAW",
                Signature=signature,
                SigningAlgorithm=_ALGORITHM,
            )
        except self.kms.exceptions.KMSInvalidSignatureException:
            return False
        return answer["SignatureValid"]


def signer_of_process() -> Signer | None:
    """Return what signs the versions that this function writes; None where none is to be signed.

    Like credentials, the key belongs to the process: a version that its writer forgot to sign
    would look like one of somebody else.
    """
    key = os.environ.get(SIGNING_KEY_VARIABLE)
    if key is None:
        return None
    return Signer(aws.kms(), key)
