"""What a preparation is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization_runtime.datasets.checking.privacy import Privacy
from bedrock_customization_runtime.errors import InvalidInput

if TYPE_CHECKING:
    from bedrock_customization_runtime.catalog.rules import MethodRules
    from bedrock_customization_runtime.contract import RecordTemplate, Split
    from bedrock_customization_runtime.datasets.record_formats.log_selection import LogSelection
    from bedrock_customization_runtime.datasets.record_formats.media_files import Look
    from bedrock_customization_runtime.datasets.record_formats.records import Record
    from bedrock_customization_runtime.datasets.rules import Rule

Enrich = Callable[["Record", int, Callable[["Rule"], None]], "Record"]
"""Takes a record, the line it begins on and what is told of rules; returns the record to use."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Same settings, same source, same version: the same bytes."""

    base_model: str
    """Id, for messages."""
    method: MethodRules
    """What the catalogue says of the base model's data."""
    template: RecordTemplate | None
    """None where the rows are records already."""
    split: Split
    max_rejected: float
    """Share of the records read, above which the data set as a whole is refused."""
    near_copies: bool = True
    """Whether questions that share most of their words are looked for, not only equal ones."""
    privacy: Privacy = Privacy.FLAG
    """What becomes of records with personal data or secrets."""
    bucket: str | None = None
    """Where the data set will lie: some base models want media there too."""
    media_below: str | None = None
    """S3 URI prefix of what the job may read beside the data set; None where nobody limits it."""
    media: Look | None = None
    """Looks at media files in S3; None where nobody can, and the report says so."""
    enrich: Enrich | None = None
    """Changes records before they are checked; None where they are taken as they are."""
    memory: int | None = None
    """Bytes of the function that prepares all records at once; None where nobody limits it."""
    logs: LogSelection | None = None
    """Which invocation logs are learned from, if there are any; None takes all, with answers."""

    def __post_init__(self) -> None:
        """Check what the catalogue and the template do not check themselves.

        Raises:
            InvalidInput: A share is out of range.
        """
        if not 0 <= self.max_rejected <= 1:
            raise InvalidInput(
                f"max_rejected must be between 0 and 1, got {self.max_rejected}: "
                "0.05 lets one record in twenty be rejected"
            )
        shares = {"validation": self.split["validation"], "test": self.split["test"]}
        for name, share in shares.items():
            if not 0 < share < 1:
                raise InvalidInput(f"split.{name} must lie between 0 and 1, got {share}: try 0.1")
        if sum(shares.values()) >= 1:
            raise InvalidInput(
                f"split.validation and split.test make {sum(shares.values()):g}, "
                "which leaves nothing for training: lower one of them"
            )

    @property
    def validation_share(self) -> float:
        """Share of the validation set; 0 where the base model takes none."""
        return 0.0 if self.method.validation is None else self.split["validation"]
