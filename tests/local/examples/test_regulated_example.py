"""The packs that the example of a regulated pipeline asks would stop it.

That they do not is seen where all examples are synthesized.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[3] / "examples" / "regulated"
PACKS = ["AwsSolutions", "NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321"]


def synthesize(out, source):
    """Run an app in the example's place, with the context of its cdk.json."""
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
def test_the_packs_that_the_example_passes_stop_an_open_bucket(tmp_path):
    text = (EXAMPLE / "app.py").read_text()
    open_bucket = "from aws_cdk import aws_s3\naws_s3.Bucket(stack, 'Open')\napp.synth()"
    changed = tmp_path / "app.py"
    changed.write_text(text.replace("app.synth()", open_bucket))
    done = synthesize(tmp_path / "open", changed)
    assert done.returncode != 0
    assert all(f"({pack})" in done.stdout + done.stderr for pack in PACKS)
