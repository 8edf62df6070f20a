"""What the command line makes of a user's file: columns, templates, keys."""

import gzip

import pytest

from bedrock_customization_local.cli.data.source import DataFile, open_data, safe_name, template_of
from bedrock_customization_local.cli.messages import CommandError, ExitCode


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('question,"the answer",customer\nhow?,so,7\n')
    return open_data(path)


def make_template(data, target, *, inputs=(), system=None, group_by=None):
    return template_of(data, target=target, inputs=inputs, system=system, group_by=group_by)


def test_a_csv_file_has_the_columns_of_its_header(rows):
    assert rows.columns == ("question", "the answer", "customer")
    assert not rows.holds_records


@pytest.mark.parametrize(
    ("line", "columns", "holds_records"),
    [
        ('{"question": "?", "sql": "!"}', ("question", "sql"), False),
        ('{"prompt": "?", "completion": "!"}', ("prompt", "completion"), True),
        (
            '{"schemaVersion": "bedrock-conversation-2024", "messages": []}',
            ("schemaVersion", "messages"),
            True,
        ),
    ],
)
def test_a_jsonl_file_has_the_keys_of_its_first_record(tmp_path, line, columns, holds_records):
    path = tmp_path / "records.jsonl"
    path.write_text(f"\n{line}\n")
    assert open_data(path) == DataFile(path=path, columns=columns, holds_records=holds_records)


def test_a_gzip_file_is_read_whatever_its_name(tmp_path):
    path = tmp_path / "rows"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbftext,label\na,b\n"))
    assert open_data(path).columns == ("text", "label")


def test_a_broken_first_line_of_jsonl_is_left_to_the_pipeline(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_text('{"question": \n{"question": "?", "sql": "!"}\n')
    assert open_data(path).columns == ("question", "sql")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "there is no file"),
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"PAR1....", "Parquet"),
        (b'[{"a": 1}]', "JSON array"),
        (b'{"a": \n', "no line can be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words(tmp_path, content, told):
    path = tmp_path / "data"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError, match=told) as refused:
        open_data(path)
    assert refused.value.exit_code is ExitCode.USAGE


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(
        CommandError, match=r"is a folder: name a \.csv, \.jsonl or \.parquet file in it"
    ):
        open_data(tmp_path)


def test_one_other_column_is_the_prompt_itself(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("text,category\na,b\n")
    template = make_template(open_data(path), "category", system="Sort.")
    assert (template.prompt, template.completion) == ("{text}", "{category}")
    assert (template.system, template.group_by) == ("Sort.", None)


def test_several_other_columns_are_asked_with_their_names(rows):
    template = make_template(rows, "the answer")
    assert template.prompt == "question: {question}\ncustomer: {customer}"
    assert template.completion == "{the answer}"


def test_the_group_column_is_not_asked_with(rows):
    template = make_template(rows, "the answer", group_by="customer")
    assert template.prompt == "{question}"
    assert template.group_by == "customer"


def test_the_user_chooses_what_is_asked_with(rows):
    assert make_template(rows, "the answer", inputs=("customer",)).prompt == "{customer}"


def test_a_wrong_column_is_answered_with_the_nearest_and_all(rows):
    with pytest.raises(
        CommandError, match=r"no column 'the anwser': did you mean 'the answer'\?"
    ) as refused:
        make_template(rows, "the anwser")
    assert refused.value.advice == ("columns: question, the answer, customer",)


def test_the_answer_is_not_asked_with(rows):
    with pytest.raises(CommandError, match="cannot be both --target and --input"):
        make_template(rows, "question", inputs=("question",))


def test_a_column_alone_leaves_nothing_to_ask(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("text\na\n")
    with pytest.raises(CommandError, match="there is nothing to ask"):
        make_template(open_data(path), "text")


def test_a_column_with_a_brace_in_its_name_fits_no_template(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("te{x}t,label\na,b\n")
    with pytest.raises(CommandError, match="rename the column"):
        make_template(open_data(path), "label")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("data.csv", "data.csv"),
        ("my data (final) v=2.csv", "my-data-final-v-2.csv"),
        ("Übung über Café.jsonl", "Ubung-uber-Cafe.jsonl"),
        ("数据.csv", "data.csv"),
        ("a//b::c.csv.gz", "a-b-c-csv.gz"),
        (".hidden", "data.hidden"),
        ("x" * 300 + ".jsonl", "x" * 94 + ".jsonl"),
    ],
)
def test_a_file_name_becomes_a_key_that_bedrock_takes(name, key):
    assert safe_name(name) == key
