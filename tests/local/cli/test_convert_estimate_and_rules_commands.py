"""`convert`, `estimate` and `rules` as a person or a script runs them."""

import json
import os
import subprocess
import sys

import pytest

from bedrock_customization_local.cli.commands.convert import FormatChoice
from bedrock_customization_local.cli.commands.rules import complete_rule
from bedrock_customization_local.cli.data import rule_table
from bedrock_customization_local.cli.data.options import MethodChoice, complete_base_model
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
        "convert", defects.name, "--to", "prompt-completion", "--max-shown", 2
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


def estimated(run_in, *arguments):
    """Return exit code and document of an estimate."""
    code, output, _ = run_in("estimate", *arguments, "--format", "json")
    return code, json.loads(output)


def items_of(made):
    return {item["name"]: item for item in made["run"]["items"]}


def test_a_run_is_estimated_item_by_item_by_dated_prices(run_in, sound):
    code, made = estimated(run_in, sound.name, "--base-model", NOVA_MICRO, "--epochs", 3)
    price = catalog.base_model(NOVA_MICRO).prices.training_per_1k_tokens
    training = items_of(made)["training"]
    assert code == 0
    assert (made["records"], made["rejected"], made["train"], made["blind"]) == (60, 0, 42, 12)
    assert training["quantity"] == 3 * made["run"]["tokens"] > 42 * 3 * 10
    assert training["usd"] == pytest.approx(training["quantity"] / 1000 * price.usd)
    assert training["price_as_of"] == price.as_of
    assert items_of(made)["base model output"]["quantity"] > 12
    assert made["run"]["usd"] == pytest.approx(sum(one["usd"] for one in items_of(made).values()))
    assert made["run"]["monthly"][0]["usd"] == 1.95


def test_an_estimate_is_a_table_of_items(run_in, sound):
    _, output, _ = run_in("estimate", sound.name, "--base-model", NOVA_MICRO, width=120)
    for told in (
        "42 to train and 12 blind",
        "tuned model input",
        "the run",
        "± 20% for English prose",
        "a month: storage",
        "nothing while idle",
    ):
        assert told in output


def test_a_shorter_limit_makes_the_evaluation_cheaper(run_in, sound):
    long, short = (
        items_of(estimated(run_in, sound.name, "--base-model", NOVA_MICRO, *more)[1])
        for more in ((), ("--max-tokens", 1))
    )
    assert short["base model output"]["quantity"] == 12
    assert long["base model output"]["quantity"] > 12


def prompts_alone(folder):
    (folder / "prompts.jsonl").write_text(
        "".join(
            json.dumps(
                {
                    "system": [{"text": "Answer."}],
                    "messages": [{"role": "user", "content": [{"text": f"what is {number}"}]}],
                }
            )
            + "\n"
            for number in range(40)
        )
    )
    return "prompts.jsonl", "--base-model", NOVA_MICRO, "--method", "distillation"


def test_a_teachers_answers_are_as_long_as_it_may_where_the_data_have_none(run_in, folder):
    teacher = ("--teacher", "amazon.nova-pro-v1:0")
    given = prompts_alone(folder)
    code, made = estimated(run_in, *given, *teacher, "--max-response-length", 100)
    assert code == 0
    assert items_of(made)["teacher output"]["quantity"] == 100 * made["train"]
    code, output, _ = run_in("estimate", *given, *teacher, width=160)
    assert code == 1
    assert "no price or amount is known for teacher output, training" in output
    assert "name max_response_length" in output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "--teacher: is not given: use amazon.nova-pro-v1:0"),
        (("--teacher", "amazon.nova-micro-v1:0"), "cannot teach amazon.nova-micro-v1:0:128k"),
    ],
)
def test_a_distillation_is_estimated_with_its_teacher(run_in, folder, arguments, told):
    code, _, errors = run_in("estimate", *prompts_alone(folder), *arguments, width=160)
    assert code == 2
    assert told in errors


def test_an_unknown_price_is_not_guessed(run_in, folder):
    model = next(
        model
        for model in catalog.base_models()
        if model.prices.training_per_1k_tokens is None
        and catalog.Method.FINE_TUNING in model.methods
        and model.methods[catalog.Method.FINE_TUNING].record_format
        is catalog.RecordFormat.PROMPT_COMPLETION
    )
    (folder / "a.jsonl").write_text('{"prompt": "a", "completion": "b"}\n' * 3)
    code, output, _ = run_in("estimate", "a.jsonl", "--base-model", model.id, width=160)
    assert code == 1
    assert "no price or amount is known for training, base model input" in output
    assert "nothing of it is known" in output
    code, made = estimated(run_in, "a.jsonl", "--base-model", model.id)
    assert code == 1
    assert made["run"]["usd"] is None
    assert items_of(made)["training"]["usd"] is None


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
