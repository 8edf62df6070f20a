"""What all families of resources share: one account in one Region."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bedrock_customization_local.cloud.bedrock.idempotency import Tokens
from bedrock_customization_local.cloud.bedrock.tags import Tags

if TYPE_CHECKING:
    from datetime import datetime

    from bedrock_customization_local.cloud.bedrock.arns import Place
    from bedrock_customization_local.cloud.bedrock.background import Background
    from bedrock_customization_local.cloud.bedrock.faults import Faults
    from bedrock_customization_local.cloud.bedrock.meter import Meter
    from bedrock_customization_local.cloud.bedrock.quotas import Quotas
    from bedrock_customization_local.cloud.clock import Clock


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The account.

    Args:
        place: Region and account.
        clock: Scales waits.
        quotas: How much it may have.
        meter: Counts charges.
        faults: What goes wrong.
        background: Work beside requests.
        lock: Held while resources are read or changed.
        tags: Of every resource.
        tokens: Client request tokens.
    """

    place: Place
    clock: Clock
    quotas: Quotas
    meter: Meter
    faults: Faults
    background: Background
    lock: threading.RLock = field(default_factory=threading.RLock)
    tags: Tags = field(default_factory=Tags)
    tokens: Tokens = field(default_factory=Tokens)

    def now(self) -> datetime:
        """Return the time of day, in UTC."""
        return self.clock.now()
