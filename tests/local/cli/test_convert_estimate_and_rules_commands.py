"""`convert`, `estimate` and `rules` as a person or a script runs them."""

import json
import os
import subprocess
import sys

import pytest

from bedrock_customization_local.cli import rule_table
from bedrock_customization_local.cli.convert import FormatChoice
from bedrock_customization_local.cli.data_options import MethodChoice, complete_base_model
from bedrock_customization_local.cli.rules import complete_rule
from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.datasets.rules import TABLE

NOVA_MICRO = "amazon.nova-micro-v1:0:128k"
COMMAND = [sys.executable, "-m", "bedrock_customization_local.cli"]


def test_the_choices_are_those_of_the_catalogue():
    assert {each.name for each in MethodChoice} == {each.name for each in catalog.Method}
    assert {each.name for each in FormatChoice} == {each.name for each in catalog.RecordFormat}


def test_records_are_written_in_another_format_and_back(run_in, sound, folder):
    code, output, errors = run_in("convert", sound.name, "--to", "claude-messages")
    assert (code, errors) == (0, "")
    first = json.loads(output.splitlines()[0])
    assert first == {
        "messages": [
            {"role": "user", "content": "ask amberamberamberamber"},
            {"role": "assistant", "content": "say amberamberamberamber"},
        ],
        "system": "Answer.",
    }
    (folder / "claude.jsonl").write_text(output)
    _, back, _ = run_in("convert", "claude.jsonl", "--to", "converse")
    assert [*map(json.loads, back.splitlines())] == [
        *map(json.loads, sound.read_text().splitlines())
    ]


def test_what_a_format_cannot_hold_is_named_and_left_out(run_in, defects):
    code, output, errors = run_in(
        "convert", defects.name, "--to", "prompt-completion", "--maximum-shown", 2
    )
    assert code == 1
    assert len(output.splitlines()) == 8
    first, second, last = errors.splitlines()
    assert first == "defects.jsonl:3  json-cut  JSON that ends in the middle (at character 81)"
    assert second.startswith("defects.jsonl:5  role-order  messages that do not go user, ")
    assert second.endswith(" at $.messages[0].role (should be user)")
    assert last == "✗ 3 of 11 records left out"


def test_columns_become_records_of_a_base_models_format(run_in, folder):
    (folder / "rows.csv").write_text("text,label\nhow?,so\n")
    code, output, _ = run_in("convert", "rows.csv", "--target", "label", "--base-model", NOVA_MICRO)
    assert code == 0
    assert json.loads(output)["messages"][1]["content"] == [{"text": "so"}]


def test_a_file_is_written_whole_and_never_over_another_unasked(run_in, sound, folder):
    into = ("convert", sound.name, "--to", "prompt-completion", "--out", "out.jsonl")
    assert run_in(*into)[:2] == (0, "")
    written = (folder / "out.jsonl").read_bytes()
    assert len(written.splitlines()) == 60
    code, _, errors = run_in(*into)
    assert code == 2
    assert "out.jsonl exists" in errors
    assert run_in(*into, "--overwrite")[0] == 0
    assert (folder / "out.jsonl").read_bytes() == written
    assert sorted(path.name for path in folder.iterdir()) == ["out.jsonl", "sound.jsonl"]


def test_a_source_that_breaks_leaves_no_file(run_in, folder):
    (folder / "cut.jsonl.gz").write_bytes(b"\x1f\x8b" + bytes(20))
    code, _, errors = run_in("convert", "cut.jsonl.gz", "--to", "converse", "--out", "out.jsonl")
    assert code == 1
    assert "cut.jsonl.gz: the gzip data" in errors
    assert not (folder / "out.jsonl").exists()


