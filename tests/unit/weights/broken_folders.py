"""Model folders that are broken or hostile, each with what must be found in it."""

import json
from dataclasses import dataclass

from model_folders import (
    CONFIG,
    LAYERS,
    ROWS,
    TEMPLATE,
    WIDTH,
    MemoryFolder,
    header_file,
    llama_shapes,
    model,
    sharded,
    tensors_file,
    tokenizer_json,
    with_shapes,
)

from bedrock_customization_runtime.weights import File

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


HEADERS = [
    broken(
        "empty weights", "header-length", SINGLE, "a file of 0 bytes", model(change={SINGLE: b""})
    ),
    broken(
        "weights of 5 bytes", "header-length", SINGLE, "5 bytes", model(change={SINGLE: b"12345"})
    ),
    broken(
        "header longer than the file",
        "header-length",
        SINGLE,
        "9,999 in a file",
        model(change={SINGLE: (9_999).to_bytes(8, "little") + b"{}"}),
    ),
    broken(
        "header of 100 MB",
        "header-length",
        SINGLE,
        "100,000,001 in a file",
        model(change={SINGLE: (100_000_001).to_bytes(8, "little") + b"{}"}),
        sizes={SINGLE: 10**9},
    ),
    broken(
        "header of 2⁶⁴ bytes",
        "header-length",
        SINGLE,
        "18,446,744,073,709,551,615",
        model(change={SINGLE: b"\xff" * 8 + b"{}"}),
    ),
    broken("header of no bytes", "header-length", SINGLE, "0 in a file", raw("")),
    broken(
        "a pickle named safetensors",
        "header-length",
        SINGLE,
        "in a file",
        model(change={SINGLE: b"\x80\x02}q\x00(X\x06\x00\x00\x00weightq\x01."}),
    ),
    broken("a Git LFS pointer", "lfs-pointer", SINGLE, "bytes", model(change={SINGLE: LFS})),
    broken(
        "file shorter than listed",
        "file-cut",
        SINGLE,
        "of 5,000 bytes",
        model(change={SINGLE: (4_000).to_bytes(8, "little") + b"{}"}),
        sizes={SINGLE: 5_000},
    ),
    broken("header that is a list", "header-json", SINGLE, "first byte", raw("[1, 2]")),
    broken("header after a space", "header-json", SINGLE, "first byte", raw(" {}")),
    broken("header with a byte order mark", "header-json", SINGLE, "first byte", raw("\ufeff{}")),
    broken("header cut in the middle", "header-json", SINGLE, "no JSON at", raw('{"a": ')),
    broken("two headers", "header-json", SINGLE, "Extra data", raw("{}{}")),
    broken("header and zeros", "header-json", SINGLE, "Extra data", raw(b"{}\0\0\0")),
    broken("header with NaN", "header-json", SINGLE, "NaN", raw('{"a": NaN}')),
    broken("header with 1e999", "header-json", SINGLE, "not finite", raw('{"a": 1e999}')),
    broken("header of Latin-1", "header-json", SINGLE, "no UTF-8 at byte 3", raw(b'{"\xe9": 1}')),
    broken(
        "header nested 100,000 deep", "header-json", SINGLE, "deep", raw('{"a":' + "[" * 100_000)
    ),
    broken("half a surrogate pair", "header-json", SINGLE, "surrogate", raw('{"\\ud800": 1}')),
    broken(
        "number of 5,000 digits",
        "header-json",
        SINGLE,
        "thousands of digits",
        raw('{"a": ' + "9" * 5_000 + "}"),
    ),
    broken(
        "the same tensor twice",
        "header-duplicate-key",
        SINGLE,
        "a",
        raw(f'{{"a": {json.dumps(entry())}, "a": {json.dumps(entry())}}}', bytes(4)),
    ),
    broken(
        "the same field of a tensor twice",
        "header-duplicate-key",
        SINGLE,
        "shape",
        raw(
            '{"a": {"dtype": "BF16", "shape": [2], "shape": [1], "data_offsets": [0, 4]}}', bytes(4)
        ),
    ),
    broken("a tensor that is a text", "header-entry", SINGLE, "a: x", with_header({"a": "x"})),
    broken(
        "a tensor without a shape",
        "header-entry",
        SINGLE,
        "a: [data_offsets, dtype]",
        with_header({"a": {"dtype": "BF16", "data_offsets": [0, 4]}}, bytes(4)),
    ),
    broken(
        "a tensor with a field more",
        "header-entry",
        SINGLE,
        "run",
        with_header({"a": entry(run="x")}, bytes(4)),
    ),
    broken(
        "true in a shape",
        "header-entry",
        SINGLE,
        "[2, true]",
        with_header({"a": entry([2, True])}, bytes(4)),
    ),
    broken(
        "a fraction in a shape",
        "header-entry",
        SINGLE,
        "2.0",
        raw('{"a": {"dtype": "BF16", "shape": [2.0], "data_offsets": [0, 4]}}', bytes(4)),
    ),
    broken(
        "a negative dimension",
        "header-entry",
        SINGLE,
        "[-1, -2]",
        with_header({"a": entry([-1, -2])}, bytes(4)),
    ),
    broken(
        "a negative offset",
        "header-entry",
        SINGLE,
        "[-4, 0]",
        with_header({"a": entry(offsets=[-4, 0])}, bytes(4)),
    ),
    broken(
        "offsets the wrong way round",
        "header-entry",
        SINGLE,
        "[4, 0]",
        with_header({"a": entry(offsets=[4, 0])}, bytes(4)),
    ),
    broken(
        "three offsets",
        "header-entry",
        SINGLE,
        "[0, 2, 4]",
        with_header({"a": entry(offsets=[0, 2, 4])}, bytes(4)),
    ),
    broken(
        "metadata with a number",
        "header-metadata",
        SINGLE,
        "an object",
        model(change={SINGLE: tensors_file(llama_shapes(), metadata={"step": 3})}),
    ),
    broken(
        "a dtype nobody knows",
        "dtype-unknown",
        SINGLE,
        "BF17 of a",
        with_header({"a": entry(dtype="BF17")}, bytes(4)),
    ),
    broken(
        "a dtype that is a list",
        "dtype-unknown",
        SINGLE,
        "[] of a",
        with_header({"a": entry(dtype=[])}, bytes(4)),
    ),
    broken(
        "fewer bytes than the shape needs",
        "tensor-size",
        SINGLE,
        "shape [3] of BF16 needs 6 bytes",
        with_header({"a": entry([3])}, bytes(4)),
    ),
    broken(
        "a shape whose product overflows to 4",
        "tensor-size",
        SINGLE,
        "more than 2⁶³ bits",
        with_header({"a": entry([2**62, 2**62, 4])}, bytes(4)),
    ),
    broken(
        "an overflow times nothing",
        "tensor-size",
        SINGLE,
        "more than 2⁶³ bits",
        with_header({"a": entry([2**62, 2**62, 0], offsets=[0, 0])}),
    ),
    broken(
        "a file that is cut",
        "tensor-outside-file",
        SINGLE,
        "of 100",
        model(change={SINGLE: header_file({"a": entry([200], offsets=[0, 400])}, bytes(100))}),
    ),
    broken(
        "tensors that share bytes",
        "tensors-overlap",
        SINGLE,
        "b from byte 2, where the one before ends at 4",
        with_header({"a": entry(), "b": entry(offsets=[2, 6])}, bytes(6)),
    ),
    broken(
        "a hole between tensors",
        "bytes-of-no-tensor",
        SINGLE,
        "bytes 4 to 12, before b",
        with_header({"a": entry(), "b": entry(offsets=[12, 16])}, bytes(16)),
    ),
    broken(
        "a hole in front of the first tensor",
        "bytes-of-no-tensor",
        SINGLE,
        "bytes 0 to 8",
        with_header({"a": entry(offsets=[8, 12])}, bytes(12)),
    ),
    broken(
        "a program after the last tensor",
        "bytes-of-no-tensor",
        SINGLE,
        "9 bytes after the last tensor",
        model(change={SINGLE: tensors_file(llama_shapes()) + b"\x7fELF\x02\x01\x01\0\0"}),
    ),
    broken(
        "a million tensors",
        "header-json",
        SINGLE,
        "more than 500,000 keys",
        raw("{" + ",".join(f'"{n:x}":0' for n in range(1_000_001)) + "}"),
    ),
]

