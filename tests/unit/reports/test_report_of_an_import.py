"""What report, card, notification and approval page say of an imported model, and what never."""

import json
import re

import jsonschema
import pytest
from msgspec.structs import replace

from bedrock_customization_runtime import catalog, manifest
from bedrock_customization_runtime.costs.quantities import RunTokens
from bedrock_customization_runtime.model_import import cost
from bedrock_customization_runtime.reports import approval_page, html, model_card, text, verdicts

COMMIT = "0123456789abcdef0123456789abcdef01234567"
IMPORTED = manifest.ImportSection(
    kind="hub",
    location="https://hub.example/owner/<script>",
    revision=COMMIT,
    architecture="LlamaForCausalLM",
    family="Llama 2, 3, 3.1, 3.2, 3.3",
    parameters=8_030_261_248,
    dtypes={"BF16": 8_030_000_000, "F32": 261_248},
    context_length=131_072,
    licence="llama3.1",
    licence_files=["LICENSE", "USE_POLICY.md"],
    bytes=16_060_522_496,
    files=[
        manifest.ImportedFile(name="config.json", bytes=900, sha256="a" * 64),
        manifest.ImportedFile(name="model.safetensors", bytes=16_060_521_596),
    ],
    left_out=3,
    inspection="s3://artifacts/runs/imported/import/findings.json",
    warnings=[
        manifest.ImportFinding(
            rule="tokenizer-class",
            file="tokenizer_config.json",
            message="tokenizer_config.json: an unusual class (found Odd): look at the answers",
        )
    ],
)
JOB = manifest.ImportJob(
    job_arn="arn:aws:bedrock:us-east-1:123456789012:model-import-job/abcdefghijkl",
    model_arn="arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl",
    started="2026-11-23T09:10:00Z",
    ended="2026-11-23T09:31:00Z",
    architecture="llama",
    instruct_supported=True,
    units_per_copy=2,
)
OF_A_CUSTOMIZATION = re.compile(
    r"(?<!instruction-)\btuned\b|\bcustomiz|training set|it learn|training job|teacher",
    re.IGNORECASE,
)
OF_AN_IMPORT = re.compile(r"\bimport(?:s|ed)?\b|licence files|trained elsewhere", re.IGNORECASE)


@pytest.fixture
def imported(judged):
    """All that a run can say that imports a model."""
    evaluation = judged.evaluation
    tokens = manifest.SideTokens(
        records=500, questions=41_000, answers=3_900, unanswered=0, unanswered_questions=0
    )
    preparation = replace(judged.preparation, blind_tokens=tokens, personal_data={"email": 31})
    return replace(
        judged,
        run=replace(judged.run, kind="import"),
        use_case=None,
        baseline=None,
        customization=None,
        preparation=preparation,
        model_import=replace(IMPORTED, job=JOB),
        deployment=manifest.DeploymentSection(arn=JOB.model_arn),
        estimate=cost.estimate(
            catalog.base_model(judged.run.base_model),
            RunTokens.of(preparation),
            units=2,
            answer_tokens=512,
            few_shot=3,
        ),
        evaluation=replace(
            evaluation,
            models=[one for one in evaluation.models if one.name != "teacher"],
            metrics=[one for one in evaluation.metrics if one.against != "teacher"],
        ),
    )


def card_of(found):
    return model_card.model_card(found)


def everything_said(found):
    """Return each text that people or machines get of a run."""
    card = card_of(found)
    return {
        "report": html.render(found),
        "card": model_card.as_markdown(card),
        "card as JSON": model_card.as_json(card).decode(),
        "notification": text.summary(found),
        "approval wanted": text.approval_wanted(found, expires="2026-11-24T09:00:00Z", link=None),
        "approval page": approval_page.ask(
            found, key="k", secret="s", expires="2026-11-24T09:00:00Z"
        ),
    }


def said(pattern, found):
    """Return what a pattern finds, without addresses and the name of the command."""
    hits = {
        name: pattern.findall(re.sub(r"bedrock-customization|s3://\S+|arn:\S+", "", words))
        for name, words in everything_said(found).items()
    }
    return {name: those for name, those in hits.items() if those}


@pytest.mark.parametrize("embedded", [False, True])
def test_nothing_says_of_an_imported_model_that_it_was_tuned(imported, embedded):
    found = replace(imported, run=replace(imported.run, embedded=embedded))

    assert said(OF_A_CUSTOMIZATION, found) == {}


def test_nothing_says_of_a_customized_model_that_it_was_imported(judged):
    assert said(OF_AN_IMPORT, judged) == {}


