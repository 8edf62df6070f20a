"""The small model as a folder of the Hugging Face kind: what a model to import looks like.

Weights stand under the names of a Llama of the same size, with a tokenizer and a chat template.
They are real: whoever imports the folder here gets the model that was exported. What Llama has and
this network has not (a gate in its feed-forward layers) is zero, and what this network has and
Llama has not (n-grams of characters, positions that are learned) stands beside it under names of
its own. So no other program would make sense of it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from bedrock_customization_local.cloud.bedrock.tinylm.model import (
    Model,
    untrained_model,
    vocabulary_of,
)
from bedrock_customization_local.cloud.bedrock.tinylm.tensor_file import encode
from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import (
    END,
    FIRST_SLOT,
    PADDING,
    SLOTS,
    UNKNOWN,
    WORD_PATTERN,
    Vocabulary,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

METADATA_KEY = "bedrock-customization-tinylm"
"""In the metadata of the first weights' file; its text is the vocabulary."""
_MARKS = ("<pad>", "<prefix>", "<answer>", "<end>", "<unk>")
_OWN = ("grams", "positions", "say_bias")
# A conversation as `inference.prompts.join_turns` has it.
_CHAT_TEMPLATE = (
    "{%- for message in messages if message['role'] == 'system' -%}"
    "{{ message['content'] + '\\n\\n' }}"
    "{%- endfor -%}"
    "{%- set turns = messages | rejectattr('role', 'equalto', 'system') | list -%}"
    "{%- for turn in turns -%}"
    "{{ '' if loop.first else '\\n\\n' }}"
    "{{ turn['content'] if turns | length == 1 else turn['role'] + ': ' + turn['content'] }}"
    "{%- endfor -%}"
)


