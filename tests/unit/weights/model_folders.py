"""Model folders, built on the fly: real safetensors bytes, a real tokenizer."""

import json
from math import prod

from tokenizers import Tokenizer, models, pre_tokenizers

from bedrock_customization_runtime.weights import File

WIDTH, ROWS, LAYERS = 4, 32, 2
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}{{ eos_token }}"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


class MemoryFolder:
    """A folder in memory, which can lie about sizes and remembers what was read of it."""

    def __init__(self, contents, *, sizes=(), irregular=(), more=()):
        self.contents = dict(contents)
        self.sizes = dict(sizes)
        self.irregular = set(irregular)
        self.more = list(more)
        self.reads = []

    def files(self):
        own = [
            File(name, self.sizes.get(name, len(data)), is_regular=name not in self.irregular)
            for name, data in self.contents.items()
        ]
        return [*own, *self.more]

    def read(self, name, start, length):
        assert name not in self.irregular
        self.reads.append((name, length))
        return self.contents[name][start : start + length]


def header_file(header, data=b""):
    """Return a safetensors file with any header, right or wrong."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def tensors_file(shapes, *, dtype="BF16", bytes_each=2, metadata=None):
    """Return a safetensors file of zeros."""
    header, reached = {"__metadata__": metadata or {"format": "pt"}}, 0
    for name, shape in shapes.items():
        size = bytes_each
        for dimension in shape:
            size *= dimension
        header[name] = {
            "dtype": dtype,
            "shape": list(shape),
            "data_offsets": [reached, reached + size],
        }
        reached += size
    return header_file(header, bytes(reached))


def llama_shapes(*, rows=ROWS, width=WIDTH, layers=LAYERS):
    """Return names and shapes of a tiny Llama's tensors."""
    shapes = {"model.embed_tokens.weight": (rows, width)}
    for layer in range(layers):
        for name in ("self_attn.q_proj", "self_attn.o_proj", "mlp.up_proj"):
            shapes[f"model.layers.{layer}.{name}.weight"] = (width, width)
        shapes[f"model.layers.{layer}.input_layernorm.weight"] = (width,)
    return shapes | {"model.norm.weight": (width,), "lm_head.weight": (rows, width)}


def tokenizer_json(words=20):
    """Return a real tokenizer."""
    vocabulary = {"[UNK]": 0} | {f"word{number}": number for number in range(1, words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer.to_str().encode()


CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": ROWS,
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "max_position_embeddings": 2048,
    "rope_theta": 10000.0,
    "tie_word_embeddings": False,
    "transformers_version": "4.51.3",
}
TOKENIZER_CONFIG = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "eos_token": "</s>",
    "model_max_length": 1000000000000000019884624838656,
}


def model(config=(), tokenizer_config=(), *, template=None, change=()):
    """Return the files of a whole Llama, changed.

    Args:
        config: Fields of config.json; None takes one out.
        tokenizer_config: Likewise.
        template: In tokenizer_config.json; None for none.
        change: Files by name; None takes one out.
    """
    stated = TOKENIZER_CONFIG | {"chat_template": template} | dict(tokenizer_config)
    files = {
        "config.json": encoded(CONFIG | dict(config)),
        "tokenizer_config.json": encoded(stated),
        "tokenizer.json": tokenizer_json(),
        "model.safetensors": tensors_file(llama_shapes()),
        **dict(change),
    }
    return {name: data for name, data in files.items() if data is not None}


def with_shapes(shapes, **how):
    """Return the files of a Llama with other tensors."""
    return model(change={"model.safetensors": tensors_file(shapes, **how)})


def sharded(*, weight_map=(), shards=(), total=None):
    """Return the files of a Llama in two shards with their index, changed.

    Args:
        weight_map: File by tensor, into the index; None takes one out.
        shards: Files by name; None takes one out.
        total: In the index, in the place of the right one.
    """
    names = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    shapes = list(llama_shapes().items())
    parts = dict(shapes[:5]), dict(shapes[5:])
    files = dict(zip(names, map(tensors_file, parts), strict=True)) | dict(shards)
    of = {tensor: name for name, part in zip(names, parts, strict=True) for tensor in part}
    size = 2 * sum(prod(shape) for _, shape in shapes)
    index = {
        "metadata": {"total_size": size if total is None else total},
        "weight_map": {
            name: file for name, file in (of | dict(weight_map)).items() if file is not None
        },
    }
    return model(
        change={
            "model.safetensors": None,
            "model.safetensors.index.json": json.dumps(index).encode(),
            **files,
        }
    )


def encoded(fields):
    """Return JSON without the fields that are None."""
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()
