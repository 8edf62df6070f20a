"""The probe app's assembly, synthesized once, and one cloud per module."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bedrock_customization_local.cloud.server import LocalCloud

PROBE = Path(__file__).parents[1] / "deploy" / "probe_app" / "app.py"


@pytest.fixture(scope="session")
def probe_assembly(tmp_path_factory):
    folder = tmp_path_factory.mktemp("probe") / "cdk.out"
    subprocess.run(
        [sys.executable, PROBE],
        env={**os.environ, "CDK_OUTDIR": str(folder), "CDK_VALIDATION": "false"},
        check=True,
        timeout=120,
    )
    return folder


@pytest.fixture(scope="module")
def cloud():
    with LocalCloud() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def probe(cloud, probe_assembly):
    """Deploy the probe and return its outputs."""
    return cloud.deploy(probe_assembly)["Probe"]