FILES = [
    broken(
        "a name that leads out",
        "file-name-unsafe",
        "../../root/.ssh/authorized_keys",
        "../../root",
        model(),
        more=[File("../../root/.ssh/authorized_keys", 3)],
    ),
    broken(
        "an absolute name",
        "file-name-unsafe",
        "/etc/passwd",
        "/etc",
        model(),
        more=[File("/etc/passwd", 3)],
    ),
    broken(
        "a name with backslashes",
        "file-name-unsafe",
        "..\\model.safetensors",
        "..\\",
        model(),
        more=[File("..\\model.safetensors", 3)],
    ),
    broken(
        "a name that turns the direction",
        "file-name-unsafe",
        "model\\u202egnp.safetensors",
        "\\u202e",
        model(),
        more=[File("model\u202egnp.safetensors", 3)],
    ),
    broken(
        "weights with a space in their name",
        "file-name-unsafe",
        "model (1).safetensors",
        "model (1)",
        model(change={"model (1).safetensors": b""}),
    ),
    broken(
        "an archive with config.json twice",
        "file-twice",
        "config.json",
        "config.json",
        model(),
        more=[File("config.json", 9)],
    ),
    broken(
        "names that differ by case",
        "file-case",
        "config.json",
        "Config.JSON",
        model(change={"Config.JSON": b"{}"}),
    ),
    broken(
        "a link in the tokenizer's place",
        "file-not-regular",
        "special_tokens_map.json",
        "no regular file",
        model(change={"special_tokens_map.json": b"{}"}),
        irregular=["special_tokens_map.json"],
    ),
    broken(
        "a hidden copy by macOS",
        "file-hidden",
        None,
        "._model.safetensors",
        model(change={"._model.safetensors": b"\0\5\x16\7"}),
    ),
    broken(
        "pickles beside the weights",
        "pickle-file",
        None,
        "old/optimizer.pt, and 1 more",
        model(change={"pytorch_model.bin": b"\x80\x02", "old/optimizer.pt": b"\x80\x02"}),
    ),
    broken(
        "code beside the weights",
        "code-file",
        None,
        "modeling_x.py",
        model(change={"modeling_x.py": b"import os"}),
    ),
    broken(
        "GGUF beside the weights",
        "other-weights",
        None,
        "m.gguf",
        model(change={"m.gguf": b"GGUF"}),
    ),
    broken(
        "a configuration of 1 GB",
        "file-too-large",
        "config.json",
        "1,000,000,000 bytes",
        model(),
        sizes={"config.json": 10**9},
    ),
    broken(
        "a configuration that is cut",
        "file-cut",
        "config.json",
        "of 5,000 bytes",
        model(),
        sizes={"config.json": 5_000},
    ),
    broken(
        "a pointer in the tokenizer's place",
        "lfs-pointer",
        "tokenizer.json",
        "bytes",
        model(change={"tokenizer.json": LFS}),
    ),
]