def write_model_folder(
    model: Model, folder: Path, *, shards: int = 1, chat_template: bool = True
) -> None:
    """Write a model as a folder that can be imported.

    Args:
        model: Any model.
        folder: Where to; it is made.
        shards: Number of files that the weights are parted into.
        chat_template: Whether the tokenizer's configuration holds one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write_weights(model, folder, shards)
    _write(folder / "config.json", _config(model))
    _write(folder / "generation_config.json", {"eos_token_id": END, "pad_token_id": PADDING})
    _write(folder / "tokenizer.json", _tokenizer(model.vocabulary))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": model.vocabulary.context,
        "pad_token": _MARKS[PADDING],
        "eos_token": _MARKS[END],
        "unk_token": _MARKS[UNKNOWN],
        **({"chat_template": _CHAT_TEMPLATE} if chat_template else {}),
    }
    _write(folder / "tokenizer_config.json", settings)


def read_model(vocabulary: str, tensors: Mapping[str, NDArray[np.floating]]) -> Model:
    """Return the model of a folder that `write_model_folder` wrote.

    Args:
        vocabulary: What the metadata hold.
        tensors: Of all the weights' files, by name.

    Raises:
        KeyError, TypeError, ValueError: It is another model's folder.
    """
    model = untrained_model(vocabulary_of(json.loads(vocabulary)), seed=0)
    weights, answers = model.weights, list(model.vocabulary.answers)
    for name in _OWN:
        weights[name][:] = tensors[f"tinylm.{name}"]
    weights["words"][:] = tensors["model.embed_tokens.weight"]
    weights["say"][:] = tensors["lm_head.weight"][answers].T
    weights["gain_final"][:] = tensors["model.norm.weight"]
    for layer in range(weights.shape.layers):
        at = f"model.layers.{layer}"
        weights[f"{layer}.gain_attention"][:] = tensors[f"{at}.input_layernorm.weight"]
        weights[f"{layer}.gain_feed"][:] = tensors[f"{at}.post_attention_layernorm.weight"]
        projections = [tensors[f"{at}.self_attn.{one}_proj.weight"].T for one in "qkv"]
        weights[f"{layer}.attend"][:] = np.concatenate(projections, axis=1)
        weights[f"{layer}.mix"][:] = tensors[f"{at}.self_attn.o_proj.weight"].T
        weights[f"{layer}.expand"][:] = tensors[f"{at}.mlp.up_proj.weight"].T
        weights[f"{layer}.expand_bias"][:] = tensors[f"tinylm.{layer}.expand_bias"]
        weights[f"{layer}.contract"][:] = tensors[f"{at}.mlp.down_proj.weight"].T
    return model


def _tensors(model: Model) -> dict[str, NDArray[np.floating]]:
    weights, shape = model.weights, model.weights.shape
    head = np.zeros((shape.tokens, shape.width), np.float32)
    head[list(model.vocabulary.answers)] = weights["say"].T
    tensors: dict[str, NDArray[np.floating]] = {"model.embed_tokens.weight": weights["words"]}
    for layer in range(shape.layers):
        at = f"model.layers.{layer}"
        query, key, value = np.split(weights[f"{layer}.attend"].T, 3)
        tensors |= {
            f"{at}.input_layernorm.weight": weights[f"{layer}.gain_attention"],
            f"{at}.self_attn.q_proj.weight": query,
            f"{at}.self_attn.k_proj.weight": key,
            f"{at}.self_attn.v_proj.weight": value,
            f"{at}.self_attn.o_proj.weight": weights[f"{layer}.mix"].T,
            f"{at}.post_attention_layernorm.weight": weights[f"{layer}.gain_feed"],
            f"{at}.mlp.gate_proj.weight": np.zeros((shape.hidden, shape.width), np.float32),
            f"{at}.mlp.up_proj.weight": weights[f"{layer}.expand"].T,
            f"{at}.mlp.down_proj.weight": weights[f"{layer}.contract"].T,
            f"tinylm.{layer}.expand_bias": weights[f"{layer}.expand_bias"],
        }
    tensors |= {"model.norm.weight": weights["gain_final"], "lm_head.weight": head}
    return tensors | {f"tinylm.{name}": weights[name] for name in _OWN}


def _write_weights(model: Model, folder: Path, shards: int) -> None:
    tensors = _tensors(model)
    names = [list(part) for part in np.array_split(np.array(list(tensors)), shards)]
    files = (
        ["model.safetensors"]
        if shards == 1
        else [f"model-{number:05}-of-{shards:05}.safetensors" for number in range(1, shards + 1)]
    )
    vocabulary = json.dumps(asdict(model.vocabulary), ensure_ascii=False)
    for number, file in enumerate(files):
        metadata = {"format": "pt", **({} if number else {METADATA_KEY: vocabulary})}
        content = encode({name: tensors[name] for name in names[number]}, metadata)
        (folder / file).write_bytes(content)
    if shards > 1:
        index = {
            "metadata": {"total_size": sum(4 * tensor.size for tensor in tensors.values())},
            "weight_map": {
                str(name): file for file, held in zip(files, names, strict=True) for name in held
            },
        }
        _write(folder / "model.safetensors.index.json", index)


def _config(model: Model) -> dict[str, Any]:
    shape = model.weights.shape
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": shape.width,
        "intermediate_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.heads,
        "vocab_size": shape.tokens,
        "max_position_embeddings": shape.context,
        "hidden_act": "relu",
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": False,
        "pad_token_id": PADDING,
        "eos_token_id": END,
        "torch_dtype": "float32",
        "transformers_version": "4.51.3",
    }


def _tokenizer(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return `tokenizer.json`: the words, split as `split_words` does; it knows no slots."""
    slots = [f"<{kind}_{n}>" for kind in ("slot", "space_slot") for n in range(SLOTS)]
    tokens = [*_MARKS, *slots, *vocabulary.words]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": number, "content": content, **flags, "special": True}
            for number, content in enumerate(tokens[: FIRST_SLOT + len(slots)])
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Split",
            "pattern": {"Regex": WORD_PATTERN},
            "behavior": "Isolated",
            "invert": False,
        },
        "post_processor": None,
        "decoder": {"type": "Fuse"},
        "model": {
            "type": "WordLevel",
            "vocab": {content: number for number, content in enumerate(tokens)},
            "unk_token": _MARKS[UNKNOWN],
        },
    }


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")
