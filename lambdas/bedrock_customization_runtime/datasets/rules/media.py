"""Rules of images, videos and documents."""

from __future__ import annotations

from bedrock_customization_runtime.catalog.rules import RecordFormat
from bedrock_customization_runtime.datasets.rules.rule import Input, Rule, Source, Verdict

_JSONL = (Input.JSONL,)
_CONVERSE = (RecordFormat.CONVERSE,)

MEDIA_SOURCE = Rule(
    id="media-source",
    verdict=Verdict.REJECT,
    what="a medium without format and S3 location",
    why="Bedrock reads media from S3 alone",
    fix='write {"format": "…", "source": {"s3Location": {"uri": "s3://bucket/key"}}}',
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
)
MEDIA_FORMAT = Rule(
    id="media-format",
    verdict=Verdict.REJECT,
    what="a file format that the base model does not take",
    why="the job fails on it",
    fix="convert the file",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
)
MEDIA_URI = Rule(
    id="media-uri",
    verdict=Verdict.REJECT,
    what="an S3 URI that Bedrock does not take",
    why="spaces and signs such as = + : in a key make the job fail",
    fix="rename the object with letters, digits, _ - / and . only",
    inputs=_JSONL,
    source=Source.GUIDE,
)
MEDIA_BUCKET = Rule(
    id="media-bucket",
    verdict=Verdict.REJECT,
    what="a medium in another bucket than the data set",
    why="the job may read the data set's bucket alone",
    fix="copy the media into the data set's bucket",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
)
MEDIA_COUNT = Rule(
    id="media-count",
    verdict=Verdict.REJECT,
    what="more media in one record than the base model takes",
    why="the job fails on it",
    fix="split the record",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
    sources_disagree="images are limited per message by the guide and per record by the Nova Forge "
    "SDK; the record counts, which is stricter",
)
MEDIA_TURN = Rule(
    id="media-turn",
    verdict=Verdict.REJECT,
    what="a medium in the assistant's turn",
    why="models read media and answer with text",
    fix="move it to the user's turn",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
)
MEDIA_MIXED = Rule(
    id="media-mixed",
    verdict=Verdict.REJECT,
    what="media of another kind than the first record's with media",
    why="a Nova data set holds images, or videos, or documents, never two of them",
    fix="make one data set of each",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
)