CONFIGURATIONS = [
    broken(
        "no configuration", "config-missing", None, "no config", model(change={"config.json": None})
    ),
    broken(
        "a configuration of YAML",
        "json-invalid",
        "config.json",
        "no JSON at character 1",
        model(change={"config.json": b"architectures: [LlamaForCausalLM]"}),
    ),
    broken(
        "a configuration with two model types",
        "json-invalid",
        "config.json",
        "the key model_type twice",
        model(change={"config.json": json.dumps(CONFIG).encode()[:-1] + b', "model_type": "x"}'}),
    ),
    broken(
        "a configuration of a million values",
        "json-invalid",
        "config.json",
        "more than 600,000 values",
        model(change={"config.json": b'{"a": [' + b"0," * 1_000_000 + b"0]}"}),
    ),
    broken(
        "Llama 4",
        "architecture",
        "config.json",
        "Llama4ForConditionalGeneration",
        model({"architectures": ["Llama4ForConditionalGeneration"], "model_type": "llama4"}),
    ),
    broken(
        "an embedding model",
        "architecture",
        "config.json",
        "[BertModel]",
        model({"architectures": ["BertModel"], "model_type": "bert"}),
    ),
    broken(
        "no architecture", "architecture", "config.json", "null", model({"architectures": None})
    ),
    broken(
        "two architectures",
        "architecture",
        "config.json",
        "[LlamaForCausalLM, MistralForCausalLM]",
        model({"architectures": ["LlamaForCausalLM", "MistralForCausalLM"]}),
    ),
    broken(
        "a Llama of type mistral",
        "model-type",
        "config.json",
        "mistral for LlamaForCausalLM",
        model({"model_type": "mistral"}),
    ),
    broken(
        "gpt-oss in Frankfurt",
        "region",
        None,
        "eu-central-1 for GptOssForCausalLM",
        model(
            GPT_OSS, change={"generation_config.json": b'{"eos_token_id": [200002,199999,200012]}'}
        ),
        region="eu-central-1",
    ),
    broken(
        "gpt-oss with one end token",
        "generation-config",
        "generation_config.json",
        "eos_token_id 200002",
        model(GPT_OSS, change={"generation_config.json": b'{"eos_token_id": 200002}'}),
    ),
    broken("Tokyo", "region", None, "ap-northeast-1", model(), region="ap-northeast-1"),
    broken(
        "code of its own",
        "custom-code",
        "config.json",
        "an object",
        model({"auto_map": {"AutoModelForCausalLM": "modeling_x.X"}}),
    ),
    broken(
        "a tokenizer with code of its own",
        "custom-code",
        TEXTS,
        "an object",
        model(tokenizer_config={"auto_map": {"AutoTokenizer": ["tokenization_x.X", None]}}),
    ),
    broken(
        "a newer transformers",
        "transformers-version",
        "config.json",
        "4.57.1",
        model({"transformers_version": "4.57.1"}),
    ),
    broken(
        "positions as transformers 5 writes them",
        "rope-parameters",
        "config.json",
        "no rope_theta",
        model({"rope_theta": None, "rope_parameters": {"rope_theta": 500000.0}}),
    ),
    broken(
        "Llama 3.2's own scaling of positions",
        "rope-scaling",
        "config.json",
        "factor 32.0",
        model(
            {
                "rope_scaling": {
                    "rope_type": "llama3",
                    "factor": 32.0,
                    "low_freq_factor": 1.0,
                    "high_freq_factor": 4.0,
                    "original_max_position_embeddings": 8192,
                },
                "max_position_embeddings": 131072,
            }
        ),
    ),
    broken(
        "GPTQ in the configuration",
        "quantized",
        "config.json",
        "gptq",
        model({"quantization_config": {"quant_method": "gptq", "bits": 4}}),
    ),
    broken(
        "a context of 256K",
        "context-length",
        "config.json",
        "262,144 tokens",
        model({"max_position_embeddings": 262144}),
    ),
    broken(
        "a context stretched to 256K",
        "context-length",
        "config.json",
        "262,144 tokens",
        model(
            {
                "max_position_embeddings": 65536,
                "rope_scaling": {"type": "linear", "factor": 4.0},
            }
        ),
    ),
    broken(
        "layers written as a text",
        "config-value",
        "config.json",
        "num_hidden_layers 2",
        model({"num_hidden_layers": "2"}),
    ),
    broken(
        "2⁹⁹ words",
        "config-value",
        "config.json",
        "vocab_size 633825300114114700748351602688",
        model({"vocab_size": 2**99}),
    ),
]

