"""Names of what has no type, each with the reason, so that no signature has to say `Any`."""

from typing import Any, TypeAlias

Json: TypeAlias = Any
"""JSON: its shape is the caller's."""

Client: TypeAlias = Any
"""A client of boto3, which writes its methods at run time."""

Moto: TypeAlias = Any
"""An object of moto, which ships no types."""
