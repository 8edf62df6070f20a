"""`inspect-model` as a person or a pipeline runs it."""

import json
import re
import runpy
from pathlib import Path

import boto3
import numpy as np
import pytest
from safetensors.numpy import save

from bedrock_customization_local.cloud import moto_server
from bedrock_customization_local.cloud.hub import Access, Hub

PAGE = Path(__file__).parents[3] / "docs" / "import-rules.md"
MODELS = Path(__file__).parents[2] / "unit" / "weights" / "model_folders.py"


@pytest.fixture(scope="module")
def models():
    """What builds model folders."""
    return runpy.run_path(str(MODELS))


@pytest.fixture
def write(folder, models):
    """Write a tiny Llama, changed; returns its folder."""

    def write_model(name="my-llama", **changes):
        files = models["model"](template=models["TEMPLATE"], **changes)
        (folder / name).mkdir()
        for file, data in files.items():
            (folder / name / file).write_bytes(data)
        return folder / name

    return write_model


def test_a_model_that_can_be_imported_is_told_in_two_lines_and_a_verdict(write, run_in):
    write()
    code, out, _ = run_in("inspect-model", "my-llama", "--region", "us-west-2")
    assert code == 0
    assert out.splitlines() == [
        (
            "LlamaForCausalLM; Llama 2, 3, 3.1, 3.2, 3.3; 364 parameters of BF16; "
            "context of 2,048 tokens; chat template"
        ),
        "4 files to copy, 2,839 bytes",
        "✓ my-llama: 0 errors, 0 warnings: ready to import in us-west-2",
    ]


def test_an_error_makes_the_exit_code_1(write, run_in):
    write(config={"architectures": ["BertModel"]})
    code, out, _ = run_in("inspect-model", "my-llama")
    assert code == 1
    assert "architecture  config.json" in out
    assert "found    architectures [BertModel]" in out
    assert out.endswith("✗ my-llama: 1 error, 0 warnings: Bedrock would not import it\n")


def test_a_warning_makes_the_exit_code_1_only_where_asked_for(write, run_in):
    write(change={"pytorch_model.bin": b"\x80\x02"})
    assert run_in("inspect-model", "my-llama")[0] == 0
    code, out, _ = run_in("inspect-model", "my-llama", "--strict")
    assert code == 1
    assert "--strict allows none" in out


def test_machines_read_the_same_as_json(write, run_in):
    write(config={"max_position_embeddings": 262144}, change={"x.py": b"1"})
    code, out, _ = run_in("inspect-model", "my-llama", "--format", "json")
    document = json.loads(out)
    assert code == 1
    assert [each["rule"] for each in document["findings"]] == ["context-length", "code-file"]
    assert document["findings"][0]["found"] == "262,144 tokens"
    assert document["findings"][0]["file"] == "config.json"
    assert document["staged"] == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert document["ignored"] == ["x.py"]
    assert not document["can_be_imported"]


def test_a_folder_that_is_none_gets_one_message_and_exit_code_2(folder, write, run_in):
    model = write("below/llama".replace("/", "-"))
    (folder / "empty").mkdir()
    (folder / "outer").mkdir()
    model.rename(folder / "outer" / "llama")
    for place, said in (
        ("nowhere", "it does not exist"),
        ("outer/llama/config.json", "it is a file"),
        ("empty", "neither config.json nor weights; it has 0 files"),
        ("outer", "in a folder below"),
        ("s3://bucket", "an S3 URI looks like s3://bucket/key"),
    ):
        code, out, err = run_in("inspect-model", place)
        assert code == 2, place
        assert out == ""
        assert said in err
        assert "name the folder that holds config.json" in err


def test_a_link_out_of_the_folder_is_never_followed(folder, write, run_in):
    model = write()
    (folder / "secret").write_text("a secret")
    (model / "tokenizer.json").unlink()
    (model / "tokenizer.json").symlink_to(folder / "secret")
    (model / "loop").symlink_to(model)
    code, out, _ = run_in("inspect-model", "my-llama")
    assert code == 1
    assert "file-not-regular  tokenizer.json" in out
    assert "secret" not in out


def test_a_snapshot_in_the_hubs_own_cache_is_a_folder_like_any(folder, write, run_in):
    model = write()
    snapshot = folder / "models--me--my-llama" / "snapshots" / "0f1e2d"
    blobs = folder / "models--me--my-llama" / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for number, file in enumerate(sorted(model.iterdir())):
        file.rename(blobs / str(number))
        (snapshot / file.name).symlink_to(Path("..") / ".." / "blobs" / str(number))
    code, out, _ = run_in("inspect-model", snapshot)
    assert code == 0, out


