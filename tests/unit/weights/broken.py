"""A model folder that is broken or hostile, with what must be found in it."""

import json
from dataclasses import dataclass

from model_folders import MemoryFolder, header_file, model

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
FIRST = "model-00001-of-00002.safetensors"
SECOND = "model-00002-of-00002.safetensors"
TEXTS = "tokenizer_config.json"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4938985352\n"
QWEN_VL = {
    "architectures": ["Qwen2VLForConditionalGeneration"],
    "model_type": "qwen2_vl",
}
GPT_OSS = {
    "architectures": ["GptOssForCausalLM"],
    "model_type": "gpt_oss",
    "transformers_version": "4.55.0",
}


@dataclass(frozen=True)
class Broken:
    """A folder and the one thing that is wrong with it."""

    id: str
    folder: MemoryFolder
    rule: str
    file: str | None
    found: str
    """Part of what the finding says."""
    region: str | None = None
    consequences: frozenset[str] = frozenset()
    """Other rules that the same thing breaks."""


def broken(id, rule, file, found, files, *, region=None, consequences=(), **lies):
    folder = MemoryFolder(files, **lies)
    return Broken(id, folder, rule, file, found, region, frozenset(consequences))


def with_header(header, data=b""):
    return model(change={SINGLE: header_file(header, data)})


def entry(shape=(2,), dtype="BF16", offsets=(0, 4), **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets), **more}


def raw(text, data=b""):
    """Return a folder whose weights have this text as their header."""
    return with_header(text.encode() if isinstance(text, str) else text, data)


def tokens(**fields):
    return model(change={"tokenizer.json": json.dumps(fields).encode()})
