import pytest

from bedrock_customization_runtime.errors import DatasetRejected, InvalidInput

ROWS = b"text,category,note\nhello,greeting,\nbye,parting,polite\n"


def test_placeholders_stand_for_columns_and_doubled_braces_for_braces(judge):
    judged = judge(
        ROWS,
        template={
            "prompt": 'Classify {{"text": "{text}"}}',
            "completion": "{category}!",
            "system": "You are {{kind}}.",
        },
    )

    assert judged.accepted[0] == {
        "system": "You are {kind}.",
        "texts": ['Classify {"text": "hello"}', "greeting!"],
    }


def test_a_value_is_never_read_as_a_template(judge):
    rows = b"q,a\n{a.__class__},{q}\n"

    judged = judge(rows, template={"prompt": "{q}", "completion": "{a}"})

    assert judged.accepted[0]["texts"] == ["{a.__class__}", "{q}"]


@pytest.mark.parametrize("name", ["text.__class__", "text!r", "text:>9", "text[0]", "0"])
def test_there_are_no_attributes_conversions_or_formats(judge, name):
    with pytest.raises(DatasetRejected, match="names the column"):
        judge(ROWS, template={"prompt": f"{{{name}}}", "completion": "{category}"})


def test_an_unknown_column_is_refused_with_the_columns_and_the_nearest(judge):
    with pytest.raises(DatasetRejected) as refusal:
        judge(ROWS, template={"prompt": "{text}", "completion": "{Catgory}"})

    assert str(refusal.value) == (
        "template.completion names the column 'Catgory', but the data have 'text', 'category', "
        "'note': did you mean 'category'?"
    )


def test_an_unknown_column_of_json_rows_is_refused_once_enough_were_seen(judge):
    rows = b'{"text":"a","label":"b"}\n' * 500

    with pytest.raises(DatasetRejected, match=r"template\.group_by names the column 'id'"):
        judge(rows, template={"prompt": "{text}", "completion": "{label}", "group_by": "id"})


def test_a_column_missing_here_and_there_costs_those_rows(judge):
    rows = b'{"q":"one","a":"x"}\n{"q":"two"}\n{"q":"three","a":"x"}\n'

    judged = judge(rows, template={"prompt": "{q}", "completion": "{a}"})

    assert judged.verdicts == {2: "column-missing"}


def test_numbers_and_booleans_are_written_as_json_and_lists_are_refused(judge):
    rows = b'{"q":1,"a":2.5}\n{"q":true,"a":"x"}\n{"q":["x"],"a":"x"}\n{"q":null,"a":"x"}\n'

    judged = judge(rows, template={"prompt": "{q}", "completion": "{a}"})

    assert [record["texts"] for record in judged.accepted] == [["1", "2.5"], ["true", "x"]]
    assert judged.verdicts == {3: "column-not-text", 4: "empty-turn"}


def test_an_empty_column_is_flagged_beside_others_and_refused_alone(judge):
    judged = judge(ROWS, template={"prompt": "{text} {note}", "completion": "{category}"})
    assert judged.findings["column-empty"].lines == (2,)
    assert len(judged.accepted) == 2

    judged = judge(ROWS, template={"prompt": "{text}", "completion": "It is {note}"})
    assert judged.verdicts == {2: "empty-turn"}


@pytest.mark.parametrize(
    ("prompt", "named"),
    [("{text", "lone '{' at character 1"), ("a}", "lone '}' at character 2"), ("x", "no column")],
)
def test_a_template_that_is_wrong_in_itself_is_invalid_input(judge, prompt, named):
    with pytest.raises(InvalidInput, match=named):
        judge(ROWS, template={"prompt": prompt, "completion": "{category}"})