def test_a_file_that_may_not_be_read_is_named(write, run_in, monkeypatch):
    model = write()
    opened = Path.open

    def refuse(self, *arguments, **options):
        if self.name == "config.json":
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    code, _, err = run_in("inspect-model", model)
    assert code == 1
    assert "config.json cannot be read: Permission denied" in err


@pytest.fixture
def bucket(monkeypatch):
    """A bucket on loopback, for this process and its commands."""
    server = moto_server.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="models-to-inspect")
    yield s3
    s3.close()
    server.close()


def test_a_model_in_s3_is_one_like_any(bucket, write, run_in):
    model = write()
    (model / "model.safetensors").write_bytes(save({"big": np.zeros(2**20)}))
    for file in model.iterdir():
        body = file.read_bytes()
        bucket.put_object(Bucket="models-to-inspect", Key=f"llama/{file.name}", Body=body)
    bucket.put_object(Bucket="models-to-inspect", Key="llama/", Body=b"")
    bucket.put_object(Bucket="models-to-inspect", Key="llama-other/x.safetensors", Body=b"x")
    in_s3 = run_in("inspect-model", "s3://models-to-inspect/llama", "--region", "us-east-1")
    on_disk = run_in("inspect-model", "my-llama", "--region", "us-east-1")
    assert in_s3[0] == on_disk[0] == 1
    assert "1,048,576 parameters" in in_s3[1]
    assert in_s3[1].replace("s3://models-to-inspect/llama", "my-llama") == on_disk[1]
    code, _, err = run_in("inspect-model", "s3://models-to-inspect/no", "--region", "us-east-1")
    assert (code, "holds nothing: name the folder of the model" in err) == (1, True)
    code, _, err = run_in("inspect-model", "s3://no-such-bucket/llama", "--region", "us-east-1")
    assert (code, "NoSuchBucket" in err) == (1, True)


def test_a_model_of_the_hub_is_one_like_any(write, run_in, monkeypatch):
    write()
    with Hub() as hub:
        commit = hub.publish("owner/llama", write("gated"), access=Access.GATED)
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", hub.token)
        code, out, _ = run_in("inspect-model", f"hf:owner/llama@{commit}")
        assert (code, out.replace(f"hf:owner/llama@{commit}", "my-llama")) == (
            run_in("inspect-model", "my-llama")[:2]
        )
        monkeypatch.setenv("HF_TOKEN", hub.stranger_token)
        code, _, err = run_in("inspect-model", "hf:owner/llama")
        assert (code, "ModelSourceRefused" in err, hub.stranger_token in err) == (1, True, False)
        code, _, err = run_in("inspect-model", "hf:no such name")
        assert (code, "repo must look like organization/model" in err) == (2, True)


LLAMA_8B = {
    "self_attn.q_proj.weight": (4096, 4096),
    "self_attn.k_proj.weight": (1024, 4096),
    "self_attn.v_proj.weight": (1024, 4096),
    "self_attn.o_proj.weight": (4096, 4096),
    "mlp.gate_proj.weight": (14336, 4096),
    "mlp.up_proj.weight": (14336, 4096),
    "mlp.down_proj.weight": (4096, 14336),
    "input_layernorm.weight": (4096,),
    "post_attention_layernorm.weight": (4096,),
}


def test_the_page_shows_what_the_command_prints(write, run_on_terminal):
    model = write(
        config={
            "vocab_size": 128256,
            "hidden_size": 4096,
            "num_hidden_layers": 32,
            "max_position_embeddings": 262144,
            "quantization_config": {"quant_method": "gptq"},
        },
        change={"README.md": b"# My Llama"},
    )
    ends = {"model.embed_tokens.weight": (128256, 4096), "lm_head.weight": (128256, 4096)}
    layers = {
        f"model.layers.{n}.{name}": shape for n in range(32) for name, shape in LLAMA_8B.items()
    }
    header, reached = {}, 0
    for name, shape in (ends | layers | {"model.norm.weight": (4096,)}).items():
        size = 2 * shape[0] * (shape[1] if len(shape) > 1 else 1)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [reached, reached + size]}
        reached += size
    text = json.dumps(header).encode()
    with (model / "model.safetensors").open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        # A hole: it takes no room on the disk.
        file.truncate(8 + len(text) + reached)
    _, printed = run_on_terminal("inspect-model", "my-llama", "--region", "us-east-1")
    (shown,) = re.findall(r"```console\n\$ bedrock.*?\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert [line.rstrip() for line in printed.splitlines()] == shown.splitlines()