SMALL = json.loads(tensors_file(llama_shapes())[8:].split(b"\0")[0])
SMALL_BYTES = max(each["data_offsets"][1] for each in SMALL.values() if "data_offsets" in each)
HUGE_BYTES = SMALL_BYTES + 200 * 10**9
HUGE = {
    **SMALL,
    "model.rotary": entry([10**11], offsets=[SMALL_BYTES, HUGE_BYTES]),
}
WEIGHTS = [
    broken("no weights", "weights-missing", None, "no *.safetensors", model(change={SINGLE: None})),
    broken(
        "weights in a folder below",
        "weights-missing",
        None,
        "final/model.safetensors",
        model(change={SINGLE: None, "final/model.safetensors": b""}),
    ),
    broken(
        "one file and an index of others",
        "weights-ambiguous",
        SINGLE,
        INDEX,
        sharded() | {SINGLE: tensors_file(llama_shapes())},
    ),
    broken(
        "a single file with a name of its own",
        "weights-name",
        "adapter-merged.safetensors",
        "adapter-merged.safetensors",
        model(change={SINGLE: None, "adapter-merged.safetensors": tensors_file(llama_shapes())}),
    ),
    broken(
        "shards without an index",
        "index-missing",
        None,
        "2 files",
        {name: data for name, data in sharded().items() if name != INDEX},
    ),
    broken(
        "an index without a map",
        "index-invalid",
        INDEX,
        "weight_map null",
        sharded() | {INDEX: b'{"metadata": {}}'},
    ),
    broken(
        "an index that is cut",
        "json-invalid",
        INDEX,
        "no JSON",
        sharded() | {INDEX: b'{"weight_map": {"a": "b'},
    ),
    broken(
        "an index that leads out",
        "index-file-name",
        INDEX,
        "../../evil.safetensors for x",
        sharded(weight_map={"x": "../../evil.safetensors"}),
    ),
    broken(
        "an index that names a pickle",
        "index-file-name",
        INDEX,
        "pytorch_model.bin for x",
        sharded(weight_map={"x": "pytorch_model.bin"}),
    ),
    broken(
        "a shard that is not there",
        "shard-missing",
        INDEX,
        SECOND,
        sharded(shards={SECOND: None}),
        consequences=["tensor-missing", "layers", "index-total-size"],
    ),
    broken(
        "a tensor in two shards",
        "tensor-twice",
        SECOND,
        "model.embed_tokens.weight",
        sharded(
            shards={
                FIRST: tensors_file({"model.embed_tokens.weight": (ROWS, WIDTH)}),
                SECOND: tensors_file(llama_shapes()),
            },
            weight_map=dict.fromkeys(llama_shapes(), SECOND) | {"model.embed_tokens.weight": FIRST},
        ),
        consequences=["index-tensor-unlisted"],
    ),
    broken(
        "a thousand and one shards",
        "too-many-shards",
        None,
        "1,001 files",
        model(
            change={SINGLE: None}
            | {f"model-{number:05}.safetensors": header_file({}) for number in range(1_001)}
        ),
        consequences=["index-missing"],
    ),
    broken(
        "a shard that nothing names",
        "shard-extra",
        None,
        "consolidated.safetensors",
        sharded() | {"consolidated.safetensors": b""},
    ),
    broken(
        "an index with a tensor that is nowhere",
        "index-tensor-missing",
        SECOND,
        "model.extra",
        sharded(weight_map={"model.extra": SECOND}),
    ),
    broken(
        "a tensor that the index does not name",
        "index-tensor-unlisted",
        FIRST,
        "model.layers.0.input_layernorm.weight of no file",
        sharded(weight_map={"model.layers.0.input_layernorm.weight": None}),
    ),
    broken(
        "an index with a wrong sum", "index-total-size", INDEX, "17, the tensors", sharded(total=17)
    ),
    broken(
        "200 GB of weights",
        "weights-too-large",
        None,
        "200,000,",
        model(change={SINGLE: header_file(HUGE)}),
        # The listing says so: nothing of that size is here.
        sizes={SINGLE: 8 + len(json.dumps(HUGE)) + HUGE_BYTES},
    ),
    broken(
        "an adapter beside the weights",
        "adapter-unmerged",
        None,
        "adapter_config.json",
        model(change={"adapter_config.json": b"{}"}),
    ),
    broken(
        "tensors of an adapter",
        "adapter-tensors",
        None,
        "model.layers.0.self_attn.q_proj.lora_A.weight, and 3 more",
        with_shapes(
            llama_shapes()
            | {
                f"model.layers.{layer}.self_attn.q_proj.lora_{side}.weight": (2, WIDTH)
                for layer in range(LAYERS)
                for side in "AB"
            }
        ),
    ),
    broken(
        "weights of 8 bits",
        "quantized-tensors",
        None,
        "of I8, and 10 more",
        with_shapes(llama_shapes(), dtype="I8", bytes_each=1),
    ),
    broken(
        "weights of FP8",
        "quantized-tensors",
        None,
        "of F8_E4M3",
        with_shapes(llama_shapes(), dtype="F8_E4M3", bytes_each=1),
    ),
    broken(
        "bitsandbytes' tensors",
        "quantized-tensors",
        None,
        "model.layers.0.mlp.up_proj.weight.absmax of BF16, and 1 more",
        with_shapes(
            llama_shapes()
            | {f"model.layers.{layer}.mlp.up_proj.weight.absmax": (2,) for layer in range(LAYERS)}
        ),
    ),
    broken(
        "weights of F64",
        "weight-dtype",
        None,
        "of F64",
        with_shapes(llama_shapes(), dtype="F64", bytes_each=8),
    ),
    broken(
        "no head",
        "tensor-missing",
        None,
        "no lm_head.weight; the first one is model.embed_tokens.weight",
        with_shapes(
            {name: shape for name, shape in llama_shapes().items() if name != "lm_head.weight"}
        ),
    ),
    broken(
        "a layer without one of its tensors",
        "tensor-missing",
        None,
        "no model.layers.1.mlp.up_proj.weight",
        with_shapes(
            {
                name: shape
                for name, shape in llama_shapes().items()
                if name != "model.layers.1.mlp.up_proj.weight"
            }
            | {
                f"model.layers.2.{rest}": shape
                for rest, shape in (
                    ("self_attn.q_proj.weight", (WIDTH, WIDTH)),
                    ("self_attn.o_proj.weight", (WIDTH, WIDTH)),
                    ("mlp.up_proj.weight", (WIDTH, WIDTH)),
                    ("input_layernorm.weight", (WIDTH,)),
                )
            }
        )
        | {"config.json": json.dumps(CONFIG | {"num_hidden_layers": 3}).encode()},
    ),
    broken(
        "a layer too few",
        "layers",
        None,
        "1 below model.layers., none with number 1",
        with_shapes(llama_shapes(layers=1)),
    ),
    broken("a layer too many", "layers", None, "3 below", with_shapes(llama_shapes(layers=3))),
    broken(
        "more words in the configuration than rows",
        "embedding-shape",
        None,
        f"[{ROWS}, {WIDTH}], and 1 more",
        model({"vocab_size": ROWS + 8}),
    ),
]

