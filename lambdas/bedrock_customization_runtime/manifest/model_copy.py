"""A custom model of another account or Region, and the copy of it."""

import msgspec


class ModelCopySection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The copy that the run makes."""

    source_model_arn: str
    model_name: str
    """Of the copy."""
    job_arn: str | None = None
    """None before the copy is Active; so the next two."""
    model_arn: str | None = None
    created: str | None = None
    """ISO 8601, UTC."""
