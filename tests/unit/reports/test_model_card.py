"""The model card: what it says of each outcome, escaped, the same in Markdown and JSON."""

import json
from itertools import pairwise

import jsonschema
import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace

from bedrock_customization_runtime.manifest import EnrichmentRecord, Finding, RuleVerdict
from bedrock_customization_runtime.reports import markdown, model_card, wording

HOSTILE = (
    "</td><script>alert(1)</script> [a](javascript:alert(1)) ![b](http://x/y.png) `c` | d "
    "<http://e> https://f www.g.org *h* _i_ $j$ &lt; \u202eturned\n# heading\n- list"
)
H2 = ("heading_open", "h2")
PROSE = [
    HOSTILE,
    "1. one",
    "- a",
    "+ a",
    "= a",
    "---",
    "===",
    "# a",
    "> a",
    "    code",
    "```",
    "~~~",
    "***",
    "1) a",
    "- [ ] a",
    "\\",
    "\\`",
    "[a]: http://b",
    "a  \nb",
    "&#60;b&#62;",
    "1.5 and -3 and +4",
    "2026-11-23",
]


def rendered(text):
    # With tables and strikethrough, as GitHub shows them.
    return MarkdownIt("gfm-like", {"linkify": False}).parse(text)


def flat(tokens):
    return [inner for token in tokens for inner in (token, *(token.children or []))]


def cells_of_tables(tokens):
    tables = []
    for token in tokens:
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append(0)
        elif token.type in {"td_open", "th_open"}:
            tables[-1][-1] += 1
    return tables


def card_of(manifest):
    return model_card.model_card(manifest)


@pytest.mark.parametrize("stage", ["running", "prepared", "estimated", "failed", "refused"])
def test_a_run_that_made_no_model_has_no_card(stage, request):
    assert card_of(request.getfixturevalue(stage)) is None


@pytest.mark.parametrize(
    "stage",
    [
        "customized",
        "swept",
        "evaluated",
        "promoted",
        "compared",
        "judged",
        "turned_down",
        "rejected",
    ],
)
def test_a_card_obeys_its_schema_and_says_the_same_each_time(stage, request):
    card = card_of(request.getfixturevalue(stage))

    jsonschema.validate(json.loads(model_card.as_json(card)), model_card.json_schema())
    assert model_card.as_json(card) == model_card.as_json(card)
    assert model_card.as_markdown(card) == model_card.as_markdown(card)


def test_the_sections_are_those_of_the_model_card_paper_in_its_order(compared):
    titles = [
        token.children[0].content
        for before, token in zip(
            *[rendered(model_card.as_markdown(card_of(compared)))[i:] for i in (0, 1)], strict=False
        )
        if before.type == "heading_open" and before.tag == "h2"
    ]

    assert titles == [
        "Model details",
        "Intended use",
        "Factors",
        "Metrics",
        "Evaluation data",
        "Training data",
        "Quantitative analyses",
        "Ethical considerations",
        "Caveats and recommendations",
        "Decision",
        "Cost",
        "Lineage",
    ]


def test_a_card_names_the_base_models_terms_as_far_as_the_catalogue_knows(compared):
    known = card_of(compared).model_details.origin.base_model
    other = replace(compared.run, base_model="meta.llama3-1-8b-instruct-v1:0:128k")
    unknown = replace(compared.run, base_model="nobody.knows-v1:0")

    assert known.terms == "https://aws.amazon.com/service-terms/"
    assert (
        "third-party-models"
        in card_of(replace(compared, run=other)).model_details.origin.base_model.terms
    )
    assert card_of(replace(compared, run=unknown)).model_details.origin.base_model.terms is None
    assert "Licence" not in model_card.as_markdown(card_of(replace(compared, run=unknown)))


def test_caveats_come_from_the_figures(compared):
    caveats = " ".join(card_of(compared).caveats_and_recommendations)

    assert "3 blind records also stand in the training set" in caveats
    assert "On category=other the candidate is worse than the base model by 20.0" in caveats
    assert "2 had the wrong form" in caveats
    assert "category=invoice" not in caveats
    assert wording.EMBEDDED_NOTICE not in caveats


def test_a_small_blind_set_and_an_embedded_run_are_caveats(rejected):
    few = replace(rejected.evaluation.metrics[0], records=60)
    small = replace(
        rejected,
        run=replace(rejected.run, embedded=True),
        evaluation=replace(rejected.evaluation, metrics=[few]),
    )
    card = card_of(small)

    assert card.caveats_and_recommendations[0] == wording.EMBEDDED_NOTICE
    assert "The blind set is small, 60 records" in card.caveats_and_recommendations[1]
    assert card.intended_use.out_of_scope[0].startswith("Production: the model was not promoted")


