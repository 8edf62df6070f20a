"""Who runs what, and how a run fails."""

import msgspec

from bedrock_customization_runtime.contract import RunKind


class RunSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who runs what, since when."""

    id: str
    kind: RunKind = RunKind.CUSTOMIZATION
    """Where the candidate comes from."""
    execution_arn: str
    source: str
    base_model: str
    """Id for customization: of what is customized, or what an imported model is compared with."""
    inference_model: str
    """Id by which the base model is invoked."""
    catalog_version: str
    library_version: str
    started: str
    """ISO 8601, UTC."""
    parent_model: str | None = None
    """ARN of the custom model that was customized further; None for the base model itself."""
    embedded: bool
    """True on the embedded AWS, whose models are tiny and say nothing about Bedrock's."""


class FailureSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why the run ended early."""

    error: str
    cause: str
