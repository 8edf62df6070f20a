"""Which runs each blind set has decided.

A set that decides again and again slowly becomes one that candidates are chosen by, and its figures
flatter them. A record per digest of the set counts the runs, so that a decision can say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.s3 import objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ATTEMPTS = 10


class BlindSetDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One run that a blind set has decided."""

    run: str
    execution_arn: str
    decided: str
    """ISO 8601, UTC."""


class BlindSetRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a blind set has decided, first decision first."""

    decisions: list[BlindSetDecision]


def record_uri(artifacts_bucket: str, sha256: str) -> str:
    """Return where the record of a blind set is, by the set's SHA-256 in hexadecimal."""
    return f"s3://{artifacts_bucket}/blind-sets/{sha256}.json"


def note(s3: S3Client, record: str, decision: BlindSetDecision) -> int:
    """Note that a blind set decides a run; for the same execution, once however often asked.

    Args:
        s3: Client.
        record: Where the record of the set is.
        decision: Of the run.

    Returns:
        How many other runs it had decided before.

    Raises:
        ManifestConflict: Other runs kept writing the record; the same request fits later.
    """

    def noted(body: bytes | None) -> tuple[bytes | None, int]:
        known = msgspec.json.decode(body, type=BlindSetRecord).decisions if body else []
        for earlier, one in enumerate(known):
            if one.execution_arn == decision.execution_arn:
                return None, earlier
        return msgspec.json.encode(BlindSetRecord(decisions=[*known, decision])), len(known)

    return objects.update(s3, record, noted, attempts=_ATTEMPTS)