TOKENIZERS = [
    broken(
        "a model of images without its processor",
        "processor-missing",
        None,
        "no preprocessor_config.json",
        model(QWEN_VL),
    ),
    broken(
        "no tokenizer",
        "tokenizer-missing",
        None,
        "no tokenizer.json",
        model(change={"tokenizer.json": None}),
    ),
    broken(
        "a tokenizer of transformers 5",
        "tokenizer-class",
        TEXTS,
        "TokenizersBackend",
        model(tokenizer_config={"tokenizer_class": "TokenizersBackend"}),
    ),
    broken(
        "a tokenizer of no class",
        "tokenizer-class-missing",
        TEXTS,
        "none",
        model(tokenizer_config={"tokenizer_class": None}),
    ),
    broken(
        "SentencePiece without its model",
        "tokenizer-model-missing",
        TEXTS,
        "LlamaTokenizer, no tokenizer.model",
        model(tokenizer_config={"tokenizer_class": "LlamaTokenizer"}),
    ),
    broken("a tokenizer of nothing", "tokenizer-invalid", "tokenizer.json", "model", tokens()),
    broken(
        "a tokenizer of no words",
        "tokenizer-invalid",
        "tokenizer.json",
        "0 tokens",
        tokens(model={"vocab": {}}),
    ),
    broken(
        "a token numbered by a text",
        "tokenizer-invalid",
        "tokenizer.json",
        "Expected `int`",
        tokens(model={"vocab": {"a": "1"}}),
    ),
    broken(
        "a tokenizer nested 100,000 deep",
        "tokenizer-invalid",
        "tokenizer.json",
        "recursion",
        model(change={"tokenizer.json": b'{"x":' + b"[" * 100_000}),
    ),
    broken(
        "700,000 words",
        "tokenizer-invalid",
        "tokenizer.json",
        "too large",
        model(
            change={"tokenizer.json": b'{"model":{"vocab":{' + b'"a":1,' * 700_000 + b'"b":2}}}'}
        ),
    ),
    broken(
        "more words than rows",
        "tokenizer-vocabulary",
        "tokenizer.json",
        f"number {ROWS}",
        model(change={"tokenizer.json": tokenizer_json(words=ROWS + 1)}),
    ),
    broken(
        "an added token beyond the embedding",
        "tokenizer-vocabulary",
        "tokenizer.json",
        "number 4000",
        tokens(model={"vocab": {"a": 0}}, added_tokens=[{"id": 4000, "content": "<x>"}]),
    ),
]

