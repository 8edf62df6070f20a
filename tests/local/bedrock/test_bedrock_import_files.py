"""Model folders as the embedded Custom Model Import sees them: what it takes, what it refuses."""

import json

import numpy as np
import pytest

from bedrock_customization_local.cloud.bedrock.jobs.failures import JobFailedError
from bedrock_customization_local.cloud.bedrock.jobs.model_files import ModelFiles, examine
from bedrock_customization_local.cloud.bedrock.tinylm.model import base_model
from bedrock_customization_local.cloud.bedrock.tinylm.model_folder import (
    METADATA_KEY,
    write_model_folder,
)
from bedrock_customization_local.cloud.bedrock.tinylm.tensor_file import encode

GIGABYTE = 1_000_000_000


class Bucket:
    """Objects in memory, or their beginnings: a size may be told that nobody could hold."""

    def __init__(self, objects, sizes=()):
        self.objects, self.sizes = objects, dict(sizes)

    def sizes_below(self, _uri):
        return {name: len(content) for name, content in self.objects.items()} | self.sizes

    def read_part(self, uri, start, length):
        return self.objects[uri.removeprefix("s3://models/tiny/")][start : start + length]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    write_model_folder(base_model("some model", "a few words"), folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def examined(objects, region="us-east-1", sizes=()):
    return examine(ModelFiles(Bucket(objects, sizes), "s3://models/tiny"), region)


def changed(folder, name="config.json", **changes):
    content = json.loads(folder[name]) | changes
    return folder | {name: json.dumps(content).encode()}


def without(folder, *names):
    return {name: content for name, content in folder.items() if name not in names}


def test_a_model_of_ours_is_read_whole(folder):
    found = examined(folder)
    assert (found.architecture, found.units) == ("LlamaForCausalLM", 1)
    assert found.instruct_supported
    assert (
        found.network.vocabulary.words == base_model("some model", "a few words").vocabulary.words
    )


def test_the_weights_of_another_model_are_taken_and_not_run(folder):
    weights = encode({"model.embed_tokens.weight": np.zeros((3, 2), np.float32)}, {"format": "pt"})
    found = examined(folder | {"model.safetensors": weights})
    assert found.network is None
    assert found.instruct_supported


@pytest.mark.parametrize(
    ("architecture", "converses"),
    [
        ("MistralForCausalLM", True),
        ("Qwen3ForCausalLM", True),
        ("Qwen2ForCausalLM", False),
        ("Qwen2_5_VLForConditionalGeneration", False),
        ("GptOssForCausalLM", False),
        ("T5ForConditionalGeneration", False),
    ],
)
def test_some_architectures_are_not_asked_by_converse(folder, architecture, converses):
    found = examined(changed(folder, architectures=[architecture]))
    assert found.instruct_supported is converses


def test_without_a_chat_template_converse_does_not_ask(folder):
    plain = changed(folder, "tokenizer_config.json", chat_template=None)
    assert not examined(plain).instruct_supported
    own = plain | {"chat_template.jinja": b"{{ messages }}"}
    assert examined(own).chat_template == "{{ messages }}"


def test_a_template_in_a_file_of_its_own_counts_more(folder):
    listed = [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]
    several = changed(folder, "tokenizer_config.json", chat_template=listed)
    assert examined(several).chat_template == "d"
    own = several | {"chat_template.json": json.dumps({"chat_template": "j"}).encode()}
    assert examined(own).chat_template == "j"
    assert examined(own | {"chat_template.jinja": b"f"}).chat_template == "f"


def test_mxfp4_weights_are_taken_of_gpt_oss_alone(folder):
    mxfp4 = {"quantization_config": {"quant_method": "mxfp4"}}
    assert examined(changed(folder, architectures=["GptOssForCausalLM"], **mxfp4)).units == 1
    with pytest.raises(JobFailedError, match="quantized"):
        examined(changed(folder, **mxfp4))


def sized(count):
    """Return the beginning of a file of one tensor that nobody could hold, and its size."""
    header = {"a": {"dtype": "BF16", "shape": [count], "data_offsets": [0, 2 * count]}}
    content = headed(header)
    return content, len(content) + 2 * count


def headed(header):
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text


@pytest.mark.parametrize(("gigabytes", "units"), [(7, 1), (16, 2), (65, 4), (140, 8)])
def test_larger_models_need_more_units(folder, gigabytes, units):
    content, size = sized(gigabytes * GIGABYTE // 2)
    sizes = {"model.safetensors": size}
    assert examined(folder | {"model.safetensors": content}, sizes=sizes).units == units


@pytest.mark.parametrize(
    ("architecture", "gigabytes"),
    [("LlamaForCausalLM", 200), ("MllamaForConditionalGeneration", 100)],
)
def test_weights_beyond_the_limit_are_refused(folder, architecture, gigabytes):
    content, size = sized(gigabytes * GIGABYTE // 2)
    large = changed(folder, architectures=[architecture]) | {"model.safetensors": content}
    with pytest.raises(JobFailedError, match="exceed the maximum"):
        examined(large, sizes={"model.safetensors": size})


BROKEN = {
    "nothing": (lambda _: {}, "no model files"),
    "no configuration": (lambda f: without(f, "config.json"), "config.json is missing"),
    "no tokenizer": (lambda f: without(f, "tokenizer.json"), "A tokenizer is missing"),
    "no tokenizer configuration": (
        lambda f: without(f, "tokenizer_config.json"),
        "tokenizer_config.json is missing",
    ),
    "no safetensors": (
        lambda f: without(f, "model.safetensors") | {"pytorch_model.bin": b"x"},
        "no weights in the safetensors format",
    ),
    "an adapter": (lambda f: f | {"adapter_config.json": b"{}"}, "has adapters"),
    "another architecture": (
        lambda f: changed(f, architectures=["Llama4ForConditionalGeneration"]),
        "Llama4ForConditionalGeneration is not supported",
    ),
    "no architecture": (lambda f: changed(f, architectures=[]), "none is not supported"),
    "a configuration that is no JSON": (
        lambda f: f | {"config.json": b"{"},
        "config.json is not a valid JSON object",
    ),
    "a configuration that is a list": (
        lambda f: f | {"config.json": b"[]"},
        "config.json is not a valid JSON object",
    ),
    "quantized weights": (
        lambda f: changed(f, quantization_config={"quant_method": "gptq"}),
        "quantized",
    ),
    "a long context": (
        lambda f: changed(f, max_position_embeddings=131_073),
        "context length of 131073",
    ),
    "weights of integers": (
        lambda f: f | {"model.safetensors": f["model.safetensors"].replace(b'"F32"', b'"I32"')},
        "type I32",
    ),
    "weights cut short": (
        lambda f: f | {"model.safetensors": f["model.safetensors"][:-1]},
        "not a valid safetensors file",
    ),
    "an index of missing files": (
        lambda f: f | {"model.safetensors.index.json": b'{"weight_map": {"a": "other"}}'},
        "names files that are missing",
    ),
    "weights that are not those of their vocabulary": (
        lambda f: (
            f
            | {
                "model.safetensors": f["model.safetensors"].replace(
                    b"model.norm.weight", b"model.none.weight"
                )
            }
        ),
        "do not fit",
    ),
    "metadata that are no object": (
        lambda f: f | {"model.safetensors": headed({"__metadata__": []})},
        "not a valid safetensors file",
    ),
    "a vocabulary without weights": (
        lambda f: f | {"model.safetensors": headed({"__metadata__": {METADATA_KEY: "{}"}})},
        "do not fit",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_cannot_be_imported_is_told_why(folder, kind):
    break_, words = BROKEN[kind]
    with pytest.raises(JobFailedError, match=words):
        examined(break_(folder))


def test_gpt_oss_is_imported_in_one_region(folder):
    with pytest.raises(JobFailedError, match="not supported in us-west-2"):
        examined(changed(folder, architectures=["GptOssForCausalLM"]), "us-west-2")