def test_a_run_is_told_by_its_kind_before_it_has_a_model(imported):
    begun = replace(
        imported, status="running", model_import=None, deployment=None, evaluation=None,
        decision=None, ended=None,
    )  # fmt: skip

    assert "Model import report" in html.render(begun)
    assert [stage.title for stage in verdicts.stages(begun)][1] == "Import"
    assert verdicts.verdict(begun).headline == (
        "The run is under way, after the data were prepared."
    )


def test_a_model_that_is_only_inspected_is_not_imported(imported):
    inspected = replace(
        imported, model_import=IMPORTED, deployment=None, evaluation=None, decision=None
    )

    assert [stage.done for stage in verdicts.stages(inspected)] == [True, *[False] * 4]
    assert [stage.done for stage in verdicts.stages(imported)] == [True] * 5
    assert card_of(inspected) is None


def test_source_commit_digests_and_findings_are_shown_and_escaped(imported):
    page = html.render(imported)

    assert COMMIT in page
    assert "a" * 64 in page
    assert "not checked" in page
    assert "owner/<script>" not in page
    assert "owner/&lt;script&gt;" in page
    assert "llama3.1" in page
    assert "8,030,261,248" in page
    assert "an unusual class" in page


def test_the_card_says_what_was_imported_from_where_and_under_which_licence(imported):
    card = card_of(imported)
    words = model_card.as_markdown(card)

    jsonschema.validate(json.loads(model_card.as_json(card)), model_card.json_schema())
    for line in (
        f"- Model: `{JOB.model_arn}`",
        "from: `https://hub.example/owner/<script>` (repository of a hub)",
        f"- Commit: `{COMMIT}`",
        "- Licence: `llama3.1`, as its source records it; see there `LICENSE`, `USE_POLICY.md`",
        "- Architecture: `LlamaForCausalLM` (Llama 2, 3, 3.1, 3.2, 3.3)",
        "- Parameters: 8,030,261,248 in `BF16` 8,030,000,000, `F32` 261,248",
        "- Context: 131,072 tokens",
        "- Size: 16.1 GB in 2 files; 3 files of the source were not copied",
        "| `tokenizer-class` | tokenizer\\_config.json: an unusual class",
        "| `model.safetensors` | 16,060,521,596 | not checked |",
        "- Compared with: `amazon.nova-micro-v1:0:128k` (Nova Micro of Amazon)",
        "Not known here: the model was trained elsewhere, ",
        "Whether it has seen the blind questions, nobody can say",
        "- Other revisions of its source: the figures are of this one alone.",
        f"- Job: `{JOB.job_arn}`",
    ):
        assert line in words, line


def test_a_card_says_that_no_licence_is_recorded(imported):
    unlicensed = replace(imported.model_import, licence=None, licence_files=[])
    card = card_of(replace(imported, model_import=unlicensed))

    assert "- Licence: not recorded\n" in model_card.as_markdown(card)
    assert "No licence is recorded" in " ".join(card.caveats_and_recommendations)


def test_what_a_source_says_becomes_no_markup(imported):
    hostile = "<script>alert(1)</script> `c` | d [a](javascript:alert(1))\n# heading"
    section = replace(
        imported.model_import,
        location=hostile,
        revision=hostile,
        family=hostile,
        architecture=hostile,
        licence=hostile,
        licence_files=[hostile],
        dtypes={hostile: 1},
        files=[manifest.ImportedFile(name=hostile, bytes=1)],
        warnings=[manifest.ImportFinding(rule=hostile, file=hostile, message=hostile)],
    )
    found = replace(imported, model_import=section)

    assert "<script>alert" not in html.render(found)
    assert "\n# heading" not in model_card.as_markdown(card_of(found))


MADE = manifest.CustomModelSection(
    location="s3://customer-escrow-123456789012-smtj-1/<model>",
    training_job="intents-nova-lite-7",
    base_model="amazon.nova-lite-v1:0:300k",
    model_name="nova",
    model_arn="arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0/abc",
    created="2026-11-23T09:31:00Z",
)


def test_a_model_that_sagemaker_trained_is_shown_with_its_job_and_its_base_model(imported):
    found = replace(imported, model_import=None, custom_model=MADE)
    assert said(OF_A_CUSTOMIZATION, found) == {}
    page, card = html.render(found), model_card.as_markdown(card_of(found))
    for text_of in (page, card):
        assert MADE.training_job in text_of
        assert MADE.base_model in text_of or found.run.base_model in text_of
        assert "escrow" in text_of
    assert "<model>" not in page
    jsonschema.validate(json.loads(model_card.as_json(card_of(found))), model_card.json_schema())


def test_a_model_is_not_made_before_it_is_active(imported):
    begun = replace(imported, model_import=None, custom_model=replace(MADE, model_arn=None))
    assert model_card.model_card(replace(begun, deployment=None)) is None