FAR = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}"
TEMPLATES = [
    broken("no template", "chat-template-missing", None, "none", model()),
    broken(
        "templates that disagree",
        "chat-template-ambiguous",
        None,
        "tokenizer_config.json and chat_template.jinja",
        model(template=TEMPLATE, change={"chat_template.jinja": TEMPLATE.encode() + b"!"}),
    ),
    broken(
        "a template of the wrong syntax",
        "chat-template-invalid",
        TEXTS,
        "line 1",
        model(template="{% for message in messages %}{{ message"),
    ),
    broken(
        "a filter that Jinja does not have",
        "chat-template-invalid",
        TEXTS,
        "No filter named 'shell'",
        model(template="{{ messages | shell }}"),
    ),
    broken("a template that is a number", "chat-template-invalid", TEXTS, "7", model(template=7)),
    broken(
        "named templates without a default",
        "chat-template-invalid",
        TEXTS,
        "[an object]",
        model(template=[{"name": "rag", "template": TEMPLATE}]),
    ),
    broken(
        "Python's classes from a text",
        "chat-template-unsafe",
        TEXTS,
        ".__subclasses__",
        model(template=TEMPLATE + "{{ ''.__class__.__mro__[1].__subclasses__() }}"),
    ),
    broken(
        "Python's classes in a branch that is never taken",
        "chat-template-unsafe",
        TEXTS,
        "line 1: __globals__",
        model(
            template=TEMPLATE + "{% if 'x9' in messages %}{{ cycler['__globals__'] }}{% endif %}"
        ),
    ),
    broken(
        "Python's classes by a name put together",
        "chat-template-unsafe",
        TEXTS,
        "unsafe",
        model(template=TEMPLATE + "{{ ''['__cla' ~ 'ss__']['__mr' ~ 'o__'] }}"),
    ),
    broken(
        "a file of the host",
        "chat-template-unsafe",
        TEXTS,
        "include",
        model(template=TEMPLATE + "{% include '/etc/passwd' %}"),
    ),
    broken(
        "a template of 10¹² steps that write nothing",
        "chat-template-endless",
        TEXTS,
        "limits",
        model(template=FAR + "{% endfor %}" * 3),
    ),
    broken(
        "a template of 10¹⁰ characters",
        "chat-template-endless",
        TEXTS,
        "MemoryError",
        model(template=TEMPLATE + "{{ 'x' * 10000000000 }}"),
    ),
    broken(
        "a range of 10⁹",
        "chat-template-endless",
        TEXTS,
        "OverflowError",
        model(template=TEMPLATE + "{% for a in range(1000000000) %}x{% endfor %}"),
    ),
    broken(
        "a template that raises",
        "chat-template-fails",
        TEXTS,
        "TemplateError: not today",
        model(template="{{ raise_exception('not today') }}"),
    ),
    broken(
        "a template that asks something else",
        "chat-template-fails",
        TEXTS,
        "leaves it out",
        model(template="Say that all is well."),
    ),
    broken(
        "a template without a system prompt",
        "chat-template-system",
        TEXTS,
        "TemplateError: only users",
        model(
            template="{% for m in messages %}{% if m.role == 'system' %}"
            "{{ raise_exception('only users') }}{% endif %}{{ m.content }}{% endfor %}"
        ),
    ),
    broken(
        "a template of 1 MB",
        "file-too-large",
        TEXTS,
        "1,000,000 characters",
        model(template="x" * 1_000_000),
    ),
]

BROKEN = [*HEADERS, *FILES, *CONFIGURATIONS, *WEIGHTS, *TOKENIZERS, *TEMPLATES]
