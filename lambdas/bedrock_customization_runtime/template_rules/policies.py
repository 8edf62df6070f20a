"""Statements of policies: identity, trust and resource policies, wherever a template holds them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.intrinsics import references
from bedrock_customization_runtime.template_rules.values import (
    is_true,
    items,
    mapping,
    text,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bedrock_customization_runtime.template_rules.intrinsics import Json
    from bedrock_customization_runtime.template_rules.resource import Resource


class PolicyKind(StrEnum):
    """Whose policy a statement is of."""

    IDENTITY = "identity"
    BOUNDARY = "boundary"
    """A managed policy that is attached to nobody here: it bounds, or is for others to attach."""
    TRUST = "trust"
    RESOURCE = "resource"


RESOURCE_POLICIES = {
    "AWS::S3::BucketPolicy": ("PolicyDocument", "Bucket"),
    "AWS::SNS::TopicPolicy": ("PolicyDocument", "Topics"),
    "AWS::SQS::QueuePolicy": ("PolicyDocument", "Queues"),
    "AWS::KMS::Key": ("KeyPolicy", None),
    "AWS::SecretsManager::ResourcePolicy": ("ResourcePolicy", "SecretId"),
    "AWS::ECR::Repository": ("RepositoryPolicyText", None),
    "AWS::Events::EventBusPolicy": ("Statement", "EventBusName"),
    "AWS::OpenSearchService::Domain": ("AccessPolicies", None),
    "AWS::DynamoDB::Table": ("ResourcePolicy.PolicyDocument", None),
}
"""By type: where the policy lies, and where what it protects."""
_ATTACHED = {
    "AWS::IAM::Policy": "Roles",
    "AWS::IAM::ManagedPolicy": "Roles",
    "AWS::IAM::RolePolicy": "RoleName",
    "AWS::IAM::UserPolicy": "UserName",
    "AWS::IAM::GroupPolicy": "GroupName",
}
_HOLDERS = {"AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"}
_NEGATIONS = ("stringnot", "arnnot", "notip", "numericnot", "datenot")


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of a statement's condition, in lower case as IAM compares it."""

    operator: str
    key: str
    values: tuple[str, ...]

    @property
    def is_positive(self) -> bool:
        """Whether it demands one of the values, and refuses requests without the key."""
        operator = self.operator.rpartition(":")[2]
        return not operator.startswith((*_NEGATIONS, "null")) and not operator.endswith("ifexists")

    @property
    def is_narrow(self) -> bool:
        """Whether it lets less than everything pass."""
        return self.is_positive and bool(self.values) and "*" not in self.values


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """A statement, and where it stands."""

    resource: Resource
    """The resource that holds it."""
    path: str
    kind: PolicyKind
    is_allow: bool
    actions: tuple[str, ...]
    """In lower case."""
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    principals: tuple[tuple[str, str], ...]
    """Kind and value: `("Service", "bedrock.amazonaws.com")`; `("*", "*")` for anyone."""
    has_not_principal: bool
    conditions: tuple[Condition, ...]
    holders: tuple[str, ...]
    """Logical ids of the roles that have it, or of what it protects."""

    def covers(self, action: str) -> bool:
        """Return whether an action is among its actions."""
        wanted = action.lower()
        return any(matches(pattern, wanted) for pattern in self.actions)

    def condition(self, *keys: str) -> Iterator[Condition]:
        """Yield the conditions on these keys; one that ends in `/` or `:` is all below it."""
        for each in self.conditions:
            if any(
                each.key == key or (key[-1] in "/:" and each.key.startswith(key)) for key in keys
            ):
                yield each

    def services(self) -> Iterator[str]:
        """Yield the services that it names, without the domain: `bedrock`, `events`."""
        for kind, value in self.principals:
            if kind == "Service":
                yield value.partition(".")[0].lower()

    @property
    def is_for_anyone(self) -> bool:
        """Whether its principal is `*`."""
        return any(kind in {"*", "AWS"} and value == "*" for kind, value in self.principals)


class Policies:
    """All statements of a template."""

    def __init__(self, resources: Mapping[str, Resource]) -> None:
        self.all = tuple(_statements(resources))

    def of_kind(self, *kinds: PolicyKind) -> Iterator[Statement]:
        """Yield those of policies of these kinds."""
        for each in self.all:
            if each.kind in kinds:
                yield each

    def identity(self) -> Iterator[Statement]:
        """Yield those that roles, users and groups have."""
        return self.of_kind(PolicyKind.IDENTITY)

    def of_holder(self, resource: Resource, kind: PolicyKind) -> Iterator[Statement]:
        """Yield those of one role, or those that protect one resource."""
        for each in self.of_kind(kind):
            if resource.logical_id in each.holders:
                yield each


