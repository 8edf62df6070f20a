"""Every rule of the pre-flight, in one table: what it finds, what is allowed, how to mend it.

One module for each family. Bedrock's own limits are not here: they come from the catalogue.
"""

from __future__ import annotations

from bedrock_customization_runtime.weights.rules import (
    configuration,
    files,
    headers,
    tokenizer,
    weights,
)
from bedrock_customization_runtime.weights.rules.rule import Rule, Severity, Source

TABLE = tuple(
    value
    for family in (files, configuration, weights, headers, tokenizer)
    for value in vars(family).values()
    if isinstance(value, Rule)
)
"""All rules, by family."""

__all__ = ["TABLE", "Rule", "Severity", "Source"]
