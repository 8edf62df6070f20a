"""What the customization is for, as its owner wrote it down before it began."""

import msgspec


class UseCaseSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The use case (`contract.UseCase`)."""

    task: str
    metric: str
    owner: str
    target: float | None = None
    margin: float | None = None
    max_cost_usd: float | None = None
    knowledge_changes: str | None = None
