"""A request as policies see it: who, what, on which resource, under which circumstances."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

ContextValue = str | Sequence[str]


class Context(Mapping[str, tuple[str, ...]]):
    """Condition keys and their values; names of keys do not mind case.

    Args:
        values: One value or several per key.
    """

    def __init__(self, values: Mapping[str, ContextValue]) -> None:
        self._values = {
            key.lower(): (value,) if isinstance(value, str) else tuple(value)
            for key, value in values.items()
        }

    def __getitem__(self, key: str) -> tuple[str, ...]:
        """Return the values of a key."""
        return self._values[key.lower()]

    def __iter__(self) -> Iterator[str]:
        """Yield the keys, in lower case."""
        return iter(self._values)

    def __len__(self) -> int:
        """Return how many keys there are."""
        return len(self._values)

    def __contains__(self, key: object) -> bool:
        """Tell whether the request has a key."""
        return isinstance(key, str) and key.lower() in self._values

    def single(self, key: str) -> str | None:
        """Return the value of a key that has exactly one, for policy variables."""
        values = self.get(key, ())
        return values[0] if len(values) == 1 else None


@dataclass(frozen=True, kw_only=True, slots=True)
class RolePrincipal:
    """A session of a role.

    Args:
        role_arn: The role.
        session_arn: The session, as `sts` names it.
        account: The account of both.
    """

    role_arn: str
    session_arn: str
    account: str


@dataclass(frozen=True, slots=True)
class ServicePrincipal:
    """A service that acts on its own behalf, such as `bedrock.amazonaws.com`."""

    name: str


Principal = RolePrincipal | ServicePrincipal


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One action on one resource.

    Args:
        principal: Who asks.
        action: The IAM action, like `s3:GetObject`.
        resource: The resource's ARN, or `*`.
        context: Condition keys.
    """

    principal: Principal
    action: str
    resource: str
    context: Context = field(default_factory=lambda: Context({}))
