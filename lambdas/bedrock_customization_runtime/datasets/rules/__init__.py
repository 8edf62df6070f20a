"""Every rule of the data engine, in one table: what it finds, why that matters, how to mend it.

A rule's verdict says what becomes of a record that breaks it. Limits themselves (counts, tokens,
reserved words) are not here: they come from the catalogue. One module for each family; a rule
added to one is offered here, and stands in the table, without another line.
"""

from __future__ import annotations

from bedrock_customization_runtime.datasets.rules import (
    blocks,
    cleaning,
    columns,
    data_set,
    enrichment,
    limits,
    logs,
    media,
    privacy,
    quality,
    shapes,
    source,
)
from bedrock_customization_runtime.datasets.rules.blocks import *
from bedrock_customization_runtime.datasets.rules.cleaning import *
from bedrock_customization_runtime.datasets.rules.columns import *
from bedrock_customization_runtime.datasets.rules.data_set import *
from bedrock_customization_runtime.datasets.rules.enrichment import *
from bedrock_customization_runtime.datasets.rules.limits import *
from bedrock_customization_runtime.datasets.rules.logs import *
from bedrock_customization_runtime.datasets.rules.media import *
from bedrock_customization_runtime.datasets.rules.privacy import *
from bedrock_customization_runtime.datasets.rules.quality import *
from bedrock_customization_runtime.datasets.rules.rule import (
    Input as Input,
    Rule as Rule,
    Source as Source,
    Verdict as Verdict,
)
from bedrock_customization_runtime.datasets.rules.shapes import *
from bedrock_customization_runtime.datasets.rules.source import *

TABLE = tuple(
    value
    for family in (
        source,
        columns,
        shapes,
        blocks,
        media,
        logs,
        limits,
        privacy,
        quality,
        cleaning,
        enrichment,
        data_set,
    )
    for value in vars(family).values()
    if isinstance(value, Rule)
)
"""All rules, by family."""
