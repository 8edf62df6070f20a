"""An alias of a model that more may write than who promotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.arns import arn_of
from bedrock_customization_runtime.template_rules.rule import Found, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template

_WRITES = ("ssm:PutParameter", "ssm:DeleteParameter", "ssm:DeleteParameters")


@rule(
    id="any-parameter-writable",
    title="a right to write every parameter",
    why="a parameter names the model that consumers invoke: who writes it chooses the model",
    fix="name the parameter that is written",
    anchor="https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html",
)
def any_parameter_writable(template: Template) -> Iterator[Found]:
    """Find rights to write parameters on `*` or on all parameters."""
    for each in template.policies.identity():
        if not each.is_allow:
            continue
        written = next((action for action in _WRITES if each.covers(action)), None)
        # Not what allows all of Systems Manager, which is another rule's finding.
        is_named = any(action.partition(":")[2].strip("*") for action in each.actions)
        if written and is_named and any(map(_is_any_parameter, each.resources)):
            yield Found(each.resource, each.path, written)


def _is_any_parameter(text: str) -> bool:
    arn = arn_of(text)
    return text == "*" or (arn is not None and arn.resource in {"*", "parameter/*", "parameter*"})
