"""IAM's evaluation logic: many policies, one decision."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from bedrock_customization_local.cloud.iam.policy import (
    Effect,
    Policy,
    PrincipalMatch,
    Statement,
)
from bedrock_customization_local.cloud.iam.request import Request


class PolicyKind(StrEnum):
    """The kinds of policies, as AWS's messages call them."""

    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    RESOURCE = "resource-based policy"


class ResourceTrust(Enum):
    """What a resource's policy means for principals of its own account."""

    UNION = auto()
    """It may allow, and so may the identity's policies: buckets, topics, queues."""
    ROOT = auto()
    """It alone may allow, or hand the decision to the account: KMS keys."""
    ALONE = auto()
    """It alone decides: a role's trust policy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policies:
    """Everything that has a say on a request.

    Args:
        identity: The role's policies.
        boundary: Its permissions boundary, None without one.
        resource: The resource's policy, None without one.
        trust: What `resource` means.
    """

    identity: Sequence[Policy] = ()
    boundary: Policy | None = None
    resource: Policy | None = None
    trust: ResourceTrust = ResourceTrust.UNION


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request may happen, and which statement said so.

    Args:
        allowed: The decision.
        reason: As AWS ends its messages, like `with an explicit deny in a permissions boundary`.
        statement: The statement that decided; None for an implicit denial.
    """

    allowed: bool
    reason: str
    statement: Statement | None = None


def evaluate(request: Request, policies: Policies) -> Decision:
    """Return the decision of all policies on one request."""
    denial = next(_denials(request, policies), None)
    if denial:
        article = "an" if denial[0] is PolicyKind.IDENTITY else "a"
        reason = f"with an explicit deny in {article} {denial[0]}"
        return Decision(allowed=False, reason=reason, statement=denial[1])
    statement, match = _resource_allowance(request, policies)
    if policies.trust is not ResourceTrust.UNION and statement is None:
        return _silent(PolicyKind.RESOURCE, request)
    kind = PolicyKind.RESOURCE
    if match in {None, PrincipalMatch.ACCOUNT}:
        kind, statement = PolicyKind.IDENTITY, _identity_allowance(request, policies)
        if statement is None:
            return _silent(kind, request)
    # Of what a resource gives to one session by name, a boundary takes nothing away.
    bounded = policies.boundary is not None and match is not PrincipalMatch.SESSION
    if bounded and not _bounded_allowance(request, policies):
        return _silent(PolicyKind.BOUNDARY, request)
    return Decision(allowed=True, reason=f"allowed by a {kind}", statement=statement)


def _denials(request: Request, policies: Policies) -> Iterator[tuple[PolicyKind, Statement]]:
    for policy in policies.identity:
        for statement in policy.speaking_of(request, Effect.DENY):
            yield PolicyKind.IDENTITY, statement
    if policies.resource:
        for statement in policies.resource.speaking_of(request, Effect.DENY):
            if statement.names(request.principal):
                yield PolicyKind.RESOURCE, statement
    if policies.boundary:
        for statement in policies.boundary.speaking_of(request, Effect.DENY):
            yield PolicyKind.BOUNDARY, statement


def _identity_allowance(request: Request, policies: Policies) -> Statement | None:
    for policy in policies.identity:
        for statement in policy.speaking_of(request, Effect.ALLOW):
            return statement
    return None


def _bounded_allowance(request: Request, policies: Policies) -> Statement | None:
    if policies.boundary is None:
        return None
    return next(policies.boundary.speaking_of(request, Effect.ALLOW), None)


def _resource_allowance(
    request: Request, policies: Policies
) -> tuple[Statement | None, PrincipalMatch | None]:
    """Return the statement that allows most directly, with how it names the principal."""
    if policies.resource is None:
        return None, None
    found = [
        (statement, match)
        for statement in policies.resource.speaking_of(request, Effect.ALLOW)
        if (match := statement.names(request.principal))
    ]
    return min(found, key=lambda one: one[1].value, default=(None, None))


def _silent(kind: PolicyKind, request: Request) -> Decision:
    return Decision(allowed=False, reason=f"because no {kind} allows the {request.action} action")
