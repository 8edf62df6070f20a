"""`validate` as a person or a pipeline runs it."""

import gzip
import io
import json
import signal
import subprocess
import sys
import time

import arro3.io
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

NOVA_MICRO = "amazon.nova-micro-v1:0:128k"
FOR_NOVA = ("--base-model", NOVA_MICRO)
COMMAND = [sys.executable, "-m", "bedrock_customization_local.cli"]

NARROW = """\
error    empty-turn  1 record, first: 2
         a question or an answer without a visible character; fill it in or
         remove the record
error    field-type  1 record, first: 5
         a field of the record is null or of the wrong type; write texts as
         strings and content as [{"text": "…"}]
error    json-cut  1 record, first: 3
         JSON that ends in the middle; upload the whole file; write one complete
         JSON object on each line
error    json-duplicate-key  1 record, first: 9
         the same key twice in one object; keep one of them
error    reserved-word  1 record, first: 11
         a word the base model reserves for itself; write it another way, for
         example without the colon or the brackets
error    role-order  1 record, first: 5
         messages that do not go user, assistant, user, … and end with the
         assistant; join messages of one role, end with the answer, and put
         instructions into "system"
warning  blank-line  1 record, first: 7
         blank line between records; nothing to do: it is left out
warning  invisible-characters  1 record, first: 11
         control or zero-width characters without a meaning where they stand;
         nothing to do: they are removed
warning  outer-space  1 record, first: 2
         space before or after a text; nothing to do: it is removed

defects.jsonl:2  empty-turn  a question or an answer without a visible character
at $.messages[1].content[0].text
    …", "content": [{"text": "  "}]}]}
                             ^^^^

defects.jsonl:3  json-cut  JSON that ends in the middle (at character 81)
    …: [{"text": "Answer."}],
                             ^

defects.jsonl:5  role-order  messages that do not go user, assistant, user, …
and end with the assistant at $.messages[0].role (should be user)
    …, "messages": [{"role": "system", "content": [{"text": "q"}]}, {"role": "a…
                             ^^^^^^^^
  field-type  a field of the record is null or of the wrong type at
$.messages[1].content[0].text (a number instead of a string)
    …", "content": [{"text": 5}]}]}
                             ^

defects.jsonl:9  json-duplicate-key  the same key twice in one object
    {"a": 1, "a": 2}
    ^^^^^^^^^^^^^^^^

defects.jsonl:11  reserved-word  a word the base model reserves for itself at
$.messages[1].content[0].text ('User:')
    …", "content": [{"text": "User: hi"}]}]}
                             ^^^^^^^^^^

refused: too few usable records, 6: amazon.nova-micro-v1:0:128k needs at least 8

✗ 5 of 11 records rejected, 3 warnings: not ready for
amazon.nova-micro-v1:0:128k (fine-tuning)
"""


# The parts of SARIF 2.1.0's own schema that concern what is written here.
TEXT = {
    "type": "object",
    "required": ["text"],
    "additionalProperties": False,
    "properties": {"text": {"type": "string", "minLength": 1}},
}
LEVEL = {"enum": ["none", "note", "warning", "error"]}


def exactly(required, **optional):
    """Return the schema of an object that has some properties, may have others, and no more."""
    return {
        "type": "object",
        "required": [*required],
        "additionalProperties": False,
        "properties": required | optional,
    }


SARIF = exactly(
    {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": exactly(
                {
                    "tool": exactly(
                        {
                            "driver": exactly(
                                {"name": {"type": "string"}},
                                semanticVersion={"type": "string"},
                                rules={
                                    "type": "array",
                                    "uniqueItems": True,
                                    "items": exactly(
                                        {"id": {"type": "string"}},
                                        shortDescription=TEXT,
                                        fullDescription=TEXT,
                                        help=TEXT,
                                        defaultConfiguration=exactly({"level": LEVEL}),
                                    ),
                                },
                            )
                        }
                    )
                },
                columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                results={
                    "type": "array",
                    "items": exactly(
                        {"message": TEXT},
                        ruleId={"type": "string"},
                        ruleIndex={"type": "integer", "minimum": -1},
                        level=LEVEL,
                        locations={
                            "type": "array",
                            "items": exactly(
                                {},
                                physicalLocation=exactly(
                                    {
                                        "artifactLocation": exactly(
                                            {"uri": {"type": "string", "pattern": "^[!-~]+$"}}
                                        )
                                    },
                                    region=exactly(
                                        {"startLine": {"type": "integer", "minimum": 1}}
                                    ),
                                ),
                                logicalLocations={
                                    "type": "array",
                                    "items": exactly({"fullyQualifiedName": {"type": "string"}}),
                                },
                            ),
                        },
                    ),
                },
            ),
        },
    },
    **{"$schema": {"type": "string"}},
)


