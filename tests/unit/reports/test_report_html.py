import os
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser

import msgspec
import pytest
from msgspec.structs import replace

from bedrock_customization_runtime.manifest import (
    ConfusionMatrix,
    CurvePoint,
    EnrichmentRecord,
    Example,
    FailureSection,
    Finding,
    Manifest,
    RefusalSection,
    RuleVerdict,
)
from bedrock_customization_runtime.reports import confusion, html, models, plots, wording

STAGES = [
    "compared",
    "judged",
    "running",
    "prepared",
    "estimated",
    "customized",
    "swept",
    "evaluated",
    "promoted",
    "rejected",
    "failed",
    "refused",
    "needless",
    "too_dear",
    "turned_down",
    "expired",
    "rolled_back",
]
HOSTILE = (
    "</title></style><script>alert(1)</script><img src=x onerror=alert(1)>\"'&$\\frac$ {{ 7*7 }}"
)
VOID = {"meta", "br", "hr", "img", "input", "link"}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.ids, self.attributes = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@cache
def rendered(manifest):
    return html.render(msgspec.json.decode(manifest, type=Manifest))


@pytest.fixture(params=STAGES)
def page(request):
    return rendered(msgspec.json.encode(request.getfixturevalue(request.param)))


def test_every_stage_gives_a_well_formed_page_with_unique_ids(page):
    parsed = Page(page)

    assert parsed.open == []
    assert len(parsed.ids) == len(set(parsed.ids))
    assert parsed.tags.count("h1") == 1


def test_every_reference_within_a_page_leads_somewhere(page):
    parsed = Page(page)
    references = [
        target
        for _, name, value in parsed.attributes
        for target in (
            value.split()
            if name == "aria-labelledby"
            else [value.removeprefix("#")]
            if name == "xlink:href"
            else re.findall(r"url\(#(\w+)\)", value or "")
        )
    ]

    assert set(references) <= set(parsed.ids)


def test_a_page_loads_nothing_and_runs_nothing(page):
    parsed = Page(page)

    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page
    assert not {"script", "iframe", "link", "object", "embed", "img", "form"} & set(parsed.tags)
    assert not [name for _, name, _ in parsed.attributes if name.startswith("on")]
    assert not [value for _, name, value in parsed.attributes if name in {"src", "href"} and value]


def test_every_table_has_a_caption_and_headers_with_scope(page):
    parsed = Page(page)

    assert parsed.tags.count("table") == parsed.tags.count("caption")
    assert parsed.tags.count("th") == sum(
        tag == "th" and name == "scope" for tag, name, _ in parsed.attributes
    )


def test_a_page_shows_what_a_run_was_expected_to_cost(estimated):
    page = html.render(estimated)

    for told in (
        "What it was expected to cost: nobody knows",
        "What has a figure comes to $9.80.",
        "$9.80</td><td>$0.008 per 1,000, 2026-04-16, unverified<small>a price list",
        "$0.0014</td><td>$0.000035 per 1,000",
        "unknown</td><td>no source states the price",
        "<small>2 epochs</small>",
        "storage<small>each month it is kept",
        "service role: it may not be read (not checked)",
    ):
        assert told in page


def test_every_plot_is_an_image_with_a_title_and_a_description(promoted):
    drawings = re.findall(r"<svg role=.*?</svg>", html.render(promoted), flags=re.DOTALL)

    assert len(drawings) == 3
    for drawing in drawings:
        assert 'role="img"' in drawing
        assert re.search(r"<title id=\"[^\"]+\">[^<]+</title><desc id=\"[^\"]+\">[^<]+", drawing)


def test_a_plot_describes_its_figures_in_escaped_text(promoted):
    drawing = plots.comparison(
        models.scores(promoted.evaluation), promoted.evaluation.metrics[0], 0.05
    )

    assert "+20.8 to +29.4, p &lt; 0.0001, 500 unseen questions. The gate is at +5.0" in drawing


