"""Times as manifests hold them."""

from datetime import UTC, datetime


def iso(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def now() -> str:
    """Return the time of day as ISO 8601 in UTC, to the second."""
    return iso(datetime.now(UTC))