def trimmed(text):
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def test_sound_data_are_ready_and_the_exit_code_is_0(run_in, sound):
    code, output, errors = run_in("validate", sound.name, *FOR_NOVA)
    assert (code, errors) == (0, "")
    assert (
        output == f"✓ 60 records, none rejected, 0 warnings: ready for {NOVA_MICRO} (fine-tuning)\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_terminal_of_80_columns_shows_rules_marked_parts_and_a_verdict(run_on_terminal, defects):
    code, seen = run_on_terminal("validate", defects.name, *FOR_NOVA)
    assert code == 1
    assert trimmed(seen) == NARROW


def test_a_log_holds_no_part_of_a_record(run_in, defects):
    code, output, _ = run_in("validate", defects.name, *FOR_NOVA)
    assert code == 1
    assert "defects.jsonl:2  empty-turn" in output
    assert "joe@example.com" not in output
    assert "^" not in output


def test_as_many_rejected_records_are_listed_as_asked_for(run_in, defects):
    _, output, _ = run_in("validate", defects.name, *FOR_NOVA, "--max-shown", 2)
    assert "defects.jsonl:3" in output
    assert "defects.jsonl:5" not in output
    assert "… and 3 more rejected records" in output
    assert (
        "defects.jsonl:" not in run_in("validate", defects.name, *FOR_NOVA, "--max-shown", 0)[1]
    )


def test_warnings_alone_are_accepted_unless_strict(run_in, sound):
    sound.write_text(sound.read_text() + "\n\n" + sound.read_text())
    assert run_in("validate", sound.name, *FOR_NOVA)[0] == 0
    code, output, _ = run_in("validate", sound.name, *FOR_NOVA, "--strict")
    assert code == 1
    assert "--strict allows no warning" in output


def test_thorough_looks_for_secrets_too(run_in, sound, records):
    secret = records(1)[0].replace("ask", "AKIAIOSFODNN7EXAMPLE")
    sound.write_text(sound.read_text() + secret + "\n")
    assert "secret" not in run_in("validate", sound.name, *FOR_NOVA)[1]
    assert "secret" in run_in("validate", sound.name, *FOR_NOVA, "--thorough")[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["missing.jsonl", *FOR_NOVA], "there is no file missing.jsonl"),
        (["nothing", *FOR_NOVA], "nothing has no file that can be read (a.txt: another kind of"),
        (
            ["rows.csv", "--base-model", "amazon.nova-micro"],
            "did you mean amazon.nova-micro-v1:0:128k",
        ),
        (
            ["rows.csv", *FOR_NOVA, "--method", "continued-pre-training"],
            "does not support continued-pre-training",
        ),
        (["rows.csv", *FOR_NOVA, "--method", "x"], "'x' is not one of"),
        (["rows.csv", *FOR_NOVA, "--target", "labl"], "no column 'labl': did you mean 'label'?"),
        (["rows.csv", *FOR_NOVA, "--target", "label", "--prompt", "{text}"], "leave it out"),
        (["rows.csv", *FOR_NOVA, "--prompt", "{text}"], "give both --prompt and --completion"),
        (["rows.csv", *FOR_NOVA, "--system", "x"], "--system needs a template"),
        (["rows.csv", *FOR_NOVA, "--prompt", "{", "--completion", "{label}"], "a lone '{'"),
        (["-", *FOR_NOVA, "--target", "label"], "standard input is too fleeting"),
        (["rows.csv"], "Missing option '--base-model'"),
        (["rows.csv", *FOR_NOVA, "--nonsense"], "No such option"),
    ],
)
def test_what_makes_no_sense_is_exit_code_2(run_in, folder, arguments, told):
    (folder / "rows.csv").write_text("text,label\na,b\n")
    (folder / "nothing").mkdir()
    (folder / "nothing" / "a.txt").write_text("x")
    code, output, errors = run_in("validate", *arguments)
    assert (code, output) == (2, "")
    assert told in errors
    assert "Traceback" not in errors


