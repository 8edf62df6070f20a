"""The CloudFormation rules that aws-cdk-lib brings, once and strictly."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_app_synthesizes_under_the_built_in_rules(context, tmp_path):
    context = {
        **context,
        "@aws-cdk/core:validateAgainstDefaultRules": True,
        "bedrock_customization:baseModel": "amazon.nova-micro-v1:0:128k",
    }
    environment = {
        **os.environ,
        "CDK_VALIDATION": "true",
        "CDK_CONTEXT_JSON": json.dumps(context),
        "CDK_OUTDIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "app.py"],
        check=False,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "Customization.template.json").exists()
