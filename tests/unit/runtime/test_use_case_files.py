"""A use case as people write it, well and badly."""

import pytest

from bedrock_customization_runtime.contract import use_case

GOOD = b"""
task = "Name the intent of a bank's customer, so that the call goes to the right team."
metric = "accuracy"
owner = "Card team"
target = 0.9
margin = 0.02
max_cost_usd = 40
knowledge_changes = "yearly"
"""


def written(**fields):
    lines = {"task": '"Sort mail."', "metric": '"accuracy"', "owner": '"Us"', **fields}
    return "\n".join(f"{name} = {value}" for name, value in lines.items() if value).encode()


def test_a_file_states_what_it_states():
    assert use_case.read(GOOD, name="use_case.toml") == {
        "task": "Name the intent of a bank's customer, so that the call goes to the right team.",
        "metric": "accuracy",
        "owner": "Card team",
        "target": 0.9,
        "margin": 0.02,
        "max_cost_usd": 40,
        "knowledge_changes": "yearly",
    }


def test_what_is_left_out_is_absent():
    assert set(use_case.read(written(), name="u.toml")) == {"task", "metric", "owner"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (written(budget="3"), "'budget' is no field .*: write max_cost_usd"),
        (written(Target="0.9"), "'Target' is no field .*: write target"),
        (written(zzz="1"), "'zzz' is no field .*: leave it out"),
        (written(owner=None), "owner is missing, .*name who answers"),
        (written(metric=None), "metric is missing, allowed is one of accuracy, "),
        (written(metric='"bleu2"'), "metric must be one of accuracy, .*, got 'bleu2'"),
        (written(target="90"), "target must be a number above 0 and up to 1, got 90: .*0.9 means"),
        (written(target="0"), "target must be a number above 0"),
        (written(target="true"), "target must be a number .* got True"),
        (written(target='"0.9"'), "target must be a number .* got '0.9'"),
        (written(target="nan"), "target must be a number .* got nan"),
        (written(target="[0.9]"), "target must be a number"),
        (written(margin="1"), "margin must be a number from 0 to below 1, got 1"),
        (written(margin="-0.1"), "margin must be a number"),
        (written(max_cost_usd="inf"), "max_cost_usd must be a number .* got inf"),
        (written(max_cost_usd="0"), "max_cost_usd must be a number above 0"),
        (written(knowledge_changes='"hourly"'), "knowledge_changes must be one of never, yearly"),
        (written(task='" "'), "task must be a text"),
        (written(task="3"), "task must be a text of 1 to 2,000 .* got 3"),
        (written(task=f'"{"x" * 2001}"'), "task must be a text .* got 'xxx[^ ]*…: say what"),
        (written(task='"{% $run %}"'), "task must be a text .* does not start with {%"),
        (written(owner=r'"a\u0000b"'), "owner must be a text"),
        (b"task = ", "u.toml must be TOML in UTF-8, got .*end of document"),
        (b"task = 'a'\ntask = 'b'", "must be TOML in UTF-8"),
        (b"\xff\xfe", "must be TOML in UTF-8"),
        (b"a = " + b"[" * 5000, "must be TOML in UTF-8"),
        (b"#" * 16_385, "must be at most 16,384 bytes, got 16,385"),
        (b"[use_case]\ntask = 'a'", "'use_case' is no field"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_to_do(body, message):
    with pytest.raises(ValueError, match=f"(?s){message}") as refusal:
        use_case.read(body, name="u.toml")
    assert str(refusal.value).startswith("u.toml")
