"""From an API call to the permissions it needs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import parse_qsl

from moto.core.utils import get_service_model

from bedrock_customization_local.cloud.iam.context_keys import CONDITION_KEYS, TAGS
from bedrock_customization_local.cloud.iam.operations import MODEL_KEYS, PASSED_ROLES, RULES, Rule
from bedrock_customization_local.cloud.iam.request import ContextValue
from bedrock_customization_local.cloud.iam.resources import Parameters, Scope, anything, value

# Where IAM's prefix is not the name that requests are signed with.
_PREFIXES = {"monitoring": "cloudwatch"}
_MODEL_KEY_ACTIONS = ("DescribeKey", "CreateGrant", "GenerateDataKey", "Decrypt")


@dataclass(frozen=True, slots=True)
class Permission:
    """One action on one resource that a call needs.

    Args:
        action: The IAM action.
        resource: The resource's ARN; of a KMS key, whatever the caller named it by.
        context: Condition keys that the call sets.
    """

    action: str
    resource: str
    context: Mapping[str, ContextValue] = field(default_factory=dict)


def permissions_for(
    service: str, operation: str, parameters: Parameters, scope: Scope
) -> tuple[Permission, ...]:
    """Return every permission that a call needs.

    Args:
        service: The service, by boto3's name.
        operation: The operation, by botocore's name.
        parameters: The call's parameters.
        scope: Where the call happens.
    """
    call = f"{prefix_of(service)}:{operation}"
    context = {**_set_keys(call, parameters), **_tag_keys(call, parameters)}
    rules = RULES.get(call, (Rule(call, anything),))
    return (
        *_of_rules(rules, parameters, scope, context),
        *_of_passed_roles(call, parameters),
        *_of_model_key(call, parameters, scope),
    )


@cache
def prefix_of(service: str) -> str:
    """Return IAM's prefix of a service that boto3 knows by another name."""
    signed: str = get_service_model(service).signing_name
    return _PREFIXES.get(signed, signed)


def _of_rules(
    rules: tuple[Rule, ...],
    parameters: Parameters,
    scope: Scope,
    context: Mapping[str, ContextValue],
) -> Iterator[Permission]:
    for rule in rules:
        wanted = not rule.when.startswith("!")
        if rule.when and bool(value(parameters, rule.when.lstrip("!"))) != wanted:
            continue
        for resource in rule.resource(parameters, scope):
            yield Permission(rule.action, resource, context)


def _of_passed_roles(call: str, parameters: Parameters) -> Iterator[Permission]:
    for passing in PASSED_ROLES.get(call, ()):
        role = value(parameters, passing.path)
        if role:
            yield Permission("iam:PassRole", str(role), {"iam:PassedToService": passing.service})


def _of_model_key(call: str, parameters: Parameters, scope: Scope) -> Iterator[Permission]:
    key = parameters.get(MODEL_KEYS.get(call, ""))
    if not key:
        return
    context = {
        "kms:ViaService": f"bedrock.{scope.region}.amazonaws.com",
        "kms:GrantIsForAWSResource": "true",
    }
    for action in _MODEL_KEY_ACTIONS:
        yield Permission(f"kms:{action}", str(key), context)


def _set_keys(call: str, parameters: Parameters) -> dict[str, ContextValue]:
    keys: dict[str, ContextValue] = {}
    for key, path in CONDITION_KEYS.get(call, {}).items():
        found = _values(parameters, path)
        if found:
            keys[key] = found[0] if len(found) == 1 else found
    if call.startswith("kms:"):
        keys |= _encryption_context(parameters)
    return keys


def _values(parameters: Parameters, path: str) -> list[str]:
    """Return the values at a path; a list on the way means one of each member."""
    found: list[object] = [parameters]
    for name in path.split("."):
        members = [one.get(name) for one in found if isinstance(one, Mapping)]
        found = [one for member in members for one in _listed(member)]
    return [str(one) for one in found]


def _listed(member: object) -> list[object]:
    if member is None:
        return []
    return list(member) if isinstance(member, list | tuple) else [member]


def _encryption_context(parameters: Parameters) -> dict[str, ContextValue]:
    context = parameters.get("EncryptionContext")
    if not isinstance(context, Mapping) or not context:
        return {}
    pairs = {f"kms:EncryptionContext:{key}": str(one) for key, one in context.items()}
    return {**pairs, "kms:EncryptionContextKeys": [str(key) for key in context]}


def _tag_keys(call: str, parameters: Parameters) -> dict[str, ContextValue]:
    tags: dict[str, str] = {}
    for name in (*TAGS.get(call, ()), "tags", "Tags"):
        tags |= _tags(parameters.get(name))
    keys: dict[str, ContextValue] = {f"aws:RequestTag/{key}": one for key, one in tags.items()}
    if tags:
        keys["aws:TagKeys"] = sorted(tags)
    tagging = parameters.get("Tagging")
    if call.startswith("s3:") and isinstance(tagging, str):
        keys |= {f"s3:RequestObjectTag/{key}": one for key, one in parse_qsl(tagging)}
    return keys


def _tags(raw: object) -> dict[str, str]:
    if isinstance(raw, Mapping):
        return {str(key): str(one) for key, one in raw.items()}
    if not isinstance(raw, list):
        return {}
    pairs = [{str(name).lower(): one for name, one in tag.items()} for tag in raw]
    return {str(pair["key"]): str(pair.get("value", "")) for pair in pairs}
