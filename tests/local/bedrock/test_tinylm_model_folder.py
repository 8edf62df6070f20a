"""The small model as a folder that can be imported, read by the libraries of its formats."""

import json

import numpy as np
import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bedrock_customization_local.cloud.bedrock.inference.prompts import join_turns
from bedrock_customization_local.cloud.bedrock.tinylm.generation import generate
from bedrock_customization_local.cloud.bedrock.tinylm.model_folder import (
    METADATA_KEY,
    read_model,
    write_model_folder,
)
from bedrock_customization_local.cloud.bedrock.tinylm.tensor_file import (
    TensorFileError,
    decode,
    encode,
    read_header,
)
from bedrock_customization_local.cloud.bedrock.tinylm.training import Settings, Training
from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import Record, split_words

PAIRS = [("where is my card", "card_arrival"), ("my phone is gone", "lost_phone")] * 4


@pytest.fixture(scope="module")
def model():
    records = [Record(split_words(prompt), split_words(answer)) for prompt, answer in PAIRS]
    training = Training(records, [], Settings(epochs=2))
    for _ in training:
        pass
    return training.model


def headers_of(folder):
    for path in sorted(folder.glob("*.safetensors")):
        content = path.read_bytes()
        yield (
            path,
            content,
            read_header(lambda at, n, data=content: data[at : at + n], len(content)),
        )


@pytest.mark.parametrize("shards", [1, 3])
def test_the_folder_holds_the_model(model, tmp_path, shards):
    write_model_folder(model, tmp_path, shards=shards)
    files = list(headers_of(tmp_path))
    assert len(files) == shards
    tensors = {
        name: decode(tensor, content[tensor.start : tensor.end])
        for _, content, header in files
        for name, tensor in header.tensors.items()
    }
    read = read_model(files[0][2].metadata[METADATA_KEY], tensors)
    assert np.array_equal(read.weights.flat, model.weights.flat)
    assert read.vocabulary == model.vocabulary
    asked = [prompt for prompt, _ in PAIRS[:2]]
    assert generate(read, asked, 8) == generate(model, asked, 8)


def test_an_index_tells_where_each_tensor_of_parted_weights_is(model, tmp_path):
    write_model_folder(model, tmp_path, shards=2)
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    held = {name: path.name for path, _, header in headers_of(tmp_path) for name in header.tensors}
    assert index["weight_map"] == held
    assert set(held.values()) == {f"model-0000{n}-of-00002.safetensors" for n in (1, 2)}
    sizes = [
        t.end - t.start for _, _, header in headers_of(tmp_path) for t in header.tensors.values()
    ]
    assert index["metadata"]["total_size"] == sum(sizes)


def test_the_format_s_own_library_reads_the_weights(model, tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    write_model_folder(model, tmp_path)
    tensors = safetensors.load_file(tmp_path / "model.safetensors")
    config = json.loads((tmp_path / "config.json").read_text())
    assert tensors["lm_head.weight"].shape == (config["vocab_size"], config["hidden_size"])
    assert np.array_equal(tensors["model.embed_tokens.weight"], model.weights["words"])
    ours = encode({"a": np.arange(6, dtype=np.float32).reshape(2, 3)}, {"format": "pt"})
    assert np.array_equal(safetensors.load(ours)["a"], [[0, 1, 2], [3, 4, 5]])
    theirs = safetensors.save({"a": np.ones((2, 2), np.float32)}, {"key": "value"})
    header = read_header(lambda at, n: theirs[at : at + n], len(theirs))
    assert header.metadata == {"key": "value"}
    assert header.tensors["a"].shape == (2, 2)


def test_the_tokenizers_library_reads_the_tokenizer(model, tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    write_model_folder(model, tmp_path)
    tokenizer = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert tokenizer.get_vocab_size() == model.vocabulary.size
    encoded = tokenizer.encode("where is my unheard-of card")
    assert encoded.tokens[:3] == ["where", " is", " my"]
    assert "<unk>" in encoded.tokens
    assert tokenizer.decode(tokenizer.encode("my card is").ids) == "my card is"


@pytest.mark.parametrize(
    ("system", "turns"),
    [
        ([], [("user", "hello")]),
        (["Be kind."], [("user", "hello")]),
        (["Be kind."], [("user", "hello"), ("assistant", "hi"), ("user", "and?")]),
    ],
)
def test_the_chat_template_writes_conversations_as_the_model_was_trained(
    model, tmp_path, system, turns
):
    write_model_folder(model, tmp_path)
    template = json.loads((tmp_path / "tokenizer_config.json").read_text())["chat_template"]
    messages = [("system", text) for text in system] + turns
    written = (
        ImmutableSandboxedEnvironment()
        .from_string(template)
        .render(messages=[{"role": role, "content": text} for role, text in messages])
    )
    assert written == join_turns(system, turns)


def test_a_folder_may_have_no_chat_template(model, tmp_path):
    write_model_folder(model, tmp_path, chat_template=False)
    assert "chat_template" not in json.loads((tmp_path / "tokenizer_config.json").read_text())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 8,
        b"\xff" * 16,
        (2).to_bytes(8, "little") + b"[]",
        (4).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"{}" + b"rest",
        encode({"a": np.ones(4, np.float32)}, {})[:-1],
        encode({"a": np.ones(4, np.float32)}, {}).replace(b"[4]", b"[5]"),
        encode({"a": np.ones(4, np.float32)}, {}).replace(b"[4]", b"-4 "),
        encode({"a": np.ones(4, np.float32)}, {}).replace(b"F32", b"F99"),
    ],
)
def test_what_is_no_safetensors_file_is_refused(content):
    with pytest.raises(TensorFileError):
        read_header(lambda at, n: content[at : at + n], len(content))
