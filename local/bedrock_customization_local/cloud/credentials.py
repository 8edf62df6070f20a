"""What requests to the embedded AWS are signed with: the key says which role makes them."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a sandbox signs its requests with."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


DUMMY_CREDENTIALS = Credentials("test", "test")
"""Those of nobody in particular."""
