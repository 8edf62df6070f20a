"""Names of Bedrock's resources. Ids hold colons and slashes, so an ARN is never just split."""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import dataclass
from functools import lru_cache

_ALPHABET = string.ascii_lowercase + string.digits
_ID_LENGTH = 12
_ARN = re.compile(r"arn:[^:]+:bedrock:[^:]*:[^:]*:(?P<kind>[a-z-]+)/(?P<name>.+)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where resources live.

    Args:
        region: AWS Region.
        account_id: Twelve digits.
    """

    region: str
    account_id: str

    @property
    def partition(self) -> str:
        """The partition of the Region."""
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    def arn(self, kind: str, name: str) -> str:
        """Return the ARN of one of the account's resources."""
        return f"arn:{self.partition}:bedrock:{self.region}:{self.account_id}:{kind}/{name}"

    def foundation_model_arn(self, model_id: str) -> str:
        """Return the ARN of a foundation model, which belongs to no account."""
        return f"arn:{self.partition}:bedrock:{self.region}::foundation-model/{model_id}"


def new_id() -> str:
    """Return twelve random characters, as Bedrock ends its ARNs with."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))


@lru_cache(maxsize=1024)
def split_arn(text: str) -> tuple[str, str]:
    """Return the kind and the name of a Bedrock ARN; ("", text) for anything else."""
    found = _ARN.fullmatch(text)
    return (found["kind"], found["name"]) if found else ("", text)