def test_a_file_of_another_kind_is_refused_and_the_others_are_read(run_in, folder, sound):
    (folder / "a.jsonl").write_bytes(b"PK\x03\x04 zip")
    code, output, _ = run_in("validate", "a.jsonl", sound.name, *FOR_NOVA)
    assert code == 1
    assert "refused: a.jsonl: the source is a zip archive" in output
    assert "0 of 60 records in 2 files rejected" in output


def test_too_few_records_are_refused(run_in, folder, records):
    (folder / "few.jsonl").write_text("\n".join(records(7)))
    code, output, _ = run_in("validate", "few.jsonl", *FOR_NOVA)
    assert code == 1
    assert f"refused: too few usable records, 7: {NOVA_MICRO} needs at least 8" in output


def test_a_folder_is_read_in_the_order_of_names_and_what_is_not_read_is_named(
    run_in, folder, records
):
    data = folder / "data"
    (data / "b" / "deep").mkdir(parents=True)
    (data / ".git").mkdir()
    (data / ".git" / "c.jsonl").write_text("x")
    (data / "a.jsonl").write_text("\n".join([*records(10), "x"]))
    (data / "b" / "deep" / "A.JSONL.gz").write_bytes(
        gzip.compress("\n".join([*records(10, start=10), "y"]).encode())
    )
    (data / "c.csv").write_text("prompt,completion\n")
    (data / "empty.jsonl").touch()
    (data / ".hidden.jsonl").write_text("x")
    (data / "notes.md").write_text("x")

    _, output, _ = run_in("validate", "data", *FOR_NOVA, "--format", "json")
    found = json.loads(output)

    assert [file["file"] for file in found["files"]] == [
        "data/a.jsonl",
        "data/b/deep/A.JSONL.gz",
        "data/c.csv",
    ]
    assert [(result["file"], result["line"]) for result in found["results"]][:2] == [
        ("data/a.jsonl", 11),
        ("data/b/deep/A.JSONL.gz", 11),
    ]
    assert found["skipped"] == [
        {"file": "data/.git", "why": "hidden"},
        {"file": "data/.hidden.jsonl", "why": "hidden"},
        {"file": "data/empty.jsonl", "why": "empty"},
        {"file": "data/notes.md", "why": "another kind of file"},
    ]


def test_a_file_named_twice_is_read_once(run_in, sound):
    _, output, _ = run_in("validate", sound.name, sound, ".", *FOR_NOVA)
    assert output.startswith("✓ 60 records, none rejected")


def test_standard_input_is_read_whatever_it_holds(run_in, sound, folder):
    text = sound.read_bytes()
    schema = arro3.io.infer_json_schema(io.BytesIO(text))
    parquet = io.BytesIO()
    arro3.io.write_parquet(arro3.io.read_json(io.BytesIO(text), schema), parquet)
    for body in (text, gzip.compress(text), parquet.getvalue()):
        code, output, _ = run_in("validate", "-", *FOR_NOVA, stdin=body)
        assert (code, output[:30]) == (0, "✓ 60 records, none rejected, 0")
    assert [path.name for path in folder.iterdir()] == [sound.name]


def test_columns_are_checked_with_a_template_or_a_target(run_in, folder):
    rows = "".join(f"question {number},{'ab'[number % 2]}\n" for number in range(20))
    (folder / "rows.csv").write_text(f"text,label\n{rows}")
    template = ("--prompt", "{text}", "--completion", "{label}", "--system", "Sort.")
    for columns in (template, ("--target", "label", "--system", "Sort.")):
        assert run_in("validate", "rows.csv", *FOR_NOVA, *columns)[0] == 0
    code, output, _ = run_in("validate", "rows.csv", *FOR_NOVA)
    assert code == 1
    assert "there is no template" in output


def test_another_separator_is_named(run_in, folder):
    (folder / "rows.csv").write_text("text;label\na;b\n")
    code, output, errors = run_in(
        "validate", "rows.csv", *FOR_NOVA, "--prompt", "{text}", "--completion", "{label}"
    )
    assert code == 1
    assert "the CSV header on line 1 holds semicolons and no comma" in output + errors


