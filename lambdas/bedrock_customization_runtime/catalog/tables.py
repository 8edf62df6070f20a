"""Reads the data files into plain tables, one for each base model and complete."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

Table = dict[str, Any]

VERSION = "2026-11-24"
"""The day on which the newest of the data files was last compared with its sources."""

_DATA = Path(__file__).with_name("data")


def service_table() -> Table:
    """Return the facts that hold whatever the base model."""
    return _read(_DATA / "service.toml")


def judges_table() -> Table:
    """Return the facts of judges."""
    return _read(_DATA / "judges.toml")


def preparation_table() -> Table:
    """Return the facts of the drivers of data preparation."""
    return _read(_DATA / "preparation.toml")


def model_import_table() -> Table:
    """Return the facts of Custom Model Import."""
    return _read(_DATA / "model_import.toml")


def model_tables() -> Iterator[Table]:
    """Yield the complete table of each base model, in the order of the files and within them."""
    for path in sorted((_DATA / "families").glob("*.toml")):
        family = _read(path)
        for model in family["models"]:
            yield _complete(model, family)


def _complete(model: Table, family: Table) -> Table:
    """Fill in what the model leaves to its family; what it says itself wins, key by key."""
    table = _merged(family["defaults"], model)
    rules = {
        method: _merged(family["rules"][method], table.get("rules", {}).get(method, {}))
        for method in table["methods"]
    }
    for rule in rules.values():
        rule["teachers"] = [
            {"id": teacher, **family["teachers"][teacher]} for teacher in rule.get("teachers", [])
        ]
    return table | {
        "rules": rules,
        "media": _merged(family.get("media", {}), table.get("media", {})),
        "as_of": family["as_of"],
        "sources": family["sources"],
    }


def _merged(general: Table, special: Table) -> Table:
    merged = dict(general)
    for key, value in special.items():
        below = general.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            merged[key] = _merged(below, value)
        else:
            merged[key] = value
    return merged


def _read(path: Path) -> Table:
    # An app that only names a construct should not pay for a parser.
    import tomllib  # noqa: PLC0415 - as above

    return tomllib.loads(path.read_text(encoding="utf-8"))
