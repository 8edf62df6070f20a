"""When a base model may be customized, and when it is gone."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bedrock_customization_runtime.catalog.tables import Table


class LifecycleStatus(StrEnum):
    """Stages in Bedrock's words; RETIRED is what Bedrock does not list any more."""

    ACTIVE = "ACTIVE"
    LEGACY = "LEGACY"
    """Custom models of it run, but Bedrock starts no new job or provisioned throughput."""
    RETIRED = "RETIRED"


@dataclass(frozen=True, kw_only=True, slots=True)
class Lifecycle:
    """The stages of a base model."""

    status: LifecycleStatus
    """The stage on the catalogue's own day."""
    legacy_date: date | None = None
    """First day as LEGACY; None where it is not announced or not known."""
    end_of_life: date | None = None
    """First day as RETIRED; None as above."""
    note: str | None = None

    @classmethod
    def of(cls, table: Table) -> "Lifecycle":
        """Return the lifecycle that a table of the data describes."""
        return cls(**table | {"status": LifecycleStatus(table["status"])})

    def status_on(self, day: date) -> LifecycleStatus:
        """Return the stage on a day: by the dates where any is known, else the recorded one."""
        if self.end_of_life is not None and day >= self.end_of_life:
            return LifecycleStatus.RETIRED
        if self.legacy_date is not None and day >= self.legacy_date:
            return LifecycleStatus.LEGACY
        if self.legacy_date is None and self.end_of_life is None:
            return self.status
        return LifecycleStatus.ACTIVE
