"""Gates whose rules make no sense are refused at synth, with what to do."""

import pytest

from bedrock_customization import Gate


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_improvement": 5}, "min_improvement must be a number from 0 to 1, got 5"),
        ({"min_improvement": -1}, "min_improvement must be a number from 0 to 1, got -1"),
        ({"min_improvement": "2%"}, "min_improvement must be a number"),
        ({"significance": 0}, "significance must be a number"),
        ({"significance": 0.1}, "a laxer test would let nothing more through"),
        ({"max_usd_per_1k": -1}, "max_usd_per_1k must be a number"),
        ({"no_regression_on": "lang"}, r"must be a list, got 'lang': write \['lang'\]"),
        ({"no_regression_on": ["lang="]}, "must name columns or column=value, got 'lang='"),
        ({"no_regression_on": [" "]}, "must name columns"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Gate(**arguments)


def test_a_gate_reaches_the_state_machine_as_it_is():
    gate = Gate(no_regression_on=("lang", "lang=de"), max_usd_per_1k=2)
    assert gate.to_json() == {
        "min_improvement": 0.0,
        "significance": 0.05,
        "no_regression_on": ["lang", "lang=de"],
        "max_usd_per_1k": 2,
        "not_worse_than_live": True,
    }
