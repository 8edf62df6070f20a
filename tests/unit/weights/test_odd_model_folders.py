"""Models that look unusual and are right: nothing is found in them."""

import json

import pytest
from model_folders import (
    CONFIG,
    LAYERS,
    ROWS,
    TEMPLATE,
    WIDTH,
    MemoryFolder,
    llama_shapes,
    model,
    sharded,
    tensors_file,
    with_shapes,
)
from tokenizers import Tokenizer, models

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.weights import inspect

LIMITS = catalog.import_rules()
NO_TEMPLATE = "chat-template-missing"
SINGLE = "model.safetensors"


def weights(shapes, **how):
    return {SINGLE: tensors_file(shapes, **how)}


def t5_shapes():
    shapes = {"shared.weight": (ROWS, WIDTH), "lm_head.weight": (ROWS, WIDTH)}
    for stack in ("encoder", "decoder"):
        bias = f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        shapes[bias] = (8, WIDTH)
        shapes |= {f"{stack}.block.{n}.layer.0.SelfAttention.q.weight": (WIDTH, 8) for n in (0, 1)}
    return shapes


def big_code_shapes():
    layers = {f"transformer.h.{n}.attn.c_attn.weight": (WIDTH, WIDTH) for n in range(LAYERS)}
    return {"transformer.wte.weight": (ROWS, WIDTH), **layers}


def mllama_shapes():
    shapes = {f"language_model.{name}": shape for name, shape in llama_shapes().items()}
    # Layers that attend to the image have tensors of their own.
    del shapes["language_model.model.layers.1.self_attn.q_proj.weight"]
    # And the image's tokens rows of their own.
    shapes["language_model.model.embed_tokens.weight"] = (ROWS + 8, WIDTH)
    return shapes | {
        "language_model.model.layers.1.cross_attn.q_proj.weight": (WIDTH, WIDTH),
        "vision_model.patch_embedding.weight": (WIDTH, 3),
    }


def experts_shapes():
    experts = {f"model.layers.1.mlp.experts.{n}.up_proj.weight": (WIDTH, WIDTH) for n in range(4)}
    return llama_shapes() | experts


GPT_OSS_BLOCKS = {
    f"model.layers.{layer}.mlp.experts.gate_up_proj_{part}": (2, 4)
    for layer in range(LAYERS)
    for part in ("blocks", "scales")
}


def written(kind, *special):
    """Return a tokenizer as the library writes it."""
    tokenizer = Tokenizer(kind)
    tokenizer.add_special_tokens(list(special))
    return tokenizer.to_str().encode()


def gpt_oss():
    """Weights in BF16, with experts in MXFP4 as they are published."""
    header, data = {}, 0
    for shapes, dtype, size in ((llama_shapes(), "BF16", 2), (GPT_OSS_BLOCKS, "U8", 1)):
        for name, shape in shapes.items():
            end = data + size * shape[0] * (shape[1] if len(shape) > 1 else 1)
            header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [data, end]}
            data = end
    text = json.dumps(header).encode()
    return model(
        {
            "architectures": ["GptOssForCausalLM"],
            "model_type": "gpt_oss",
            "transformers_version": "4.55.0.dev0",
            "max_position_embeddings": 131072,
            "rope_scaling": {
                "rope_type": "yarn",
                "factor": 32.0,
                "original_max_position_embeddings": 4096,
            },
            "quantization_config": {"quant_method": "mxfp4"},
        },
        change={
            "generation_config.json": b'{"eos_token_id": [199999, 200002, 200012]}',
            SINGLE: len(text).to_bytes(8, "little") + text + bytes(data),
        },
    )


def padded_header():
    """The library pads headers with spaces."""
    whole = tensors_file(llama_shapes())
    length = int.from_bytes(whole[:8], "little")
    return (
        (length + 64).to_bytes(8, "little")
        + whole[8 : 8 + length]
        + b" " * 64
        + whole[8 + length :]
    )


