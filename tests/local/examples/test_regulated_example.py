"""The example of a regulated pipeline passes the packs that it asks, and they would stop it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[3] / "examples" / "regulated"
PACKS = ["AwsSolutions", "NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321"]


def synthesize(out, source="app.py"):
    """Run the example's app, or one in its place, with the context of its cdk.json."""
    own = json.loads((EXAMPLE / "cdk.json").read_text())["context"]
    return subprocess.run(
        [sys.executable, source],
        check=False,
        cwd=EXAMPLE,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "CDK_OUTDIR": str(out),
            "CDK_CONTEXT_JSON": json.dumps({**own, "aws:cdk:bundling-stacks": []}),
        },
    )


@pytest.mark.slow
def test_a_regulated_pipeline_passes_the_packs_that_stop_an_open_bucket(tmp_path):
    done = synthesize(tmp_path / "clean")
    assert done.returncode == 0, done.stdout + done.stderr
    template = json.loads((tmp_path / "clean" / "Regulated.template.json").read_text())
    assert "OnlyThroughTheEndpoint" in json.dumps(template)

    text = (EXAMPLE / "app.py").read_text()
    open_bucket = "from aws_cdk import aws_s3\naws_s3.Bucket(stack, 'Open')\napp.synth()"
    changed = tmp_path / "app.py"
    changed.write_text(text.replace("app.synth()", open_bucket))
    done = synthesize(tmp_path / "open", changed)
    assert done.returncode != 0
    assert all(f"({pack})" in done.stdout + done.stderr for pack in PACKS)
