"""What roles did with their rights: least privilege held against real runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

from bedrock_customization_local.cloud.iam.evaluation import Decision
from bedrock_customization_local.cloud.iam.policy import Effect, Policy
from bedrock_customization_local.cloud.iam.request import Request


@dataclass(frozen=True, order=True, slots=True)
class Allowance:
    """One action on one resource that a statement of a role's policies allows.

    Args:
        role_arn: The role.
        action: As the statement writes it.
        resource: Likewise, with its wildcards.
    """

    role_arn: str
    action: str
    resource: str


@dataclass(frozen=True, order=True, slots=True)
class Denial:
    """A request of a role that was turned down.

    Args:
        role_arn: The role.
        action: The IAM action.
        resource: The resource's ARN.
        reason: As AWS ends its messages.
    """

    role_arn: str
    action: str
    resource: str
    reason: str


class AccessRecord:
    """Which allowances were used and which requests were turned down, from the start on.

    Give one to `LocalCloud(access_record=...)`, and hold `used` against
    `Authorizer.allowances()`: the rest was granted in vain.
    """

    def __init__(self) -> None:
        self._used: set[Allowance] = set()
        self._denied: set[Denial] = set()
        self._lock = Lock()

    @property
    def used(self) -> frozenset[Allowance]:
        """Every allowance that spoke for some request; of two that did, both."""
        with self._lock:
            return frozenset(self._used)

    @property
    def denied(self) -> frozenset[Denial]:
        """Every request that was turned down."""
        with self._lock:
            return frozenset(self._denied)

    def note(
        self, role_arn: str, request: Request, policies: Sequence[Policy], decision: Decision
    ) -> None:
        """Keep what was decided on a role's request.

        Args:
            role_arn: Who asked.
            request: What for.
            policies: The role's, at that moment.
            decision: What was decided.
        """
        if not decision.allowed:
            denial = Denial(role_arn, request.action, request.resource, decision.reason)
            with self._lock:
                self._denied.add(denial)
            return
        used = [
            Allowance(role_arn, action, resource)
            for policy in policies
            for statement in policy.speaking_of(request, Effect.ALLOW)
            for action, resource in statement.used_by(request)
        ]
        with self._lock:
            self._used.update(used)


def allowances_of(role_arn: str, policies: Sequence[Policy]) -> Iterator[Allowance]:
    """Yield what a role's policies allow, action by action and resource by resource.

    A statement with `NotAction` or `NotResource` allows what nobody can list, and is left out.
    """
    for policy in policies:
        for statement in policy.statements:
            if statement.effect is not Effect.ALLOW:
                continue
            if statement.not_actions or statement.not_resources:
                continue
            for action in statement.actions:
                for resource in statement.resources:
                    yield Allowance(role_arn, action, resource)
