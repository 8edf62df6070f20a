"""The token of a private or gated repository, read when it is needed and kept by nobody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bedrock_customization_runtime.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_customization_runtime.aws_protocols import SecretsClient

_TOKEN = re.compile(r"[\x21-\x7e]{1,512}")


def token_of(secrets_manager: Callable[[], SecretsClient], arn: str | None) -> str | None:
    """Return the token that a secret holds; None where none is named.

    Args:
        secrets_manager: Makes a client.
        arn: Of the secret.

    Raises:
        InvalidInput: The secret holds something else than a token; its text is not quoted.
    """
    if arn is None:
        return None
    text = str(secrets_manager().get_secret_value(SecretId=arn).get("SecretString", "")).strip()
    if not _TOKEN.fullmatch(text) or text.startswith("{"):
        raise InvalidInput(
            f"secret {arn} must hold the hub's token alone, as plain text: not JSON, and without "
            "spaces"
        )
    return text
