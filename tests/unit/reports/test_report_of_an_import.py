"""What the report of a run says of an imported model."""

from bedrock_customization_runtime import manifest
from bedrock_customization_runtime.reports import html, verdicts

RUN = manifest.RunSection(
    id="imported",
    execution_arn="arn:aws:states:us-east-1:123456789012:execution:p:imported",
    source="s3://data/incoming/rows",
    base_model="amazon.nova-micro-v1:0:128k",
    inference_model="amazon.nova-micro-v1:0",
    catalog_version="1",
    library_version="1",
    started="2026-11-22T00:00:00Z",
    embedded=False,
)
IMPORTED = manifest.ImportSection(
    kind="hub",
    location="https://hub.example/owner/<script>",
    revision="0123456789abcdef0123456789abcdef01234567",
    architecture="LlamaForCausalLM",
    bytes=16_060_522_496,
    files=[
        manifest.ImportedFile(name="config.json", bytes=900, sha256="a" * 64),
        manifest.ImportedFile(name="model.safetensors", bytes=16_060_521_596),
    ],
    left_out=3,
    inspection="s3://artifacts/runs/imported/import/findings.json",
)


def test_source_commit_and_digests_are_shown_and_escaped():
    page = html.render(manifest.Manifest(run=RUN, model_import=IMPORTED))
    assert IMPORTED.revision in page
    assert "a" * 64 in page
    assert "not checked" in page
    assert "owner/<script>" not in page
    assert "owner/&lt;script&gt;" in page


def test_an_import_is_how_far_a_customization_would_be():
    assert [stage.done for stage in verdicts.stages(manifest.Manifest(run=RUN))] == [False] * 5
    stages = verdicts.stages(manifest.Manifest(run=RUN, model_import=IMPORTED))
    assert [stage.done for stage in stages] == [True, True, False, False, False]


def test_a_model_of_sagemaker_is_shown_with_its_job_and_escaped():
    made = manifest.CustomModelSection(
        location="s3://customer-escrow-123456789012-smtj-1/<model>",
        training_job="intents-nova-lite-7",
        base_model="amazon.nova-lite-v1:0:300k",
        model_name="nova",
    )
    document = manifest.Manifest(run=RUN, custom_model=made)
    page = html.render(document)
    assert made.training_job in page
    assert made.base_model in page
    assert "<model>" not in page
    assert [stage.done for stage in verdicts.stages(document)][:3] == [True, True, False]