def is_narrowed(statement: Statement, *keys: str) -> bool:
    """Return whether a condition on one of these keys narrows a statement."""
    return any(each.is_narrow for each in statement.condition(*keys))


@lru_cache(maxsize=4096)
def matches(pattern: str, value: str) -> bool:
    """Return whether a pattern of IAM's, with `*` and `?`, matches; in linear time of each star."""
    at = star = mark = 0
    has_star = False
    here = 0
    while here < len(value):
        if at < len(pattern) and pattern[at] == "*":
            star, mark, has_star = at, here, True
            at += 1
        elif at < len(pattern) and pattern[at] in {"?", value[here]}:
            at += 1
            here += 1
        elif has_star:
            mark += 1
            at, here = star + 1, mark
        else:
            return False
    return not pattern[at:].strip("*")


def _statements(resources: Mapping[str, Resource]) -> Iterator[Statement]:
    attached = _attached_policies(resources)
    for resource in resources.values():
        own = (resource.logical_id,)
        if resource.type in _ATTACHED:
            found = [
                name
                for key in (_ATTACHED[resource.type], "Users", "Groups")
                for each in texts(resource.get(key))
                for name in references(each)
            ]
            found += attached.get(resource.logical_id, [])
            has_literal = any(
                texts(resource.get(key)) for key in (_ATTACHED[resource.type], "Users", "Groups")
            )
            kind = PolicyKind.IDENTITY if found or has_literal else PolicyKind.BOUNDARY
            document = resource.get("PolicyDocument")
            yield from _of(resource, "PolicyDocument", document, kind, tuple(found))
        elif resource.type in _HOLDERS:
            document = resource.get("AssumeRolePolicyDocument")
            yield from _of(resource, "AssumeRolePolicyDocument", document, PolicyKind.TRUST, own)
            for index, policy in enumerate(items(resource.get("Policies"))):
                document = mapping(policy).get("PolicyDocument")
                path = f"Policies[{index}].PolicyDocument"
                yield from _of(resource, path, document, PolicyKind.IDENTITY, own)
        elif resource.type in RESOURCE_POLICIES:
            where, protects = RESOURCE_POLICIES[resource.type]
            document = resource.get(*where.split("."))
            if where == "Statement":
                document = {"Statement": document}
            held = (
                own
                if protects is None
                else tuple(
                    name for each in texts(resource.get(protects)) for name in references(each)
                )
            )
            yield from _of(resource, where, document, PolicyKind.RESOURCE, held)


def _attached_policies(resources: Mapping[str, Resource]) -> dict[str, list[str]]:
    """Return who has a managed policy, by the policy's logical id."""
    found: dict[str, list[str]] = {}
    for holder in resources.values():
        if holder.type not in _HOLDERS:
            continue
        for each in texts(holder.get("ManagedPolicyArns")):
            for name in references(each):
                found.setdefault(name, []).append(holder.logical_id)
    return found


def _of(
    resource: Resource, where: str, document: Json, kind: PolicyKind, holders: tuple[str, ...]
) -> Iterator[Statement]:
    for index, found in enumerate(items(mapping(document).get("Statement"))):
        if not isinstance(found, dict):
            continue
        yield Statement(
            resource=resource,
            path=f"Properties.{where}.Statement[{index}]",
            kind=kind,
            is_allow=text(found.get("Effect")) == "Allow",
            actions=tuple(each.lower() for each in texts(found.get("Action"))),
            not_actions=tuple(each.lower() for each in texts(found.get("NotAction"))),
            resources=tuple(texts(found.get("Resource"))),
            not_resources=tuple(texts(found.get("NotResource"))),
            principals=tuple(_principals(found.get("Principal"))),
            has_not_principal=bool(found.get("NotPrincipal")),
            conditions=tuple(_conditions(found.get("Condition"))),
            holders=holders,
        )


def _principals(value: Json) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield ("*" if value == "*" else "AWS"), value
    for kind, each in mapping(value).items():
        for name in texts(each):
            yield kind, name


def _conditions(value: Json) -> Iterator[Condition]:
    for operator, keys in mapping(value).items():
        for key, values in mapping(keys).items():
            told = tuple(
                each if isinstance(each, str) else str(is_true(each)).lower()
                for each in items(values)
                if isinstance(each, str | bool)
            )
            yield Condition(operator.lower(), key.lower(), told)
