"""Does a role's trust policy let Bedrock assume it for a job? Pure, as far as the policy tells.

Only what surely fails is refused: a condition on a key or with an operator that is not known here
is taken to hold, and IAM has the last word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SERVICE = "bedrock.amazonaws.com"
_ASSUME = "sts:assumerole"
_EXACT = frozenset({"stringequals", "stringequalsignorecase"})
_PATTERNS = frozenset({"stringlike", "arnlike", "arnequals"})


def refusal_of(policy: Mapping[str, Any], *, account: str, source_arn: str) -> str | None:
    """Return why Bedrock cannot assume a role for a job; None where nothing says so.

    Args:
        policy: The trust policy.
        account: Id of the job's account.
        source_arn: ARN of the job.
    """
    request = {"aws:sourceaccount": account, "aws:sourcearn": source_arn}
    statements = [
        one
        for one in _listed(policy.get("Statement", []))
        if _names_bedrock(one) and _is_about_assuming(one)
    ]
    failing: list[str] = []
    is_allowed = False
    for statement in statements:
        found = next(_failing(statement, request), None)
        if statement["Effect"] == "Deny":
            if not statement.get("Condition"):
                return f"it denies {_SERVICE} sts:AssumeRole"
        elif found is None:
            is_allowed = True
        else:
            failing.append(found)
    if is_allowed:
        return None
    return failing[0] if failing else f"it does not allow {_SERVICE} sts:AssumeRole"


def _names_bedrock(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    if principal == "*":
        return True
    return isinstance(principal, dict) and _SERVICE in _listed(principal.get("Service", []))


def _is_about_assuming(statement: Mapping[str, Any]) -> bool:
    return any(
        _matches(action.lower(), _ASSUME) for action in map(str, _listed(statement.get("Action")))
    )


def _failing(statement: Mapping[str, Any], request: Mapping[str, str]) -> Iterator[str]:
    """Yield the conditions that a request surely fails."""
    for operator, keys in statement.get("Condition", {}).items():
        compared = operator.lower().removesuffix("ifexists")
        if compared not in _EXACT | _PATTERNS:
            continue
        for key, given in keys.items():
            values = [str(value) for value in _listed(given)]
            actual = request.get(key.lower())
            if actual is None or any("${" in value for value in values):
                continue
            same = str.__eq__ if compared in _EXACT else _matches
            if not any(same(value, actual) for value in values):
                wanted = " or ".join(values)
                yield f"its condition {operator} on {key} wants {wanted}, and a job has {actual}"


def _matches(pattern: str, text: str) -> bool:
    parts = ({"*": ".*", "?": "."}.get(character) or re.escape(character) for character in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - JSON of a policy, one or several
    return value if isinstance(value, list) else [value]
