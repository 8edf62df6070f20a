"""Credentials that tell the embedded AWS which role made a request."""

import hashlib
from threading import Lock

from bedrock_customization_local.cloud.credentials import Credentials


class RoleSessions:
    """Gives each role a key of its own, and finds the role again by the key."""

    def __init__(self) -> None:
        self._roles: dict[str, str] = {}
        self._lock = Lock()

    def credentials_of(self, role_arn: str) -> Credentials:
        """Return the credentials of a role: the same ones each time."""
        digest = hashlib.sha256(role_arn.encode()).hexdigest()
        key = f"ASIA{digest[:16].upper()}"
        with self._lock:
            self._roles[key] = role_arn
        return Credentials(key, digest[16:56], f"session-{digest[56:]}")

    def role_of(self, access_key_id: str) -> str | None:
        """Return the role that a key belongs to, None for the keys of people."""
        with self._lock:
            return self._roles.get(access_key_id)
