"""Headers of safetensors files. The format's own library refuses all but what a rule says."""

from __future__ import annotations

from bedrock_customization_runtime.weights.rules.rule import Rule, Source

_WRITE_AGAIN = "download the file again; if that does not help, write it again with save_pretrained"

LENGTH = Rule(
    id="header-length",
    what="a header whose length makes no sense",
    allowed="8 bytes with a length from 2 to 16,777,216, which the file has",
    why="the file is cut, or no safetensors file",
    fix=_WRITE_AGAIN,
    source=Source.SAFETENSORS,
    sources_disagree="the format allows 100,000,000 bytes; no listed architecture needs a tenth of "
    "that, and a header is read whole, so 16 MiB it is",
)
JSON = Rule(
    id="header-json",
    what="a header that is no strict JSON object",
    allowed="a JSON object in UTF-8 that begins with { and is followed by spaces alone",
    why="readers could understand it differently, or not at all",
    fix=_WRITE_AGAIN,
    source=Source.SAFETENSORS,
    sources_disagree="the format says that a header begins with {, its library takes spaces before "
    "it; refused here",
)
DUPLICATE = Rule(
    id="header-duplicate-key",
    what="the same key twice in a header",
    allowed="each key once",
    why="one reader loads the first tensor, another one the last: the model checked need not be "
    "the model run",
    fix=_WRITE_AGAIN,
    sources_disagree="the format forbids it, its library takes the last; refused here",
)
ENTRY = Rule(
    id="header-entry",
    what="a tensor without exactly a dtype, a shape and data_offsets of whole numbers from 0",
    allowed='{"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]}',
    why="it cannot be loaded, or not by everyone",
    fix=_WRITE_AGAIN,
    source=Source.SAFETENSORS,
    sources_disagree="the library ignores further fields of a tensor; refused here, for no writer "
    "writes them",
)
METADATA = Rule(
    id="header-metadata",
    what="__metadata__ that is not texts by name",
    allowed='{"__metadata__": {"format": "pt"}}',
    why="the format's library does not open the file",
    fix=_WRITE_AGAIN,
    source=Source.SAFETENSORS,
)
DTYPE = Rule(
    id="dtype-unknown",
    what="a dtype that the format does not know",
    allowed="a dtype of the format, as BF16",
    why="nobody can tell how many bytes it takes",
    fix=_WRITE_AGAIN,
    source=Source.SAFETENSORS,
)
SIZE = Rule(
    id="tensor-size",
    what="a tensor whose bytes are not what its shape and dtype need",
    allowed="shape times dtype, at most 2⁶³ bits",
    why="reading it would run into other tensors",
    fix=_WRITE_AGAIN,
    source=Source.SAFETENSORS,
)
OUTSIDE = Rule(
    id="tensor-outside-file",
    what="a tensor beyond the end of the file",
    allowed="data_offsets within the file",
    why="the file is cut",
    fix=_WRITE_AGAIN,
    source=Source.SAFETENSORS,
)
OVERLAP = Rule(
    id="tensors-overlap",
    what="tensors that share bytes",
    allowed="one tensor after the other",
    why="one of them does not hold what it claims",
    fix=_WRITE_AGAIN,
    source=Source.SAFETENSORS,
)
HOLE = Rule(
    id="bytes-of-no-tensor",
    what="bytes that belong to no tensor",
    allowed="tensors that cover all bytes after the header",
    why="something else may hide there",
    fix=_WRITE_AGAIN,
    source=Source.SAFETENSORS,
)
TOO_MANY = Rule(
    id="too-many-tensors",
    what="more tensors than any model of the listed architectures",
    allowed="at most 100,000 in all files",
    why="the rest of the folder was not looked at, to bound time and memory",
    fix="find out who made the folder",
)
