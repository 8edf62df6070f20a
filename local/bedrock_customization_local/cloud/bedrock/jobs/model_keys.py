"""The customer's key of a model, however a request names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from bedrock_customization_local.cloud.bedrock.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def key_arn_of(
    clients: Callable[[str], Any], parameters: Mapping[str, Any], member: str
) -> str | None:
    """Return the ARN of the key that a request names; None where it names none.

    Args:
        clients: Returns the embedded AWS's client of a service.
        parameters: The request.
        member: Which names the key.

    Raises:
        ValidationError: There is no such key, or it is not enabled.
    """
    key = parameters.get(member)
    if key is None:
        return None
    try:
        found = clients("kms").describe_key(KeyId=key)["KeyMetadata"]
    except ClientError as error:
        raise ValidationError(f"{member}: there is no key {key}") from error
    if found["KeyState"] != "Enabled":
        raise ValidationError(f"{member}: {key} is {found['KeyState']}")
    arn: str = found["Arn"]
    return arn
