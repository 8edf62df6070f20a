"""Who may do what in a phase, as its template says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from constructs import Construct
    from showcase import Shown

    from bedrock_customization._phase import Phase

Granted = tuple[str, str, str]
"""A role, what it may do, and on what."""

_PLACES = {
    "Storage/Data": "data bucket",
    "Storage/Blind": "blind bucket",
    "Storage/Artifacts": "artifacts bucket",
    "Storage/Key": "key of data and artifacts",
    "Storage/BlindKey": "key of the blind bucket",
    "Notifications": "topic",
    "TopicKey": "key of the topic",
}
_BY = {
    "lambda.amazonaws.com": "a function",
    "bedrock.amazonaws.com": "Bedrock",
}
# Every function has them; the page says so once.
_LOGGING = {"logs:CreateLogStream", "logs:PutLogEvents"}
_TRACING = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}


def of_phase(shown: Shown, phase: Phase) -> list[Granted]:
    """Return what the state machine may do for a phase, and what the phase's own roles may.

    Args:
        shown: The pipeline.
        phase: One of its phases.
    """
    machine = [
        ("the state machine", *said)
        for right in phase.rights
        for said in _said(shown, right.actions, right.resources, right.conditions)
    ]
    return [*machine, *of_roles(shown, phase)]


def of_roles(shown: Shown, scope: Construct) -> list[Granted]:
    """Return what the roles below a construct may do."""
    return [
        (_role(path, role), *said)
        for path, role in shown.resources(scope, "AWS::IAM::Role")
        for said in _statements(shown, role)
    ]


def rows(rights: Iterable[Granted]) -> list[list[str]]:
    """Return the rows of a table: each role once, one row for what it may do in the same way."""
    places: dict[str, dict[str, dict[str, None]]] = {}
    for role, actions, resource in rights:
        places.setdefault(role, {}).setdefault(actions, {})[resource] = None
    return [
        [role if number == 0 else "", actions, "<br>".join(resources)]
        for role, found in places.items()
        for number, (actions, resources) in enumerate(found.items())
    ]


def function_rows(shown: Shown, scope: Construct) -> list[list[str]]:
    """Return the rows of a table of functions."""
    return [
        [
            f"`{path.removesuffix('/Function')}`",
            re.sub(r" \(libraries .*\)", "", properties["Description"]),
            f"{properties['MemorySize']:,} MB",
            f"{properties['Timeout'] // 60} min",
        ]
        for path, properties in shown.resources(scope, "AWS::Lambda::Function")
    ]


def _role(path: str, role: dict[str, Any]) -> str:
    (trust, *_) = role["AssumeRolePolicyDocument"]["Statement"]
    name = path.removesuffix("/Role")
    return f"`{name}`, assumed by {_BY[trust['Principal']['Service']]}"


def _statements(shown: Shown, role: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for policy in role.get("Policies", []):
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = _listed(statement["Action"])
            if set(actions) in (_LOGGING, _TRACING):
                continue
            resources, conditions = _listed(statement["Resource"]), statement.get("Condition")
            verb = "**may not** " if statement["Effect"] == "Deny" else ""
            for said, on in _said(shown, actions, resources, conditions):
                yield f"{verb}{said}", on


def _said(
    shown: Shown, actions: Iterable[str], resources: Iterable[object], conditions: object
) -> Iterator[tuple[str, str]]:
    limits = " and ".join(_conditions(shown, conditions))
    said = "<br>".join(f"`{action}`" for action in actions)
    for each in resources:
        on = _resource(shown.text(shown.resolved(each)))
        yield said, f"{on}, if {limits}" if limits else on


def _conditions(shown: Shown, conditions: object) -> Iterator[str]:
    resolved = shown.resolved(conditions) or {}
    for tests in resolved.values():
        for key, value in tests.items():
            wanted = " or ".join(f"`{shown.text(each)}`" for each in _listed(value))
            yield f"`{key}` is {wanted}"


def _resource(arn: str) -> str:
    """Return what an ARN names: a place by its name, everything else by service and kind."""
    if found := re.fullmatch(r"\$\{([^}]+)\}(.*)", arn):
        path, rest = found[1], found[2].removeprefix("/")
        if path.endswith("/Function"):
            return f"function `{path.removesuffix('/Function')}`"
        place = _PLACES.get(path, f"`{path}`")
        return f"{place}, `{rest}`" if rest else place
    _, _, named = arn.partition(":")
    if not named:
        return f"`{arn}`"
    _, service, _, _, kind = named.split(":", 4)
    return f"`{kind}` of {service}"


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - of a policy
    return value if isinstance(value, list) else [value]
