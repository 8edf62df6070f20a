"""Rules of personal data and secrets."""

from __future__ import annotations

from bedrock_customization_runtime.datasets.rules.rule import Rule, Verdict

PERSONAL_DATA = Rule(
    id="personal-data",
    verdict=Verdict.FLAG,
    what="what looks like personal data",
    why="a model can repeat what it was trained on",
    fix="mask or remove it: privacy mask or reject does",
)
PERSONAL_DATA_MASKED = Rule(
    id="personal-data-masked",
    verdict=Verdict.REPAIR,
    what="what looks like personal data, masked",
    why="a model can repeat what it was trained on",
    fix="nothing to do: its kind stands in its place",
)
PERSONAL_DATA_REJECTED = Rule(
    id="personal-data-rejected",
    verdict=Verdict.REJECT,
    what="what looks like personal data",
    why="a model can repeat what it was trained on",
    fix="remove it from the record",
)
SECRET = Rule(
    id="secret",
    verdict=Verdict.FLAG,
    what="what looks like a key, token or password",
    why="a model can repeat what it was trained on",
    fix="revoke it, then remove it: privacy mask or reject does",
)
SECRET_MASKED = Rule(
    id="secret-masked",
    verdict=Verdict.REPAIR,
    what="what looks like a key, token or password, masked",
    why="a model can repeat what it was trained on",
    fix="revoke it: it has been in a file",
)
SECRET_REJECTED = Rule(
    id="secret-rejected",
    verdict=Verdict.REJECT,
    what="what looks like a key, token or password",
    why="a model can repeat what it was trained on",
    fix="revoke it, then remove it from the record",
)
