"""Weights that are not a whole model in one of its forms."""

import json

from broken import (
    FIRST,
    INDEX,
    SECOND,
    SINGLE,
    broken,
    entry,
)
from model_folders import (
    CONFIG,
    LAYERS,
    ROWS,
    WIDTH,
    header_file,
    llama_shapes,
    model,
    sharded,
    tensors_file,
    with_shapes,
)

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
