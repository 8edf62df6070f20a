"""Limits of a base model that one record can break."""

from __future__ import annotations

from bedrock_customization_runtime.datasets.rules.rule import Rule, Source, Verdict

RECORD_TOO_LARGE = Rule(
    id="record-too-large",
    verdict=Verdict.REJECT,
    what="a line with more bytes than the base model takes",
    why="Bedrock drops it, or fails the job",
    fix="shorten the record",
    source=Source.GUIDE,
)
TOO_MANY_TOKENS = Rule(
    id="too-many-tokens",
    verdict=Verdict.REJECT,
    what="a record that may be longer than the base model takes",
    why="one such record makes the job fail after it started",
    fix="shorten the record or split it in two",
    source=Source.GUIDE,
)
RESERVED_WORD = Rule(
    id="reserved-word",
    verdict=Verdict.REJECT,
    what="a word the base model reserves for itself",
    why="one of them in any record makes the job fail",
    fix="write it another way, for example without the colon or the brackets",
    source=Source.GUIDE,
    sources_disagree="Nova's guide lists seven words, the Nova Forge SDK thirteen, AWS's newest "
    "sample validator ignores letter case; all thirteen count, in the letter case of the lists, "
    "because lower-case words with a colon are ordinary prose",
)