@pytest.mark.parametrize(
    "options", [(), ("--to", "converse", "--base-model", NOVA_MICRO)], ids=["neither", "both"]
)
def test_one_format_must_be_named(run_in, sound, options):
    code, _, errors = run_in("convert", sound.name, *options)
    assert code == 2
    assert "give either --to FORMAT or --base-model ID" in errors


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGPIPE")
def test_convert_streams_into_a_reader_that_stops(folder):
    (folder / "a.jsonl").write_text('{"prompt": "a", "completion": "b"}\n' * 50_000)
    with subprocess.Popen(
        [*COMMAND, "convert", "a.jsonl", "--to", "converse"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 141


def test_tokens_and_cost_are_estimated_by_the_dated_price(run_in, sound):
    code, output, _ = run_in(
        "estimate", sound.name, "--base-model", NOVA_MICRO, "--epochs", 3, "--format", "json"
    )
    made = json.loads(output)
    price = catalog.base_model(NOVA_MICRO).prices.training_per_1k_tokens
    assert code == 0
    assert (made["records"], made["rejected"]) == (60, 0)
    assert made["training"]["tokens"] == 3 * made["tokens"] > 60 * 3 * 10
    assert made["training"]["usd"] == round(made["training"]["tokens"] / 1000 * price.usd, 4)
    assert made["training"]["as_of"] == price.as_of
    assert made["keeping"]["storage_per_month"]["usd"] == 1.95


def test_an_estimate_says_what_it_is_worth(run_in, sound):
    _, output, _ = run_in("estimate", sound.name, "--base-model", NOVA_MICRO, width=100)
    assert "± 20% for English prose" in output
    assert "price of 2026" in output
    assert "on demand, 1,000 tokens in" in output


def test_an_unknown_price_is_not_guessed(run_in, folder):
    model = next(
        model
        for model in catalog.base_models()
        if model.prices.training_per_1k_tokens is None
        and catalog.Method.FINE_TUNING in model.methods
        and model.methods[catalog.Method.FINE_TUNING].record_format
        is catalog.RecordFormat.PROMPT_COMPLETION
    )
    (folder / "a.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    code, output, _ = run_in("estimate", "a.jsonl", "--base-model", model.id)
    assert code == 1
    assert f"no price of training {model.id} is known, and none is guessed" in output
    assert "USD" not in output.split("storage")[0]
    code, output, _ = run_in("estimate", "a.jsonl", "--base-model", model.id, "--format", "json")
    assert code == 1
    assert json.loads(output)["training"]["usd"] is None


@pytest.mark.parametrize(
    ("epochs", "told"), [(99, "takes an integer from 1 to 5, got 99"), (0, "got 0")]
)
def test_epochs_that_the_model_does_not_take_are_refused(run_in, sound, epochs, told):
    code, _, errors = run_in("estimate", sound.name, "--base-model", NOVA_MICRO, "--epochs", epochs)
    assert code == 2
    assert told in errors


def test_data_without_a_usable_record_have_no_cost(run_in, folder):
    (folder / "a.jsonl").write_text('{"a": 1}\n')
    code, output, errors = run_in("estimate", "a.jsonl", "--base-model", NOVA_MICRO)
    assert (code, output) == (1, "")
    assert "no record can be used, and 1 were rejected" in errors


def test_every_rule_is_listed(run_in):
    code, output, _ = run_in("rules", width=120)
    assert code == 0
    assert all(rule.id in output for rule in TABLE)
    assert output.rstrip().endswith(
        f"{len(TABLE)} rules; bedrock-customization rules RULE explains one"
    )


def test_a_rule_is_explained(run_in):
    code, output, _ = run_in("rules", "media-count")
    assert code == 0
    for told in ("split the record", "Bedrock's user guide", "sources disagree", NOVA_MICRO):
        assert told in output


def test_rules_of_a_model_are_those_of_its_format(run_in):
    _, output, _ = run_in("rules", "--base-model", NOVA_MICRO, "--format", "json")
    ids = {rule["id"] for rule in json.loads(output)}
    assert "media-count" in ids
    assert "reference-missing" not in ids
    _, output, _ = run_in(
        "rules",
        "--base-model",
        "amazon.nova-2-lite-v1:0:256k",
        "--format",
        "json",
        "--method",
        "reinforcement-fine-tuning",
    )
    assert "reference-missing" in {rule["id"] for rule in json.loads(output)}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["media-cont"], "did you mean media-count?"),
        (["reference-missing", "--base-model", NOVA_MICRO], "does not hold for"),
        (["--method", "distillation"], "--method needs --base-model"),
    ],
)
def test_rules_that_there_are_not_are_usage_errors(run_in, arguments, told):
    code, _, errors = run_in("rules", *arguments)
    assert code == 2
    assert told in errors


def test_markdown_is_the_page_of_the_documents(run_in):
    _, output, _ = run_in("rules", "--format", "markdown")
    assert output.rstrip("\n") == rule_table.as_markdown(TABLE)
    rows = [line for line in output.splitlines() if line.startswith("| `")]
    assert len(rows) == len(TABLE)
    assert {line.replace(r"\|", "").count("|") for line in rows} == {7}


def test_ids_are_completed():
    assert [found[0] for found in complete_base_model("amazon.nova-mi")] == [NOVA_MICRO]
    assert [found[0] for found in complete_rule("media-cou")] == ["media-count"]


def test_a_shell_completes_base_models_through_the_command(folder):
    words = "bedrock-customization validate --base-model amazon.nova-mi"
    done = subprocess.run(
        COMMAND,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=os.environ
        | {
            "_BEDROCK_CUSTOMIZATION_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": "3",
        },
    )
    assert done.stdout.splitlines() == [NOVA_MICRO]
