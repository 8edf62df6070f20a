"""Rights to do anything with a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.policies import PolicyKind
from bedrock_customization_runtime.template_rules.rule import Found, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template

_VERBS = frozenset(
    [
        "add",
        "allow",
        "attach",
        "cancel",
        "create",
        "delete",
        "detach",
        "disable",
        "enable",
        "get",
        "invoke",
        "modify",
        "pass",
        "publish",
        "put",
        "register",
        "remove",
        "set",
        "start",
        "stop",
        "tag",
        "untag",
        "update",
        "write",
    ]
)
"""A star right after one of them opens far more than one kind of resource."""


@rule(
    id="wildcard-action",
    title="a right to every action of a service, or to every action of one verb",
    why="it grows by itself with each action that AWS adds",
    fix="name the actions that are called",
    anchor="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
)
def wildcard_action(template: Template) -> Iterator[Found]:
    """Find such actions that are allowed; an account's own root in a resource policy may."""
    for each in template.policies.of_kind(PolicyKind.IDENTITY, PolicyKind.RESOURCE):
        if not each.is_allow or (
            each.kind is PolicyKind.RESOURCE and _is_for_roots(each.principals)
        ):
            continue
        for action in each.actions:
            if _is_wide(action):
                yield Found(each.resource, each.path, action)


def _is_wide(action: str) -> bool:
    service, _, name = action.partition(":")
    if "*" not in action:
        return False
    if "*" in service or not name.strip("*?"):
        return True
    # Who administers a key needs the verbs: the key's policy allows nothing else.
    return service != "kms" and name.endswith("*") and name.rstrip("*") in _VERBS


def _is_for_roots(principals: tuple[tuple[str, str], ...]) -> bool:
    """Return whether a statement only lets accounts decide by their own policies."""
    return bool(principals) and all(
        kind == "AWS"
        and (value.endswith(":root") or value.isdecimal() or value.startswith("${AWS::AccountId"))
        for kind, value in principals
    )