ODD = {
    "two shards": sharded(),
    "no metadata in the index": sharded()
    | {
        "model.safetensors.index.json": json.dumps(
            {"weight_map": json.loads(sharded()["model.safetensors.index.json"])["weight_map"]}
        ).encode()
    },
    "a header padded with spaces": model(change={SINGLE: padded_header()}),
    "tensors in another order than their bytes": with_shapes(
        dict(reversed(llama_shapes().items()))
    ),
    "an empty tensor and one of no dimension": with_shapes(
        llama_shapes() | {"model.empty": (0, 7), "model.scale": ()}
    ),
    "weights of F32": with_shapes(llama_shapes(), dtype="F32", bytes_each=4),
    "weights of F16": with_shapes(llama_shapes(), dtype="F16"),
    "a head tied to the embedding": model(
        {"tie_word_embeddings": True},
        change=weights({n: s for n, s in llama_shapes().items() if n != "lm_head.weight"}),
    ),
    "buffers of old Llamas": with_shapes(
        llama_shapes()
        | {f"model.layers.{n}.self_attn.rotary_emb.inv_freq": (2,) for n in range(LAYERS)}
    ),
    "tokens added to the vocabulary in the embedding": model(
        {"vocab_size": ROWS + 8}, change=weights(llama_shapes(rows=ROWS + 8))
    ),
    "a context of exactly 128K by Llama 3.1's scaling": model(
        {
            "max_position_embeddings": 131072,
            "rope_scaling": {
                "rope_type": "llama3",
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 8192,
            },
        }
    ),
    "a context of exactly 128K by Qwen's scaling": model(
        {
            "max_position_embeddings": 32768,
            "rope_scaling": {
                "type": "yarn",
                "factor": 4.0,
                "original_max_position_embeddings": 32768,
            },
        }
    ),
    "an older transformers": model({"transformers_version": "4.31.0.dev0"}),
    "no version of transformers": model({"transformers_version": None}),
    "fields that nobody knows": model({"_name_or_path": "/home/me/run-7", "unsloth_fixed": True}),
    "emoji in the configuration": model({"note": "Grüße 🙂"}),
    "everything a repository has beside a model": model(
        change={
            ".gitattributes": b"*",
            "README.md": b"#",
            "LICENSE": b"MIT",
            "USE_POLICY.md": b"-",
            "images/plot.png": b"PNG",
            "special_tokens_map.json": b'{"eos_token": "</s>"}',
            "vocab.json": b'{"a": 0}',
            "merges.txt": b"#version: 0.2",
        }
    ),
    "a tokenizer of Unigram": model(
        change={"tokenizer.json": written(models.Unigram([("<unk>", 0.0), ("▁a", -1.5)], 0))}
    ),
    "a tokenizer of BPE with added tokens": model(
        change={
            "tokenizer.json": written(
                models.BPE({"a": 0, "b": 1, "ab": 2}, [("a", "b")]), "<|im_start|>", "</s>"
            )
        }
    ),
    "SentencePiece with its model": model(
        tokenizer_config={"tokenizer_class": "LlamaTokenizer"}, change={"tokenizer.model": b"\n"}
    ),
    "Flan-T5": model(
        {
            "architectures": ["T5ForConditionalGeneration"],
            "model_type": "t5",
            "hidden_size": None,
            "d_model": WIDTH,
            "num_layers": 2,
            "num_decoder_layers": 2,
            "n_positions": 512,
            "max_position_embeddings": None,
            "tie_word_embeddings": False,
        },
        {"tokenizer_class": "T5TokenizerFast"},
        change=weights(t5_shapes()),
    ),
    "GPTBigCode without a head": model(
        {
            "architectures": ["GPTBigCodeForCausalLM"],
            "model_type": "gpt_bigcode",
            "hidden_size": None,
            "n_embd": WIDTH,
            "n_layer": LAYERS,
            "n_positions": 8192,
            "tie_word_embeddings": None,
        },
        {"tokenizer_class": "GPT2TokenizerFast"},
        change=weights(big_code_shapes()),
    ),
    "Llama 3.2 Vision, whose text model has fields of its own": model(
        {
            "architectures": ["MllamaForConditionalGeneration"],
            "model_type": "mllama",
            "text_config": {
                name: CONFIG[name]
                for name in ("vocab_size", "hidden_size", "num_hidden_layers", "rope_theta")
            }
            | {"max_position_embeddings": 131072},
            **dict.fromkeys(("vocab_size", "hidden_size", "num_hidden_layers", "rope_theta")),
            "max_position_embeddings": None,
        },
        change=weights(mllama_shapes()) | {"preprocessor_config.json": b"{}"},
    ),
    "Qwen3 with experts in one of its layers": model(
        {"architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe"},
        {"tokenizer_class": "Qwen2Tokenizer"},
        change=weights(experts_shapes()),
    ),
    "gpt-oss in MXFP4": gpt_oss(),
}
WITH_TEMPLATES = {
    "the same template in two places": model(
        template=TEMPLATE, change={"chat_template.jinja": TEMPLATE.encode()}
    ),
    "named templates": model(
        template=[
            {"name": "default", "template": TEMPLATE},
            {"name": "tool_use", "template": TEMPLATE + " "},
        ]
    ),
    "tokens as objects": model(
        {},
        {"bos_token": {"content": "<s>", "special": True}, "eos_token": {"content": "</s>"}},
        template="{{ bos_token + messages[0]['content'] }}"
        "{% for m in messages[1:] %}{{ m.content + eos_token }}{% endfor %}",
    ),
    "a token that stands in special_tokens_map.json alone": model(
        template="{{ bos_token + '' }}" + TEMPLATE,
        change={"special_tokens_map.json": b'{"bos_token": {"content": "<s>"}}'},
    ),
    "what transformers adds to Jinja": model(
        template="{{- strftime_now('%d %b %Y') }}{% for m in messages %}{% if loop.index > 9 %}"
        "{% break %}{% endif %}{% generation %}{{ m | tojson(indent=2) }}{% endgeneration %}"
        "{% endfor %}{% if tools is not none %}{{ tools | tojson }}{% endif %}"
    ),
    "a namespace, a macro and filters": model(
        template="{% set ns = namespace(system='') %}{% macro turn(m) %}"
        "<{{ m.role | upper }}>{{ m['content'].strip() | trim }}{% endmacro %}"
        "{% for m in messages %}{% if m.role == 'system' %}{% set ns.system = m.content %}"
        "{% else %}{{ ns.system }}{{ turn(m) }}{% endif %}{% endfor %}"
    ),
    "a template for images, which takes lists alone": model(
        {
            "architectures": ["Qwen2VLForConditionalGeneration"],
            "model_type": "qwen2_vl",
        },
        template="{% for m in messages %}{% for part in m.content %}{% if part.type == 'text' %}"
        "{{ part.text }}{% endif %}{% endfor %}{% endfor %}",
        change={"preprocessor_config.json": b"{}"},
    ),
}


def found_in(files, region="us-east-1"):
    inspection = inspect(MemoryFolder(files), LIMITS, region=region)
    return [each.message for each in inspection.findings if each.rule.id != NO_TEMPLATE]


@pytest.mark.parametrize("name", ODD)
def test_nothing_is_found_in_what_is_merely_odd(name):
    assert found_in(ODD[name]) == []


@pytest.mark.parametrize("name", WITH_TEMPLATES)
def test_nothing_is_found_in_odd_chat_templates(name):
    inspection = inspect(MemoryFolder(WITH_TEMPLATES[name]), LIMITS)
    assert [each.message for each in inspection.findings] == []
    assert inspection.chat_template


def test_models_that_no_template_asks_need_none():
    for name in ("Flan-T5", "GPTBigCode without a head"):
        assert inspect(MemoryFolder(ODD[name]), LIMITS).findings == ()


@pytest.mark.parametrize("region", LIMITS.regions)
def test_a_llama_is_imported_in_every_region_that_imports(region):
    assert found_in(model(), region) == []
