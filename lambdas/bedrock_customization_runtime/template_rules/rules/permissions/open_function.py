"""A function that a service may invoke for anyone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.values import is_true, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.template import Template

_SOURCES = ("SourceArn", "SourceAccount", "PrincipalOrgID", "EventSourceToken")


@rule(
    id="lambda-permission-without-source",
    title="a service may invoke the function whoever asked for it",
    why="a rule, bucket or job in another account can invoke it",
    fix="set SourceArn of the permission to what invokes the function, or SourceAccount",
    anchor="https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html",
)
def lambda_permission_without_source(template: Template) -> Iterator[Found]:
    """Find permissions of services, and of anyone, without a source; function URLs have none."""
    for permission in template.of_type("AWS::Lambda::Permission"):
        principal = text(permission.get("Principal"))
        is_url = bool(permission.get("FunctionUrlAuthType")) or is_true(
            permission.get("InvokedViaFunctionUrl")
        )
        is_open = principal == "*" or ".amazon" in principal
        if is_open and not is_url and not any(permission.get(name) for name in _SOURCES):
            yield Found(permission, "Properties", principal)
