"""Policy documents, parsed, and which of their statements speak of a request.

Written here because no maintained Python library evaluates policies: principalmapper rested in
2022, policyuniverse and parliament only expand or lint, and moto's evaluator ignores Condition.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from functools import lru_cache

from bedrock_customization_local.cloud.iam.conditions import Conditions, hold
from bedrock_customization_local.cloud.iam.patterns import Lookup, arn_matches, glob_matches
from bedrock_customization_local.cloud.iam.request import Principal, Request, ServicePrincipal

_VARIABLES_SINCE = "2012-10-17"


class Effect(StrEnum):
    """What a statement does."""

    ALLOW = "Allow"
    DENY = "Deny"


class PrincipalMatch(Enum):
    """How a statement of a resource's policy speaks of a principal."""

    SESSION = auto()
    ROLE = auto()
    SERVICE = auto()
    ANYONE = auto()
    ACCOUNT = auto()
    """Only hands the decision over to the account's identity-based policies."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One statement of a policy; of each element and its Not form, one is given.

    Args:
        sid: Its name, if it has one.
        effect: Allow or Deny.
        actions: Patterns of actions.
        not_actions: Whether the statement is about all other actions.
        resources: Patterns of resources; empty in trust policies.
        not_resources: Whether it is about all other resources.
        principals: Kinds (`AWS`, `Service`, ...) and names; None in identity-based policies.
        not_principals: Whether it is about everybody else.
        conditions: Operators, keys and values.
        variables: Whether `${...}` stands for a value.
    """

    sid: str
    effect: Effect
    actions: tuple[str, ...]
    not_actions: bool
    resources: tuple[str, ...]
    not_resources: bool
    principals: Mapping[str, tuple[str, ...]] | None = field(hash=False)
    not_principals: bool
    conditions: Conditions = field(hash=False)
    variables: bool

    def applies(self, request: Request) -> bool:
        """Tell whether the statement speaks of a request, whoever makes it."""
        lookup: Lookup = request.context.single if self.variables else _literally
        acts = any(
            glob_matches(pattern, request.action, lookup, ignore_case=True)
            for pattern in self.actions
        )
        if acts == self.not_actions:
            return False
        concerns = not self.resources or self.not_resources != any(
            arn_matches(pattern, request.resource, lookup) for pattern in self.resources
        )
        return concerns and hold(self.conditions, request.context)

    def used_by(self, request: Request) -> Iterator[tuple[str, str]]:
        """Yield the pairs of an action and a resource that made the statement apply."""
        lookup: Lookup = request.context.single if self.variables else _literally
        for action in self.actions:
            if glob_matches(action, request.action, lookup, ignore_case=True) != self.not_actions:
                for resource in self.resources:
                    if arn_matches(resource, request.resource, lookup) != self.not_resources:
                        yield action, resource

    def names(self, principal: Principal) -> PrincipalMatch | None:
        """Return how the statement speaks of a principal, None if it does not."""
        if self.principals is None:
            return None
        match = _match(self.principals, principal)
        if self.not_principals:
            return PrincipalMatch.ANYONE if match is None else None
        return match


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed policy document."""

    statements: tuple[Statement, ...]

    def speaking_of(self, request: Request, effect: Effect) -> Iterator[Statement]:
        """Yield the statements of one effect that apply, whoever makes the request."""
        for statement in self.statements:
            if statement.effect is effect and statement.applies(request):
                yield statement


def parse(document: str | Mapping[str, object]) -> Policy:
    """Return a policy document, as JSON or as what JSON stands for.

    Raises:
        ValueError: The document is no policy.
    """
    return _parse(document if isinstance(document, str) else json.dumps(document, default=str))


@lru_cache(maxsize=1024)
def _parse(text: str) -> Policy:
    document = json.loads(text)
    statements = document.get("Statement", [])
    if isinstance(statements, Mapping):
        statements = [statements]
    variables = document.get("Version") == _VARIABLES_SINCE
    return Policy(tuple(_statement(one, variables=variables) for one in statements))


def _statement(raw: Mapping[str, object], *, variables: bool) -> Statement:
    if not raw.keys() & {"Action", "NotAction"}:
        raise ValueError(f"statement {raw.get('Sid', '')!r} has no Action: name one")
    principals = raw.get("Principal", raw.get("NotPrincipal"))
    return Statement(
        sid=str(raw.get("Sid", "")),
        effect=Effect(str(raw["Effect"])),
        actions=_texts(raw.get("Action", raw.get("NotAction"))),
        not_actions="NotAction" in raw,
        resources=_texts(raw.get("Resource", raw.get("NotResource"))),
        not_resources="NotResource" in raw,
        principals=None if principals is None else _principals(principals),
        not_principals="NotPrincipal" in raw,
        conditions=_conditions(raw.get("Condition")),
        variables=variables,
    )


def _conditions(raw: object) -> Conditions:
    if not isinstance(raw, Mapping):
        return {}
    return {
        name: {key: _texts(values) for key, values in keys.items()} for name, keys in raw.items()
    }


def _principals(raw: object) -> Mapping[str, tuple[str, ...]]:
    if isinstance(raw, Mapping):
        return {kind: _texts(names) for kind, names in raw.items()}
    return {"AWS": _texts(raw)}


def _texts(raw: object) -> tuple[str, ...]:
    """Return a value or a list of values as texts; booleans as IAM writes them."""
    if raw is None:
        return ()
    values: Sequence[object] = raw if isinstance(raw, list) else [raw]
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in values)


def _match(
    principals: Mapping[str, tuple[str, ...]], principal: Principal
) -> PrincipalMatch | None:
    names = frozenset(principals.get("AWS", ()))
    if isinstance(principal, ServicePrincipal):
        services = frozenset(principals.get("Service", ()))
        ways = [
            (PrincipalMatch.SERVICE, principal.name in services),
            (PrincipalMatch.ANYONE, "*" in names),
        ]
    else:
        partition = principal.role_arn.split(":")[1]
        root = {principal.account, f"arn:{partition}:iam::{principal.account}:root"}
        ways = [
            (PrincipalMatch.SESSION, principal.session_arn in names),
            (PrincipalMatch.ROLE, principal.role_arn in names),
            (PrincipalMatch.ANYONE, "*" in names),
            (PrincipalMatch.ACCOUNT, bool(root & names)),
        ]
    return next((way for way, given in ways if given), None)


def _literally(key: str) -> str:
    """Stand for variables in policies from before there were any."""
    return f"${{{key}}}"
