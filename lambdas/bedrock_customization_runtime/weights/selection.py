"""Which files of a folder are a model's, by their names: an allow-list, nothing else is read."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from bedrock_customization_runtime.weights.findings import shown
from bedrock_customization_runtime.weights.rules import files as rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bedrock_customization_runtime.weights.findings import Findings
    from bedrock_customization_runtime.weights.folder import File
    from bedrock_customization_runtime.weights.rules import Rule

CONFIG = "config.json"
GENERATION_CONFIG = "generation_config.json"
INDEX = "model.safetensors.index.json"
TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
CHAT_TEMPLATE_JINJA = "chat_template.jinja"
CHAT_TEMPLATE_JSON = "chat_template.json"
SPECIAL_TOKENS = "special_tokens_map.json"
PREPROCESSOR_CONFIG = "preprocessor_config.json"
COMPANIONS = frozenset(
    {
        CONFIG,
        GENERATION_CONFIG,
        INDEX,
        TOKENIZER,
        TOKENIZER_CONFIG,
        "tokenizer.model",
        "spiece.model",
        SPECIAL_TOKENS,
        "added_tokens.json",
        "vocab.json",
        "merges.txt",
        CHAT_TEMPLATE_JINJA,
        CHAT_TEMPLATE_JSON,
        PREPROCESSOR_CONFIG,
        "processor_config.json",
        "video_preprocessor_config.json",
    }
)
"""What is copied beside the weights."""
ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
SAFETENSORS = ".safetensors"

_WEIGHTS_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}\.safetensors")
_LONGEST_NAME = 1024
_INVISIBLE = {"Cc", "Cf", "Cs"}
"""Controls, formats such as those that turn the direction, halves of characters."""
_NAMED_ALONE: Mapping[str, Rule] = {
    **dict.fromkeys(
        (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npy", ".npz"), rules.PICKLE
    ),
    **dict.fromkeys(
        (".py", ".pyc", ".so", ".dll", ".dylib", ".sh", ".bat", ".exe", ".ipynb", ".js", ".jar"),
        rules.CODE,
    ),
    **dict.fromkeys(
        (".gguf", ".ggml", ".h5", ".msgpack", ".onnx", ".tflite", ".llamafile"),
        rules.OTHER_WEIGHTS,
    ),
}


@dataclass(frozen=True, slots=True)
class Selection:
    """The model's files."""

    companions: Mapping[str, File]
    """Configuration and tokenizer, by name."""
    weights: Mapping[str, File]
    """Files that could be weights, by name and in its order, without adapters'."""
    others: tuple[str, ...]
    """All the rest, by name."""

    def named(self, names: Iterable[str]) -> Iterator[File]:
        """Yield the model's files of these names."""
        for name in names:
            yield self.companions.get(name) or self.weights[name]


def is_weights_name(name: str) -> bool:
    """Return whether a file of this name in the folder itself can be weights."""
    return _WEIGHTS_NAME.fullmatch(name) is not None


def select(files: Sequence[File], findings: Findings) -> Selection:
    """Return the model's files; what is wrong with names is noted."""
    chosen: dict[str, File] = {}
    others: list[str] = []
    for file in sorted(files, key=lambda each: each.name):
        if file.name in chosen:
            findings.note(rules.TWICE, file.name, shown(file.name))
        elif _is_the_models(file, findings):
            chosen[file.name] = file
        else:
            others.append(file.name)
    _note_cases(chosen, others, findings)
    return Selection(
        companions={name: file for name, file in chosen.items() if name in COMPANIONS},
        weights={name: file for name, file in chosen.items() if name not in COMPANIONS},
        others=tuple(others),
    )


def _is_the_models(file: File, findings: Findings) -> bool:
    name = file.name
    is_weights = is_weights_name(name)
    if _is_unsafe(name):
        findings.note(rules.NAME_UNSAFE, name, shown(name))
    elif rule := _NAMED_ALONE.get(PurePosixPath(name).suffix.lower()):
        findings.note(rule, None, shown(name))
    elif "/" in name or name in {ADAPTER_CONFIG, ADAPTER_WEIGHTS}:
        return False
    elif name.startswith(".") and _looks_like_one(name):
        findings.note(rules.HIDDEN, None, shown(name))
    elif name.endswith(SAFETENSORS) and not is_weights:
        findings.note(rules.NAME_UNSAFE, name, shown(name))
    elif not file.is_regular and (is_weights or name in COMPANIONS):
        findings.note(rules.NOT_REGULAR, name, "no regular file")
    else:
        return is_weights or name in COMPANIONS
    return False


def _looks_like_one(hidden: str) -> bool:
    return hidden.endswith(SAFETENSORS) or hidden.lstrip("._") in COMPANIONS


def _is_unsafe(name: str) -> bool:
    return (
        not name
        or len(name) > _LONGEST_NAME
        or "\\" in name
        or not {"", ".", ".."}.isdisjoint(name.split("/"))
        or any(unicodedata.category(sign) in _INVISIBLE for sign in name)
    )


def _note_cases(chosen: Mapping[str, File], others: Iterable[str], findings: Findings) -> None:
    folded = {_folded(name): name for name in chosen}
    allowed = {_folded(name): name for name in COMPANIONS}
    # Two of the weights, of which both are chosen.
    for name in chosen:
        if folded[_folded(name)] != name:
            findings.note(rules.CASE, name, f"{shown(name)} and {shown(folded[_folded(name)])}")
    # A companion by another name: read by no one here, and by some disks as if it were the one.
    for name in others:
        if "/" not in name and (meant := allowed.get(_folded(name), name)) != name:
            findings.note(rules.CASE, meant, shown(name))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
