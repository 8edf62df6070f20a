"""What is wrong with a model folder is found and said, and nothing else."""

import re
from math import prod

import pytest
from broken_files import CONFIGURATIONS, FILES
from broken_headers import HEADERS
from broken_tokenizers import TEMPLATES, TOKENIZERS
from broken_weights import WEIGHTS
from model_folders import (
    LAYERS,
    ROWS,
    TEMPLATE,
    MemoryFolder,
    header_file,
    llama_shapes,
    model,
    sharded,
    with_shapes,
)

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.chat_templates import judging
from bedrock_customization_runtime.chat_templates.verdicts import Conversation
from bedrock_customization_runtime.weights import (
    File,
    headers as headers_module,
    inspect,
)
from bedrock_customization_runtime.weights.rules import TABLE, Rule, headers

BROKEN = (*HEADERS, *FILES, *CONFIGURATIONS, *WEIGHTS, *TOKENIZERS, *TEMPLATES)
LIMITS = catalog.import_rules()
# Most folders have no chat template, so that no process need look at one.
NO_TEMPLATE = "chat-template-missing"
# Headers of one or two tensors are no whole model.
OF_A_FEW_TENSORS = {"tensor-missing", "layers"}
HEADER_RULES = {each.id for each in vars(headers).values() if isinstance(each, Rule)}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.id)
def test_what_is_wrong_is_found_and_said_and_nothing_else(case):
    inspection = inspect(case.folder, LIMITS, region=case.region)
    found = {(each.rule.id, each.file): each for each in inspection.findings}
    finding = found.pop((case.rule, case.file), None)
    assert finding, "\n".join(each.message for each in inspection.findings)
    consequences = OF_A_FEW_TENSORS if case.rule in HEADER_RULES else set()
    assert {rule for rule, _ in found} <= {NO_TEMPLATE, *consequences, *case.consequences}
    assert case.found in finding.all_found
    for part in (finding.rule.what, finding.rule.why, finding.rule.fix, finding.allowed):
        assert part in finding.message
    assert not re.search(r"\{\w+\}", finding.allowed)
    assert finding.message.isprintable()
    assert inspection.can_be_imported is (finding.rule.severity == "warning")


def test_every_rule_has_a_folder_that_breaks_it():
    elsewhere = {"too-many-tensors"}
    assert {rule.id for rule in TABLE} - elsewhere == {case.rule for case in BROKEN}


def test_beyond_a_number_of_tensors_the_rest_is_not_looked_at(monkeypatch):
    monkeypatch.setattr(headers_module, "MAXIMUM_TENSORS", 8)
    folder = MemoryFolder(sharded())
    inspection = inspect(folder, LIMITS)
    (finding,) = inspection.errors
    assert (finding.rule.id, finding.found) == ("too-many-tensors", "11 up to this file")
    assert finding.file == "model-00002-of-00002.safetensors"


def test_every_rule_has_a_name_of_its_own_and_says_what_to_do():
    assert len({rule.id for rule in TABLE}) == len(TABLE)
    for rule in TABLE:
        for text in (rule.what, rule.allowed, rule.why, rule.fix):
            assert text
            assert not text.endswith(".")


def test_everything_that_is_wrong_is_found_at_once():
    wrong = sharded(shards={"model-00002-of-00002.safetensors": b"short"})
    wrong |= model({"model_type": "qwen2", "auto_map": {"A": "b.C"}, "vocab_size": 33})
    wrong |= {"tokenizer.json": b"[]", "adapter_config.json": b"{}", "x.pkl": b""}
    inspection = inspect(MemoryFolder(wrong), LIMITS, region="eu-west-1")
    assert [each.rule.id for each in inspection.findings] == [
        "model-type",
        "region",
        "custom-code",
        "weights-ambiguous",
        "adapter-unmerged",
        "header-length",
        "tokenizer-invalid",
        "pickle-file",
        "chat-template-missing",
    ]


def test_only_what_an_import_needs_is_staged_and_the_rest_is_named():
    files = sharded() | {
        "README.md": b"# A model",
        "pytorch_model.bin": b"\x80\x02",
        "modeling_x.py": b"import os",
        "original/params.json": b"{}",
        "tokenizer.model": b"\n\x0e\n\x05<unk>",
        "optimizer.safetensors": b"",
    }
    inspection = inspect(MemoryFolder(files), LIMITS)
    assert inspection.staged == (
        "config.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "model.safetensors.index.json",
        "tokenizer.json",
        "tokenizer.model",
        "tokenizer_config.json",
    )
    assert sorted((*inspection.staged, *inspection.ignored)) == sorted(files)
    assert inspection.bytes == sum(len(files[name]) for name in inspection.staged)


def test_what_is_not_staged_is_never_read():
    folder = MemoryFolder(sharded() | {"pytorch_model.bin": b"\x80\x02", "x.py": b"import os"})
    inspection = inspect(folder, LIMITS)
    assert {name for name, _ in folder.reads} <= {*inspection.staged}


def test_of_weights_the_headers_alone_are_read():
    shapes = llama_shapes(rows=ROWS, layers=LAYERS) | {"model.rotary": (10_000_000,)}
    folder = MemoryFolder(with_shapes(shapes))
    assert inspect(folder, LIMITS).can_be_imported
    read = sum(length for name, length in folder.reads if name == "model.safetensors")
    assert read < 2_000


def test_a_model_is_told_in_figures():
    found = inspect(MemoryFolder(model({"max_position_embeddings": 8192})), LIMITS)
    assert (found.architecture, found.family) == ("LlamaForCausalLM", "Llama 2, 3, 3.1, 3.2, 3.3")
    assert found.parameters == sum(prod(shape) for shape in llama_shapes().values())
    assert found.context_length == 8192
    assert not found.is_multimodal
    assert not found.chat_template
    assert inspect(MemoryFolder(model(template=TEMPLATE)), LIMITS).chat_template


def test_what_a_folder_says_never_moves_a_terminals_cursor():
    evil = "\x1b[2J\x1b]0;owned\x07\r\n"
    files = model({"architectures": [evil], "model_type": evil})
    files |= {"model.safetensors": header_file({evil: 1, "a": {"dtype": evil}})}
    for finding in inspect(MemoryFolder(files, more=[File(evil, 1)]), LIMITS).findings:
        assert finding.message.isprintable()
        assert len(finding.message) < 1_000


def test_a_template_is_judged_without_credentials(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    assert "AWS_SECRET_ACCESS_KEY" not in judging._environment()
    # What does not run at all is no verdict on the template.
    monkeypatch.setattr(judging, "_PROCESS", "no.such.module")
    with pytest.raises(RuntimeError, match=r"no\.such\.module ended with 1"):
        judging.judge(Conversation(template=TEMPLATE, tokens={}, reads_parts=False))
