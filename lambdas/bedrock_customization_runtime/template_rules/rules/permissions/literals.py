"""ARNs whose parts are written out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bedrock_customization_runtime.template_rules.arns import Arn, arn_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_customization_runtime.template_rules.resource import Resource
    from bedrock_customization_runtime.template_rules.template import Template

REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ARN = re.compile(r"arn:(?:aws[a-z-]*|\$\{[^{}]*\}):[a-z0-9-]+:[^\s\"'\\,]{0,2048}")
_NOT_REFERENCES = ("Description", "ZipFile", "Metadata", "InlineCode")


def literals(template: Template) -> Iterator[tuple[Resource, str, Arn]]:
    """Yield the ARNs in properties, also within texts, of a stack that may be deployed anywhere.

    Not of texts for people and of code.
    """
    if template.is_bound:
        return
    for resource, path, value in template.texts:
        if "arn:" not in value or path.endswith(_NOT_REFERENCES):
            continue
        for found in _ARN.finditer(value):
            arn = arn_of(found[0])
            if arn is not None:
                yield resource, path, arn