def test_personal_data_and_written_answers_are_told(compared):
    preparation = replace(
        compared.preparation,
        personal_data={"email": 31, "iban": 2},
        enrichment=EnrichmentRecord(
            task="draft",
            model="amazon.nova-pro-v1:0",
            answers=compared.preparation.source,
            written=420,
            scored=0,
            cost_usd=0.4,
        ),
    )
    notes = " ".join(card_of(replace(compared, preparation=preparation)).ethical_considerations)

    assert "email in 31, iban in 2" in notes
    assert "420 answers of the data were written by the model amazon.nova-pro-v1:0" in notes


@pytest.mark.parametrize("text", PROSE)
def test_an_escaped_text_is_one_paragraph_of_that_very_text(text):
    tokens = rendered(markdown.escape(text))

    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    inline = tokens[1].children
    assert {token.type for token in inline} <= {"text", "text_special"}
    assert "".join(token.content for token in inline) == wording.one_line(text)


@pytest.mark.parametrize("text", [*PROSE, "a`b", "``", "`", "a``b`c", "|", " "])
def test_a_code_span_holds_that_very_text_in_a_table_too(text):
    table = f"| a | b |\n| --- | --- |\n| {markdown.code(text)} | end |"
    cells = [
        token.children for before, token in pairwise(rendered(table)) if before.type == "td_open"
    ]

    assert len(cells) == 2
    expected = wording.one_line(text)
    assert [(token.type, token.content) for token in cells[0]] == (
        [("code_inline", expected)] if expected else []
    )


def test_nothing_that_the_data_say_becomes_markup(compared):
    first = compared.evaluation.metrics[0]
    hostile = replace(
        compared,
        run=replace(compared.run, id=HOSTILE, base_model=HOSTILE, library_version=HOSTILE),
        preparation=replace(
            compared.preparation,
            record_format=HOSTILE,
            findings=[Finding(rule=HOSTILE, severity="error", count=1, message=HOSTILE)],
            label_counts={HOSTILE * 100: 3},
            personal_data={HOSTILE: 3},
            train=replace(compared.preparation.train, uri=HOSTILE, sha256=HOSTILE),
        ),
        customization=replace(
            compared.customization, model_arn=HOSTILE, hyperparameters={HOSTILE: HOSTILE}
        ),
        evaluation=replace(
            compared.evaluation,
            metrics=[replace(first, method=HOSTILE), replace(first, against=HOSTILE, name=HOSTILE)],
            slices=[replace(first, slice=HOSTILE, interval=(-0.4, -0.2), difference=-0.3)],
            models=[replace(compared.evaluation.models[0], name=HOSTILE)],
            left_out={HOSTILE: HOSTILE},
        ),
        decision=replace(
            compared.decision,
            verdicts=[RuleVerdict(rule=HOSTILE, slice=HOSTILE, passed=False, reason=HOSTILE)],
        ),
    )
    plain = flat(rendered(model_card.as_markdown(card_of(compared))))
    tokens = flat(rendered(model_card.as_markdown(card_of(hostile))))

    kinds = {token.type for token in tokens}
    assert not kinds & {"html_block", "html_inline", "image", "em_open", "fence", "code_block"}
    assert [token.attrs["href"] for token in tokens if token.type == "link_open"] == []
    assert [token.attrs["href"] for token in plain if token.type == "link_open"] == [
        "https://aws.amazon.com/service-terms/"
    ]
    assert sum(token.type == "heading_open" for token in tokens) == sum(
        token.type == "heading_open" for token in plain
    )
    # No bar of the data began another cell.
    assert {len(set(rows)) for rows in cells_of_tables(tokens)} == {1}
    assert "\u202e" not in model_card.as_markdown(card_of(hostile))


def test_use_case_baseline_and_judge_are_on_the_card(judged):
    text = model_card.as_markdown(card_of(judged))

    assert "- Task: Sort what customers write." in text
    assert "- Owner: Support \\<desk\\>" in text
    assert "- Advice: do not tune." in text
    assert "Judged by `us.amazon.nova-pro-v1:0`, 250 records" in text
    assert "| Builtin.Harmfulness (lower is better) |" in text
    assert "Answers of the candidate that speak to a judge, or of their own score: 1." in text
