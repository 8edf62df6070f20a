import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import msgspec
import pytest
from msgspec.structs import replace

from bedrock_customization_runtime.manifest import (
    CurvePoint,
    Example,
    FailureSection,
    Finding,
    RefusalSection,
    RuleVerdict,
)
from bedrock_customization_runtime.reports import html, plots, wording

STAGES = [
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


@pytest.fixture(params=STAGES)
def page(request):
    return html.render(request.getfixturevalue(request.param))


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
    drawings = re.findall(r"<svg.*?</svg>", html.render(promoted), flags=re.DOTALL)

    assert len(drawings) == 3
    for drawing in drawings:
        assert 'role="img"' in drawing
        assert re.search(r"<title id=\"[^\"]+\">[^<]+</title><desc id=\"[^\"]+\">[^<]+", drawing)


def test_a_plot_describes_its_figures_in_escaped_text(promoted):
    drawing = plots.comparison(promoted.evaluation.metrics[0], 0.05)

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
        page.index("<h1>The tuned model answers 86.4")
        < page.index("The decision: promote")
        < page.index("Is the tuned model better?")
        < page.index("How it learned")
        < page.index("What it learned from")
        < page.index("Lineage")
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
            examples=[Example(record=HOSTILE, base_correct=True, tuned_correct=False)],
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
    drawing = plots.comparison(promoted.evaluation.metrics[0], 0.05)

    assert re.findall(r"#[0-9a-f]{6}\b", drawing) == []
    assert "var(--first)" in drawing
    assert "<style" not in drawing


def test_the_gate_is_drawn_once_something_is_decided(promoted):
    metric = promoted.evaluation.metrics[0]

    assert "gate +5.0" in plots.comparison(metric, 0.05)
    assert "gate" not in plots.comparison(metric, None)


def test_equal_models_without_any_spread_are_drawn(promoted):
    tied = replace(
        promoted.evaluation.metrics[0],
        baseline=0.0,
        tuned=0.0,
        difference=0.0,
        interval=(0.0, 0.0),
        p_value=1.0,
    )

    assert "Difference 0.0 points" in plots.comparison(tied, 0.0)


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


def test_a_run_without_tuning_shows_use_case_baseline_and_advice_and_no_failure(needless):
    page = html.render(needless)

    assert "Support &lt;desk&gt;" in page
    assert "Is tuning the right thing? Do not tune" in page
    assert "With 4 examples in the prompt" in page
    assert "(rule <code>target-met</code>)" in page
    assert "Why it failed" not in page
    assert "baseline/questions.jsonl" in page