def test_json_holds_every_problem_of_every_line_and_no_record(run_in, defects):
    code, output, errors = run_in("validate", defects.name, *FOR_NOVA, "--format", "json")
    found = json.loads(output)
    assert (code, errors) == (1, "")
    assert (found["read"], found["accepted"], found["rejected"]) == (11, 6, 5)
    assert not found["clean"]
    assert [(each["line"], each["rule"], each["path"]) for each in found["results"]] == [
        (2, "empty-turn", "$.messages[1].content[0].text"),
        (3, "json-cut", "$"),
        (5, "role-order", "$.messages[0].role"),
        (5, "field-type", "$.messages[1].content[0].text"),
        (9, "json-duplicate-key", "$"),
        (11, "reserved-word", "$.messages[1].content[0].text"),
        (7, "blank-line", "$"),
        (11, "invisible-characters", "$"),
        (2, "outer-space", "$"),
        (None, "data-set", "$"),
    ]
    assert "joe@" not in output


def test_sarif_is_what_code_scanning_wants(run_in, defects, folder):
    moved = folder / "my data" / "ä#1.jsonl"
    moved.parent.mkdir()
    defects.rename(moved)
    code, output, _ = run_in("validate", "my data", *FOR_NOVA, "--format", "sarif")
    log = json.loads(output)
    (run,) = log["runs"]

    assert code == 1
    jsonschema.validate(log, SARIF)
    assert run["tool"]["driver"]["name"] == "cdk-bedrock-customization"
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted({each["ruleId"] for each in run["results"]})
    assert all(rule["help"]["text"] and rule["shortDescription"]["text"] for rule in rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == rules[result["ruleIndex"]]["defaultConfiguration"]["level"]
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert physical["artifactLocation"]["uri"] == "my%20data/%C3%A4%231.jsonl"
        assert ("region" in physical) == (result["ruleId"] != "data-set")
    first = run["results"][0]
    assert first["ruleId"] == "empty-turn"
    assert first["level"] == "error"
    assert first["locations"][0]["physicalLocation"]["region"] == {"startLine": 2}
    assert first["locations"][0]["logicalLocations"] == [
        {"fullyQualifiedName": "$.messages[1].content[0].text"}
    ]


def test_workflow_commands_are_escaped(run_in, folder, records):
    (folder / "a,b:100%.jsonl").write_text("\n".join([*records(10), "x"]))
    code, output, _ = run_in("validate", "a,b:100%.jsonl", *FOR_NOVA, "--format", "github")
    assert code == 1
    assert output == (
        "::error file=a%2Cb%3A100%25.jsonl,line=11,title=json-malformed::not a JSON object on one "
        "line (at character 1); write one complete JSON object on each line\n"
    )


@pytest.mark.parametrize("format", ["json", "sarif", "github"])
def test_clean_data_make_clean_machine_output(run_in, sound, format):
    code, output, _ = run_in("validate", sound.name, *FOR_NOVA, "--format", format)
    assert code == 0
    if format == "github":
        assert output == ""
    elif format == "sarif":
        assert json.loads(output)["runs"][0]["results"] == []
    else:
        assert json.loads(output)["clean"]


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
def test_ctrl_c_ends_it_at_once_with_130(folder):
    with subprocess.Popen(
        [*COMMAND, "validate", "-", *FOR_NOVA],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
    ) as process:
        process.stdin.write(b'{"prompt": "a", "completion": "b"}\n' * 20_000)
        process.stdin.flush()
        time.sleep(1)  # until it waits for more, as before a person presses the keys
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
        assert process.stderr.read() == (
            b"interrupted; everything this command had started has ended\n"
        )


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGPIPE")
@pytest.mark.parametrize("format", ["text", "github"])
def test_a_reader_that_has_read_enough_is_no_error(folder, format):
    (folder / "bad.jsonl").write_text('{"a"\n' * 5_000)
    with subprocess.Popen(
        [
            *COMMAND,
            "validate",
            "bad.jsonl",
            "--max-shown",
            "5000",
            *FOR_NOVA,
            "--format",
            format,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
    ) as process:
        process.stdout.read(100)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 141


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("bytes") / "data.jsonl"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.binary(max_size=300)
    | st.binary(max_size=200).map(lambda noise: b"PAR1" + noise)
    | st.binary(max_size=200).map(lambda noise: b"PAR1" + noise + b"PAR1")
    | st.text(max_size=200).map(lambda text: json.dumps({"prompt": text}).encode())
)
def test_no_bytes_make_it_fail_otherwise(run_in, scratch, body):
    scratch.write_bytes(body)
    code, _, errors = run_in("validate", scratch, *FOR_NOVA)
    assert code in {0, 1}
    assert errors == ""
