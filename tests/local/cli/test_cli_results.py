"""What a run came to, as it is printed."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from bedrock_customization_local.cli.demonstration import results
from bedrock_customization_local.cloud.bedrock.meter import LineItem, Unit
from bedrock_customization_runtime.manifest import (
    DecisionSection,
    DeploymentSection,
    EvaluationSection,
    Manifest,
    MetricComparison,
    RuleVerdict,
    RunSection,
)
from bedrock_customization_runtime.reports.wording import EMBEDDED_NOTICE


def comparison_of(name, low, high):
    return MetricComparison(
        name=name,
        records=229,
        baseline=0.25,
        tuned=0.75,
        difference=0.5,
        interval=(low, high),
        p_value=0.00001,
        method="paired",
    )


MANIFEST = Manifest(
    run=RunSection(
        id="demo",
        execution_arn="arn",
        source="s3://data/incoming/rows.csv",
        base_model="m",
        inference_model="m",
        catalog_version="1",
        library_version="1",
        started="2026-01-01T00:00:00Z",
        embedded=True,
    ),
    evaluation=EvaluationSection(
        primary="accuracy",
        metrics=[comparison_of("token_f1", 0.3, 0.6), comparison_of("accuracy", 0.4, 0.6)],
        answers=[],
    ),
    decision=DecisionSection(
        promote=True,
        verdicts=[RuleVerdict(rule="significance", passed=True, reason="it is better")],
        min_improvement=0,
        decided="",
    ),
    deployment=DeploymentSection(arn="arn:d", alias_parameter="/alias"),
)


@pytest.fixture(params=[60, 80, 120])
def console(request):
    return Console(file=io.StringIO(), width=request.param)


def words(console):
    return " ".join(console.file.getvalue().split())


def test_every_figure_of_the_comparison_is_printed_whatever_the_width(console):
    results.print_outcome(console, MANIFEST, "arn:d")
    printed = words(console).replace("\N{NO-BREAK SPACE}", " ")
    for figure in ("25.0 %", "75.0 %", "+50.0", "+40.0 to +60.0", "< 0.0001", "229"):
        assert figure in printed
    assert printed.index("Accuracy") < printed.index("Token F1")


def test_the_decision_is_printed_with_its_reasons_and_the_alias(console):
    results.print_outcome(console, MANIFEST, "arn:d")
    assert "Decision: promoted it is better" in words(console)
    assert "SSM parameter /alias now holds arn:d" in words(console)


def test_no_line_is_wider_than_the_terminal_but_addresses(console):
    results.print_outcome(console, MANIFEST, "arn:d")
    results.print_bill(console, [LineItem("job", Unit.TRAINING_TOKENS, 12345, 0.01)])
    assert all(len(line) <= console.width for line in console.file.getvalue().splitlines())


def test_charges_are_summed_by_unit(console):
    lines = [
        LineItem("base", Unit.INPUT_TOKENS, 1000, 0.5),
        LineItem("tuned", Unit.INPUT_TOKENS, 234, 0.25),
        LineItem("job", Unit.TRAINING_TOKENS, 2000, 1.0),
    ]
    results.print_bill(console, lines)
    assert words(console) == (
        "Bedrock would have billed USD 1.7500 "
        "2,000 training tokens USD 1.0000 1,234 input tokens USD 0.7500"
    )


def test_an_unknown_price_is_never_counted_as_nothing(console):
    results.print_bill(console, [LineItem("base", Unit.INPUT_TOKENS, 1000, None)])
    assert "USD 0.0000 and more" in words(console)
    assert "price not known" in words(console)


def test_the_figures_worth_is_told_with_the_report(console):
    results.print_report(console, Path("report.html"))
    assert EMBEDDED_NOTICE in words(console)
    assert Path("report.html").absolute().as_uri() in words(console)
