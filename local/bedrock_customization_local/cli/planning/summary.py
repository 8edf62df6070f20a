"""What a template makes: kinds of resources, roles, bills, and how it differs. Pure."""

from __future__ import annotations

import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from bedrock_customization_local.cli.deployed.settings import PipelineSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PRICES = Path(__file__).with_name("idle_prices.toml")
_METADATA = "AWS::CDK::Metadata"
_MACHINE = "AWS::StepFunctions::StateMachine"
_GATEWAY = "Gateway"


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """Resources of one type."""

    type: str
    """As CloudFormation calls it."""
    count: int


class IdleBill(msgspec.Struct, frozen=True, kw_only=True):
    """What resources of one type bill while nothing runs."""

    type: str
    count: float
    usd_per_month: float
    """Of all of them."""
    note: str
    source: str


class RoleSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A role: who assumes it, and how much it may do."""

    logical_id: str
    assumed_by: list[str]
    actions: int
    """How many different ones its policies allow."""
    everywhere: list[str]
    """Actions that it may do to all resources."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A resource that a deployment makes, takes away or changes."""

    change: Literal["add", "remove", "change"]
    type: str
    logical_id: str
    properties: list[str] = []
    """Those that change, by name."""


class StackSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a stack is."""

    stack: str
    resources: int
    kinds: list[Kind]
    idle: list[IdleBill]
    idle_usd_per_month: float
    roles: list[RoleSummary]
    is_deployed: bool | None = None
    """None where nobody looked."""
    changes: list[Change] = []
    """Of a deployment, where it is deployed."""


def summarize(name: str, template: Mapping[str, Any]) -> StackSummary:
    """Return what a template makes.

    Args:
        name: Of the stack.
        template: Of CloudFormation.
    """
    resources = _resources(template)
    counts = Counter(str(one["Type"]) for one in resources.values())
    idle = list(_idle_bills(resources))
    return StackSummary(
        stack=name,
        resources=len(resources),
        kinds=[Kind(type=name, count=count) for name, count in sorted(counts.items())],
        idle=idle,
        idle_usd_per_month=sum(one.usd_per_month for one in idle),
        roles=list(_roles(resources)),
    )


def differences(deployed: Mapping[str, Any], planned: Mapping[str, Any]) -> list[Change]:
    """Return what a deployment of one template over another changes, by kind and id."""
    before, after = _resources(deployed), _resources(planned)
    changes = [
        *(_change("remove", name, before[name]) for name in before.keys() - after.keys()),
        *(_change("add", name, after[name]) for name in after.keys() - before.keys()),
    ]
    for name in before.keys() & after.keys():
        changed = _changed_properties(before[name], after[name])
        if changed:
            change = _change("change", name, after[name])
            changes.append(msgspec.structs.replace(change, properties=changed))
    return sorted(changes, key=lambda one: (one.change, one.type, one.logical_id))


def pipelines_of(template: Mapping[str, Any]) -> list[PipelineSettings]:
    """Return the settings of the pipelines in a template."""
    texts = [
        _definition(one.get("Properties", {}).get("DefinitionString"))
        for one in _resources(template).values()
        if one["Type"] == _MACHINE
    ]
    found = [PipelineSettings.of_definition(text) for text in texts if text]
    return [one for one in found if one]


def prices_as_of() -> str:
    """Return the day of the prices."""
    return str(_price_table()["as_of"])


def _resources(template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: one for name, one in template.get("Resources", {}).items() if one["Type"] != _METADATA
    }


def _idle_bills(resources: Mapping[str, dict[str, Any]]) -> Iterator[IdleBill]:
    for price in _price_table()["prices"]:
        of_type = [
            one.get("Properties", {}) for one in resources.values() if one["Type"] == price["type"]
        ]
        billed = [one for one in of_type if one.get("VpcEndpointType", "") != _GATEWAY]
        count = sum(_units(one, price.get("per")) for one in billed)
        if count:
            yield IdleBill(
                type=price["type"],
                count=count,
                usd_per_month=count * price["usd_per_month"],
                note=price.get("note", ""),
                source=price["source"],
            )


def _units(properties: Mapping[str, Any], per: str | None) -> int:
    held = properties.get(per) if per else None
    return len(held) if isinstance(held, list) else 1


def _roles(resources: Mapping[str, dict[str, Any]]) -> Iterator[RoleSummary]:
    for name, one in resources.items():
        if one["Type"] != "AWS::IAM::Role":
            continue
        properties = one.get("Properties", {})
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        documents += [
            other["Properties"]["PolicyDocument"]
            for other in resources.values()
            if other["Type"] in {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"}
            and {"Ref": name} in other["Properties"].get("Roles", [])
        ]
        allowed = [
            statement
            for document in documents
            for statement in _listed(document.get("Statement"))
            if statement.get("Effect") == "Allow"
        ]
        yield RoleSummary(
            logical_id=name,
            assumed_by=sorted(_principals(properties.get("AssumeRolePolicyDocument", {}))),
            actions=len({action for each in allowed for action in _listed(each.get("Action"))}),
            everywhere=sorted(
                {
                    str(action)
                    for each in allowed
                    if "*" in _listed(each.get("Resource"))
                    for action in _listed(each.get("Action"))
                }
            ),
        )


def _principals(document: Mapping[str, Any]) -> set[str]:
    return {
        name if isinstance(name, str) else kind
        for statement in _listed(document.get("Statement"))
        for kind, names in _principal(statement).items()
        for name in _listed(names)
    }


def _principal(statement: Mapping[str, Any]) -> dict[str, Any]:
    found = statement.get("Principal", {})
    return found if isinstance(found, dict) else {"AWS": found}


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON value
    return value if isinstance(value, list) else [] if value is None else [value]


def _change(
    change: Literal["add", "remove", "change"], id: str, resource: Mapping[str, Any]
) -> Change:
    return Change(change=change, type=resource["Type"], logical_id=id)


def _changed_properties(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    old, new = before.get("Properties", {}), after.get("Properties", {})
    # Metadata are for the CDK's own tools, and change nothing.
    attributes = {"Type", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy", "Condition"}
    return sorted(
        [
            *(name for name in old.keys() | new.keys() if old.get(name) != new.get(name)),
            *(name for name in attributes if before.get(name) != after.get(name)),
        ]
    )


def _definition(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return a definition with a word in the place of what only a deployment knows."""
    match value:
        case str():
            return value
        case {"Fn::Join": ["", list() as parts]}:
            return "".join(part if isinstance(part, str) else "token" for part in parts)
    return None


@cache
def _price_table() -> dict[str, Any]:
    return tomllib.loads(_PRICES.read_text(encoding="utf-8"))
