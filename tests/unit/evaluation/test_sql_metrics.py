"""Statements of models: the same statement, the same rows, and nothing but reading."""

import sqlite3

import pytest

from bedrock_customization_runtime.errors import EvaluationFailed
from bedrock_customization_runtime.evaluation import metrics, sql
from bedrock_customization_runtime.evaluation.texts import Texts


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    path = tmp_path_factory.mktemp("sql") / "shop ü?.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price REAL)")
        connection.executemany(
            "INSERT INTO item (name, price) VALUES (?, ?)",
            [(f"item {number}", number / 10) for number in range(200)],
        )
        connection.execute("INSERT INTO item (name, price) VALUES (CAST(x'ff' AS TEXT), NULL)")
    connection.close()
    return path


@pytest.fixture(scope="module")
def right(database):
    """Return whether an answer finds the reference's rows."""
    measure = sql.execution_accuracy(database)

    def run(reference, answer):
        told = Texts(ids=["1", "2"], references=[reference, "SELECT 1"], answers=[answer, None])
        return measure(told)[0, 0] == 1

    return run


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ("SELECT name FROM item WHERE id < 5", "SELECT name AS n FROM item WHERE id <= 4;"),
        ("SELECT id FROM item", "SELECT id FROM item ORDER BY id DESC"),
        ("SELECT count(*) FROM item", "SELECT 201"),
        ("SELECT sum(price) FROM item", "SELECT sum(price) FROM (SELECT * FROM item ORDER BY -id)"),
        ("SELECT 2", "SELECT 2.0"),
        ("SELECT id FROM item ORDER BY id", "SELECT id FROM item ORDER BY price IS NULL, price"),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i+1 FROM n LIMIT 9) SELECT sum(i)FROM n",
            "SELECT 45",
        ),
    ],
)
def test_statements_that_find_the_same_rows_are_right(right, reference, answer):
    assert right(reference, answer)


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ("SELECT id FROM item ORDER BY id", "SELECT id FROM item ORDER BY id DESC"),
        ("SELECT id, name FROM item", "SELECT name, id FROM item"),
        (
            "SELECT id FROM item WHERE id = 1",
            "SELECT id FROM item WHERE id IN (1, 1) UNION ALL SELECT 1",
        ),
        ("SELECT '2'", "SELECT 2"),
        ("SELECT NULL WHERE 0", "SELECT NULL, NULL WHERE 0"),
        ("SELECT 1", "There is one."),
        ("SELECT 1", ""),
        ("SELECT nothing FROM item", "SELECT nothing FROM item"),
    ],
)
def test_statements_that_find_other_rows_or_none_are_wrong(right, reference, answer):
    assert not right(reference, answer)


HOSTILE = [
    "DELETE FROM item",
    "DROP TABLE item",
    "UPDATE item SET price = 0 RETURNING 1",
    "INSERT INTO item (name) VALUES ('x') RETURNING 1",
    "CREATE TABLE other (a)",
    "CREATE TEMP TABLE other AS SELECT 1",
    "ATTACH DATABASE '/tmp/stolen.sqlite' AS stolen",
    "VACUUM INTO '/tmp/stolen.sqlite'",
    "PRAGMA writable_schema = 1",
    "PRAGMA hard_heap_limit = 0",
    "PRAGMA table_info(item)",
    "SELECT load_extension('/tmp/evil.so')",
    "SELECT random()",
    "SELECT 1; DELETE FROM item",
    "BEGIN EXCLUSIVE",
    "SELECT '\x00'",
    "SELECT '\ud800'",
    "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
    "SELECT " + "1+" * 100_000 + "1",
    "SELECT hex(zeroblob(900000000))",
    "SELECT group_concat(a.name || b.name || c.name) FROM item a, item b, item c",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
    "SELECT count(*) FROM item a, item b, item c, item d, item e",
    "SELECT a.name, b.name, c.name FROM item a, item b, item c",
]


@pytest.mark.parametrize("statement", HOSTILE)
def test_a_hostile_statement_is_wrong_and_changes_nothing(right, database, statement):
    before = database.read_bytes()

    assert not right("SELECT 1", statement)
    assert not right(statement, statement)

    assert database.read_bytes() == before
    assert [path.name for path in database.parent.iterdir()] == [database.name]


def test_a_database_on_which_no_reference_runs_is_refused(database):
    told = Texts(ids=["1"], references=["SELECT a FROM elsewhere"], answers=["SELECT 1"])
    with pytest.raises(EvaluationFailed, match="no reference statement runs on the database"):
        metrics.executed_on(database).measure(told)


def test_execution_accuracy_without_a_database_is_refused():
    told = Texts(ids=["1"], references=["SELECT 1"], answers=["SELECT 1"])
    with pytest.raises(EvaluationFailed, match="needs a database"):
        metrics.metric_of("execution_accuracy").measure(told)


def test_the_metric_with_a_database_keeps_its_name_and_task(database):
    found = metrics.executed_on(database)
    assert found.name == "execution_accuracy"
    assert metrics.task_of(found, ["yes"] * 10) is metrics.Task.TEXT_TO_SQL
    names = [one.name for one in metrics.chosen(found, metrics.Task.TEXT_TO_SQL)]
    assert names == ["execution_accuracy", "accuracy", "sql_equality", "answered"]
