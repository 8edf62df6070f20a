"""Secrets where everyone who may look at a function reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.intrinsics import references
from bedrock_customization_runtime.template_rules.rule import Found, rule
from bedrock_customization_runtime.template_rules.values import items, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.intrinsics import Json
    from bedrock_customization_runtime.template_rules.resource import Resource
    from bedrock_customization_runtime.template_rules.template import Template

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|SECRET|SECRET_KEY|SECRET_ACCESS_KEY|API_?KEY|PRIVATE_?KEY|CREDENTIALS"
    r"|(?:ACCESS|AUTH|API|BEARER|HF|HUB|HUGGING_?FACE|GITHUB|SLACK|REFRESH)_?TOKEN)$",
    re.IGNORECASE,
)
"""Of a variable that holds the secret itself, and not its ARN or name."""
_SECRET_VALUE = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bhf_[A-Za-z0-9]{30,}|\bgh[pousr]_[A-Za-z0-9]{36,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bsk-[A-Za-z0-9_-]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
_RESOLVED = ("{{resolve:secretsmanager:", "{{resolve:ssm-secure:")
_POINTER = re.compile(r"^(?:arn:|/|https?://|\$\{)")
"""A value that says where the secret is."""


@rule(
    id="secret-in-environment",
    title="a secret in an environment variable",
    why="whoever may list functions, and whoever reads the template, reads the secret",
    fix="give the ARN of the secret, and read it at run time",
    anchor="https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html",
)
def secret_in_environment(template: Template) -> Iterator[Found]:
    """Find variables of functions and containers that hold a secret by name, form or reference."""
    for resource, path, name, value in _variables(template):
        is_literal = bool(_SECRET_NAME.search(name)) and value and not _POINTER.match(value)
        is_hidden = template.secret_parameters.intersection(references(value))
        if is_literal or is_hidden or _SECRET_VALUE.search(value) or value.startswith(_RESOLVED):
            yield Found(resource, path, name)


def _variables(template: Template) -> Iterator[tuple[Resource, str, str, str]]:
    for function in template.of_type("AWS::Lambda::Function", "AWS::Serverless::Function"):
        for name, value in mapping(function.get("Environment", "Variables")).items():
            yield function, f"Properties.Environment.Variables.{name}", name, text(value)
    for task in template.of_type("AWS::ECS::TaskDefinition"):
        for container in items(task.get("ContainerDefinitions")):
            for each in items(mapping(container).get("Environment")):
                name, value = _pair(each)
                yield task, f"Properties.ContainerDefinitions.Environment.{name}", name, value


def _pair(value: Json) -> tuple[str, str]:
    pair = mapping(value)
    return text(pair.get("Name")), text(pair.get("Value"))