def test_the_same_manifest_gives_the_same_bytes(promoted):
    assert html.render(promoted) == html.render(promoted)


def test_neither_the_process_nor_a_persons_plot_settings_change_the_bytes(promoted, tmp_path):
    (tmp_path / "matplotlibrc").write_text("font.size: 30\nlines.linewidth: 9\n")
    program = (
        "import sys, msgspec\n"
        "from bedrock_customization_runtime.manifest import Manifest\n"
        "from bedrock_customization_runtime.reports import html\n"
        "manifest = msgspec.json.decode(sys.stdin.buffer.read(), type=Manifest)\n"
        "sys.stdout.buffer.write(html.render(manifest).encode())\n"
    )

    page = subprocess.run(
        [sys.executable, "-c", program],
        input=msgspec.json.encode(promoted),
        env={**os.environ, "PYTHONHASHSEED": "7", "MPLCONFIGDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        check=True,
    ).stdout

    assert page.decode() == html.render(promoted)


def test_the_verdict_comes_before_the_evidence(promoted):
    page = html.render(promoted)

    assert (
        page.index("<h1>The candidate answers 86.4")
        < page.index("Is it better?")
        < page.index("May it go live?")
        < page.index("The decision: promote")
        < page.index("Is the candidate better?")
        < page.index("How it learned</h2>")
        < page.index("What it learned from")
        < page.index("Lineage</h2>")
    )


def test_a_page_shows_only_the_sections_a_run_has_reached(running, failed):
    assert "How it learned" not in html.render(running)
    assert "Why it failed" not in html.render(running)
    page = html.render(failed)
    assert "the job ended as Failed: lower learningRate" in page
    assert "stackTrace" not in page


def test_a_refused_data_set_shows_the_rules_it_broke(refused):
    page = html.render(refused)

    assert "What is wrong with the data" in page
    assert "40 records were read and 7 rejected" in page
    assert "json-cut" in page
    assert "First lines: 3, 9" in page
    assert refused.refusal.rejected_records in page


def test_a_run_on_the_embedded_aws_says_what_its_figures_are_worth(promoted):
    notice = str(wording.EMBEDDED_NOTICE).replace("'", "&#39;")
    embedded = replace(promoted, run=replace(promoted.run, embedded=True))

    assert notice in html.render(embedded)
    assert notice not in html.render(promoted)


def test_every_file_is_listed_with_its_digest(promoted):
    page = html.render(promoted)

    data = promoted.preparation
    files = [data.source, data.train, data.validation, data.test, data.rejected]
    for file in files + promoted.evaluation.answers:
        assert file.uri in page
    assert page.count(data.train.sha256) == 7


def test_a_run_without_validation_set_or_rejected_records_has_a_page(promoted):
    lean = replace(
        promoted,
        preparation=replace(
            promoted.preparation, validation=None, rejected=None, findings=[], label_counts={}
        ),
    )

    page = html.render(lean)

    assert "the base model takes no validation set" in page
    assert "No rule was broken." in page


def test_many_labels_are_cut_to_the_most_frequent(promoted):
    labels = {f"label {number:04d}": number for number in range(1, 1_001)}
    crowded = replace(promoted, preparation=replace(promoted.preparation, label_counts=labels))

    page = html.render(crowded)

    assert "the 20 most frequent of 1000" in page
    assert "label 1000" in page
    assert "label 0980" not in page


def test_nothing_a_manifest_says_becomes_markup(promoted):
    hostile = replace(
        promoted,
        run=replace(
            promoted.run,
            id=HOSTILE,
            execution_arn=HOSTILE,
            source=HOSTILE,
            base_model=HOSTILE,
            inference_model=HOSTILE,
            started=HOSTILE,
            library_version=HOSTILE,
            catalog_version=HOSTILE,
        ),
        preparation=replace(
            promoted.preparation,
            record_format=HOSTILE,
            findings=[Finding(rule=HOSTILE, severity="error", count=1, message=HOSTILE)],
            label_counts={HOSTILE: 3},
            train=replace(promoted.preparation.train, uri=HOSTILE, sha256=HOSTILE),
        ),
        refusal=RefusalSection(
            read=1,
            rejected=1,
            record_format=HOSTILE,
            findings=[Finding(rule=HOSTILE, severity="error", count=1, message=HOSTILE)],
            report=HOSTILE,
            rejected_records=HOSTILE,
        ),
        customization=replace(
            promoted.customization,
            customization_type=HOSTILE,
            job_arn=HOSTILE,
            model_arn=HOSTILE,
            started=HOSTILE,
            hyperparameters={HOSTILE: HOSTILE},
        ),
        deployment=replace(
            promoted.deployment, arn=HOSTILE, alias_parameter=HOSTILE, previous=HOSTILE
        ),
        evaluation=replace(
            promoted.evaluation,
            primary=HOSTILE,
            metrics=[
                replace(metric, name=HOSTILE, method=HOSTILE)
                for metric in promoted.evaluation.metrics
            ],
            examples=[Example(record=HOSTILE, base_correct=True, candidate_correct=False)],
        ),
        decision=replace(
            promoted.decision,
            verdicts=[RuleVerdict(rule=HOSTILE, passed=False, reason=HOSTILE)],
            decided=HOSTILE,
        ),
        failure=FailureSection(error=HOSTILE, cause=HOSTILE),
        ended=HOSTILE,
    )

    page = html.render(hostile)

    parsed = Page(page)
    assert parsed.open == []
    assert not {"script", "img"} & set(parsed.tags)
    assert "{{ 7*7 }}" in page
    assert page.count("&lt;script&gt;") > 20


def test_a_job_without_loss_values_says_so(customized):
    silent = replace(
        customized,
        customization=replace(customized.customization, training_curve=[], validation_curve=[]),
    )

    assert "The job left no loss values." in html.render(silent)


@pytest.mark.parametrize("points", [1, 2])
def test_a_curve_of_a_point_or_two_is_drawn(customized, points):
    curve = [CurvePoint(step=step, epoch=1, loss=1.0) for step in range(points)]
    short = replace(customized.customization, training_curve=curve, validation_curve=[])

    assert "training loss from 1.000 to 1.000" in plots.loss_curves(short)


def test_a_few_epochs_are_marked_and_many_are_not(customized):
    def curve(epochs):
        return [CurvePoint(step=10 * epoch, epoch=epoch, loss=1 / epoch) for epoch in epochs]

    few = replace(customized.customization, training_curve=curve(range(1, 4)))
    many = replace(customized.customization, training_curve=curve(range(1, 101)))

    assert "epoch 3<" in plots.loss_curves(few)
    assert "epoch 3<" not in plots.loss_curves(many)


def test_plots_take_their_colours_from_the_page_alone(promoted):
    drawing = plots.comparison(
        models.scores(promoted.evaluation), promoted.evaluation.metrics[0], 0.05
    )

    assert re.findall(r"#[0-9a-f]{6}\b", drawing) == []
    assert "var(--first)" in drawing
    assert "<style" not in drawing


def test_the_gate_is_drawn_once_something_is_decided(promoted):
    metric, scores = promoted.evaluation.metrics[0], models.scores(promoted.evaluation)

    assert "gate +5.0" in plots.comparison(scores, metric, 0.05)
    assert "gate" not in plots.comparison(scores, metric, None)


def test_equal_models_without_any_spread_are_drawn(promoted):
    tied = replace(
        promoted.evaluation.metrics[0],
        other=0.0,
        candidate=0.0,
        difference=0.0,
        interval=(0.0, 0.0),
        p_value=1.0,
    )

    evaluation = replace(promoted.evaluation, metrics=[tied])
    assert "Difference 0.0 points" in plots.comparison(models.scores(evaluation), tied, 0.0)


def contrast(first, second):
    def luminance(colour):
        channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_and_plots_have_the_contrast_that_wcag_asks_for(running, scheme):
    rules = re.findall(r":root \{(.*?)\n\s*\}", html.render(running), flags=re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", rules[scheme]))

    for text in ("ink", "muted", "good", "bad", "hold", "live"):
        assert contrast(colours[text], colours["paper"]) >= 4.5
    for tone in ("good", "bad", "hold", "live"):
        assert contrast(colours[tone], colours[f"{tone}-wash"]) >= 4.5
        assert contrast(colours["muted"], colours[f"{tone}-wash"]) >= 4.5
    for shape in ("first", "second"):
        assert contrast(colours[shape], colours["paper"]) >= 3


def test_a_distillation_from_logs_says_what_was_omitted_and_who_gave_the_references(evaluated):
    parent = "arn:aws:bedrock:us-east-1:123456789012:custom-model/a:128k/abcdefghijkl"
    found = replace(
        evaluated,
        run=replace(evaluated.run, parent_model=parent),
        preparation=replace(evaluated.preparation, omitted=1234),
        evaluation=replace(evaluated.evaluation, taught_references=56),
    )
    page = html.render(found)
    assert "1,234" in page
    assert "Logs that are no training data" in page
    assert "56 of them had no answer, so the teacher" in page
    assert parent in page
    plain = html.render(evaluated)
    assert "Omitted" not in plain
    assert "teacher" not in plain


def test_a_refusal_counts_the_omitted_logs(refused):
    found = replace(refused, refusal=replace(refused.refusal, omitted=77))
    assert "77 logs were omitted as no training data" in html.render(found)


def test_each_candidate_of_a_sweep_says_what_became_of_it(swept):
    page = html.render(swept)
    assert "1 (kept)" in page
    for words in (
        "Candidate 1 has the lowest validation loss.",
        "Candidate 2 diverged.",
        "Training loss rose to 51 on the way",
        "loss-exploded",
        "Its model was deleted.",
        "Candidate 3 stalled",
        "Candidate 4 was not trained",
    ):
        assert words in page


def test_candidates_that_exploded_do_not_flatten_the_others(swept):
    assert "candidate 1 (kept) from 1.200 to 0.310" in plots.sweep_curves(swept.sweep)
    nothing = replace(
        swept.sweep,
        candidates=[replace(one, validation_curve=[]) for one in swept.sweep.candidates],
    )
    assert plots.sweep_curves(nothing) == ""


def test_a_model_that_is_left_is_named(swept):
    kept = replace(swept.sweep.candidates[1], model_deleted=False)
    page = html.render(replace(swept, sweep=replace(swept.sweep, candidates=[kept])))
    assert "still there and bills storage" in page
    assert kept.model_arn in page


def test_a_single_job_says_its_diagnosis(customized, swept):
    diagnosed = replace(customized.customization, diagnosis=swept.sweep.candidates[0].diagnosis)
    page = html.render(replace(customized, customization=diagnosed))
    assert "<strong>Diagnosis: fine.</strong>" in page
    assert "Diagnosis" not in html.render(customized)


def test_every_model_that_answered_is_shown_with_what_its_answers_cost(compared):
    page = html.render(compared)

    for told in (
        "Base model with examples<small",
        "Model live until now<small",
        "$0.021<small>41,200 tokens in",
        "unknown<small>41,200 tokens in",
        '<small class="where">ThrottlingException 3</small>',
        "slowest 2,940 ms",
        "Model live until now: it was deleted before this run asked it",
        "3 of the questions stand in the training set",
        "differences from 3.7 points on are found",
    ):
        assert told in page


def test_the_candidate_is_held_against_each_other_on_one_axis(compared):
    forest = models.against_each(compared.evaluation, 0.05)

    assert [row.title for row in forest.rows] == [
        "Base model",
        "Base model with examples",
        "Teacher",
        "Model live until now",
    ]
    assert [row.tone for row in forest.rows] == ["better", "better", "open", "open"]
    for row in forest.rows:
        assert 0 < row.lower < row.middle < row.upper < 100
    assert 0 < forest.zero < forest.gate < 100


def test_a_comparison_with_the_base_model_alone_needs_no_forest(evaluated):
    assert models.against_each(evaluated.evaluation, 0.05) is None
    assert models.by_slice(evaluated.evaluation) is None


def test_slices_stand_below_all_records_and_say_where_the_model_is_worse(compared):
    rows = models.by_slice(compared.evaluation).rows

    assert [row.title for row in rows][:2] == ["All records", "category=refund"]
    assert [row.tone for row in rows] == ["better", "better", "better", "open", "worse"]


def test_the_metric_that_decides_is_the_one_against_the_base_model(compared):
    turned = replace(compared.evaluation, metrics=compared.evaluation.metrics[::-1])

    assert wording.primary_of(turned).against == "base"


def test_a_confusion_matrix_shows_right_answers_on_the_diagonal(compared):
    base, candidate = confusion.heat_maps(compared.evaluation.confusion)

    assert (base.title, candidate.title) == ("Base model", "Candidate")
    assert [cell.right for cell in candidate.lines[1].cells] == [False, True, False, False, False]
    assert [cell.count for cell in base.lines[0].cells] == [143, 31, 12, 9, 6]
    assert candidate.headings == ["None"]
    assert all(cell.shade <= 45 for line in candidate.lines for cell in line.cells)


def test_of_many_labels_the_most_frequent_are_shown_and_the_rest_are_one_column():
    labels = [f"label {number}" for number in range(40)]
    counts = [[number if one == number else 1 for one in range(40)] + [2] for number in range(40)]
    (shown,) = confusion.heat_maps(
        [ConfusionMatrix(model="candidate", labels=labels, counts=counts)]
    )

    assert [line.label for line in shown.lines] == labels[-10:]
    assert shown.headings == ["Other", "None"]
    assert [cell.count for cell in shown.lines[0].cells[-2:]] == [30, 2]
    assert shown.lines[0].total == 30 + 9 + 30 + 2


def test_a_matrix_of_a_label_without_records_is_shown():
    empty = ConfusionMatrix(model="base", labels=["a"], counts=[[0, 0]])

    assert [cell.shade for cell in confusion.heat_maps([empty])[0].lines[0].cells] == [0, 0]


def test_examples_are_named_by_id_and_the_report_says_who_finds_their_texts(compared):
    page = html.render(compared)

    won, lost = page.index("Won: only the candidate"), page.index("Lost: only the base model")
    assert won < page.index("77b1c0de42") < lost < page.index("0f3a9c21be")
    assert f'by their ids in <span class="where">{compared.preparation.test.uri}' in page


def test_controls_that_turn_the_direction_of_writing_are_made_visible(compared):
    turned = replace(compared, run=replace(compared.run, source="s3://a/\u202egpj.exe\u2066"))

    page = html.render(turned)

    assert not set(page) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert "s3://a/\ufffdgpj.exe\ufffd" in page


def test_a_run_without_tuning_shows_use_case_baseline_and_advice_and_no_failure(needless):
    page = html.render(needless)

    assert "Support &lt;desk&gt;" in page
    assert "Is tuning the right thing? Do not tune" in page
    assert "With 4 examples in the prompt" in page
    assert "(rule <code>target-met</code>)" in page
    assert "Why it failed" not in page
    assert "baseline/questions.jsonl" in page


@pytest.mark.parametrize(
    ("stage", "label", "may_go_live"),
    [
        ("promoted", "Promoted", "Yes<small>The alias that consumers read names it"),
        ("rejected", "Not promoted", "No<small>The gate refuses it by 1 of 1 rules"),
        ("turned_down", "Rejected by a person", "No<small>A person rejected it"),
        ("expired", "Nobody decided in time", "No<small>Nobody decided in time"),
        ("rolled_back", "Promoted, then rolled back", "Not any more<small>It was live"),
        ("too_dear", "Over budget", None),
        ("needless", "Not needed", None),
        ("failed", "Failed", None),
        ("running", "Running", None),
    ],
)
def test_the_first_screen_says_how_the_run_ended(stage, label, may_go_live, request):
    page = html.render(request.getfixturevalue(stage))

    assert f"</span> {label}</p>" in page
    assert ("May it go live?" in page) is (may_go_live is not None)
    assert (may_go_live or "") in page


def test_a_run_above_its_budget_says_what_it_would_have_cost(too_dear):
    page = html.render(too_dear)

    assert "above max_cost_usd of 5" in page
    assert "Why it was stopped" in page
    assert "$9.80 and more<small>Estimated; 1 item has no known price" in page


def test_the_history_of_a_promotion_is_told(rolled_back, turned_down):
    page = html.render(rolled_back)

    assert "<code>/tuning/model</code> was moved to the candidate, from" in page
    assert "Rolled back 2026-11-24 08:00:00 UTC" in page
    said = "by arn:aws:sts::123456789012:assumed-role/Reviewer/ada: It answers refunds"
    page = html.render(turned_down)
    assert said in page
    assert "The decision: do not promote" in page


def test_each_rule_of_the_gate_is_shown_with_its_verdict(compared):
    verdicts = [
        RuleVerdict(rule="significance", passed=True, reason="p < 0.0001"),
        RuleVerdict(
            rule="no_regression_on",
            slice="category=other",
            passed=False,
            reason="it is worse there",
        ),
    ]
    decision = replace(compared.decision, promote=False, verdicts=verdicts, earlier_decisions=2)
    page = html.render(replace(compared, status="rejected", decision=decision))

    assert "No<small>The gate refuses it by 1 of 2 rules" in page
    assert "<code>no_regression_on</code><small>category=other</small>" in page
    assert "had decided 2 earlier runs" in page


def test_what_a_judge_says_is_shown_with_what_does_not_count(judged):
    page = html.render(judged)

    for told in (
        "Candidate preferred</dt><dd>62.5\N{NO-BREAK SPACE}%",
        "121 : 62 : 53",
        "half is no bias; the orders differ on 31",
        "Lower is better.",
        "No valid judgement of 6: no score 6.",
        "Not asked about 3: the prompt is too long",
        "No valid preference for 4: no verdict",
        "1 answer of the candidate speaks to a judge or of its score.",
        "2 answers of the base model speak to a judge or of their score.",
        judged.evaluation.judge.jobs[0],
    ):
        assert told in page


def test_the_quality_of_the_data_is_told(compared):
    data = replace(
        compared.preparation,
        left_out=9,
        clusters=4_811,
        plain_split_leaks=37,
        personal_data={"email": 31, "iban": 2},
        enrichment=EnrichmentRecord(
            task="draft",
            model="amazon.nova-pro-v1:0",
            answers=replace(compared.preparation.source, uri="s3://tuning-data/drafted.jsonl"),
            written=420,
            scored=0,
            cost_usd=0.4,
        ),
    )
    page = html.render(replace(compared, preparation=data))

    for told in (
        "they quote the blind set",
        "A split by record would have given 37 blind records copies in the training set.",
        '<th scope="row">iban</th><td class="number">2</td>',
        "wrote 420 answers and graded 0 (task <code>draft</code>); this run paid $0.40",
        "s3://tuning-data/drafted.jsonl",
    ):
        assert told in page


@pytest.mark.parametrize(
    "stage", ["running", "prepared", "needless", "customized", "swept", "evaluated", "judged"]
)
def test_a_failure_anywhere_says_so_and_keeps_what_there_was(stage, request):
    before = request.getfixturevalue(stage)
    failure = FailureSection(error="SmokeTestFailed", cause="it answers nothing")
    page = html.render(replace(before, status="failed", outcome=failure.error, failure=failure))

    assert Page(page).open == []
    assert "</span> Failed</p>" in page
    assert "SmokeTestFailed: it answers nothing" in page
    assert page.index("Why it failed") < page.index("Lineage</h2>")
    assert ("How it learned" in page) is (before.customization is not None)
