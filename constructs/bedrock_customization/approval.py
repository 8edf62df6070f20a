"""Whether people decide what goes live, and how long they have."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration

_THREE_DAYS = Duration.days(3)
_HOUR_SECONDS = 3600
_THIRTY_DAYS_SECONDS = 30 * 24 * _HOUR_SECONDS


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """Ask people before a candidate that passed the gate goes live.

    They are told through the pipeline's topic, and approve or reject with a reason, once. Until
    then the candidate's deployment stays; after a rejection, or where nobody decides in time, it is
    taken away.

    Args:
        timeout: How long they have; from an hour to 30 days. Three days without it.
        link: Whether the notification carries a link to a page on which whoever has it decides,
            once. It is a public address with a secret of 256 bits, for which nobody needs an AWS
            account, so nobody is known by name either. Without it, people decide by their own
            credentials alone (`bedrock-customization approve`), and who did is recorded.
        other_than_submitter: Whether who started a run may not approve it. CloudTrail says who that
            was, so it takes a few minutes and forgets after 90 days; while it does not say, nobody
            can approve. It needs `link=False`: whoever has a link is nobody by name.

    Raises:
        ValueError: `timeout` is out of range, or a link is asked for whose user must be known.
    """

    timeout: Duration = _THREE_DAYS
    link: bool = True
    other_than_submitter: bool = False

    def __post_init__(self) -> None:
        """Check the time, and that who decides can be known where they must be."""
        if self.other_than_submitter and self.link:
            raise ValueError(
                "other_than_submitter needs link=False: whoever has a link is nobody by name"
            )
        if self.timeout.is_unresolved():
            return
        seconds = self.timeout.to_seconds()
        if not _HOUR_SECONDS <= seconds <= _THIRTY_DAYS_SECONDS:
            raise ValueError(
                f"timeout must be from an hour to 30 days, got {self.timeout.to_human_string()}: "
                "people need time to look, and the candidate's deployment waits with them"
            )
