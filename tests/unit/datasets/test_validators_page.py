"""docs/validators.md names rules that exist, and forgets none that stands for a validator's."""

import re
from pathlib import Path

from bedrock_customization_runtime.datasets import refusals, rules

PAGE = (Path(__file__).parents[3] / "docs" / "validators.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and line.count("|") == 4 and not line.startswith("| ---")
]
NAMED = [name for row in ROWS for name in re.findall(r"`([^`]+)`", row[2])]


def test_every_rule_it_names_exists():
    known = {rule.id for rule in rules.TABLE}
    for name in NAMED:
        module, _, function = name.rpartition(".")
        if module == "refusals":
            assert callable(getattr(refusals, function))
        elif not name.startswith("."):
            assert name in known


def test_every_rule_that_comes_from_a_validator_is_on_it():
    from_validators = {rule.id for rule in rules.TABLE if rule.source is rules.Source.VALIDATOR}

    assert from_validators - set(NAMED) == set()
