"""How GitHub's workflow commands escape what they hold."""

from __future__ import annotations


def workflow_data(text: str) -> str:
    """Return a message as a workflow command takes it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def workflow_property(text: str) -> str:
    """Return the value of a property as a workflow command takes it."""
    return workflow_data(text).replace(":", "%3A").replace(",", "%2C")
