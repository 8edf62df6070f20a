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
    sources_disagree="the Nova Forge SDK demands a bucketOwner, Nova's guide and the sample "
    "validator do not; one that is there must be an account id, none is demanded",
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
    sources_disagree="AWS's validators take a format in capitals, the API's own values are lower "
    "case; only those count",
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
MEDIA_OUT_OF_REACH = Rule(
    id="media-out-of-reach",
    verdict=Verdict.REJECT,
    what="a medium where the job's role may not read",
    why="the job fails on it",
    fix="copy the media below media/ of the pipeline's data bucket",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.ENGINE,
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
MEDIA_MISSING = Rule(
    id="media-missing",
    verdict=Verdict.REJECT,
    what="a medium that is not where the record says",
    why="the job fails on it",
    fix="upload the file, or correct the URI (letter case matters)",
    inputs=_JSONL,
    source=Source.VALIDATOR,
)
MEDIA_SIZE = Rule(
    id="media-size",
    verdict=Verdict.REJECT,
    what="a media file with more bytes than the base model takes",
    why="the job fails on it",
    fix="compress or shorten the file",
    inputs=_JSONL,
    source=Source.GUIDE,
)
MEDIA_CONTENT = Rule(
    id="media-content",
    verdict=Verdict.REJECT,
    what="a media file that is not of the format that the record names",
    why="it cannot be read as what it claims to be",
    fix="name the file's own format, or convert the file",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.VALIDATOR,
)
MEDIA_PIXELS = Rule(
    id="media-pixels",
    verdict=Verdict.REJECT,
    what="an image with a side shorter or longer than the base model takes",
    why="the job fails on it",
    fix="scale the image",
    inputs=_JSONL,
    source=Source.GUIDE,
)
MEDIA_SECONDS = Rule(
    id="media-seconds",
    verdict=Verdict.REJECT,
    what="a video longer than the base model takes",
    why="the job fails on it",
    fix="cut the video",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
    sources_disagree="the Nova 2 guide allows 15 minutes, the Nova 1 guide and the Nova Forge SDK "
    "90 seconds; 90 count",
)
MEDIA_UNCHECKED = Rule(
    id="media-unchecked",
    verdict=Verdict.FLAG,
    what="a media file that was not looked at, or not in full",
    why="a file that is missing, too large or broken fails the job after it started",
    fix="prepare the data in the pipeline, which looks into S3; what is still said there lies "
    "where its function may not read, or is a video whose length stands at its end",
    inputs=_JSONL,
)
