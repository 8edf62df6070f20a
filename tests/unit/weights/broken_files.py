"""Listings and configurations that are broken or hostile."""

import json

from broken import (
    GPT_OSS,
    LFS,
    TEXTS,
    broken,
)
from model_folders import (
    CONFIG,
    model,
)

from bedrock_customization_runtime.weights import File

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
