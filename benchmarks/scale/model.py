"""A model of cost and time of the drivers of data preparation, from 10 MB to 10 TB.

uv run python benchmarks/scale/model.py

What a byte takes is measured (`runs.json`, made by `drivers.py`); prices and limits are dated data
(`assumptions.toml`, and the catalogue). Sources are prefixes: of one object somebody has to read
all bytes in order, for their digest. Writes the tables of docs/scale.md and the plot beside them.
"""

from __future__ import annotations

import json
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bedrock_customization_runtime import catalog

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "scale.md"
PLOT = ROOT / "docs" / "images" / "scale.svg"
SIZES = [10**power for power in range(7, 14)]
GIBIBYTE = 2**30
STEPS = (("one function", "many functions"), ("many functions", "Spark"))
"""From driver to driver."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a driver takes for a source."""

    seconds: float
    usd: float
    impossible: str = ""
    """Why it cannot; empty where it can."""
    longest: float = 0.0
    """Seconds of the longest call of a function, were the source one object; 0 without one."""


@dataclass(frozen=True, slots=True)
class Work:
    """Processor seconds of the machine that was measured, for a byte."""

    first: float
    """Read, judged, indexed: of each byte of the source. What follows is of each that is kept."""
    alone: float
    """The rest, where one function does it."""
    parallel: float
    """The rest that shards share."""
    serial: float
    """The rest that nobody shares."""
    spark: float
    """How many times as much Spark takes."""
    spark_start: float
    """Processor seconds until its first task."""

    @classmethod
    def measured(cls, runs: list[dict[str, Any]]) -> Work:
        """Return what the largest runs of whole records took."""
        whole = sorted((run for run in runs if not run["short"]), key=_records)
        of = {run["driver"]: run for run in whole}
        small = {run["driver"]: run for run in reversed(whole)}
        one, many, spark = (of[name] for name in ("one", "many", "spark"))
        steps, size = many["steps"], many["bytes"]
        first = steps["examine-shard"] / size
        shared = steps["sign-shard"] + steps["compare-bucket"] + steps["divide-shard"]
        # Two sizes tell what a byte takes from what a start does.
        bytes_between = spark["bytes"] - small["spark"]["bytes"]
        seconds_between = spark["processor_seconds"] - small["spark"]["processor_seconds"]
        a_byte = seconds_between / bytes_between
        return cls(
            first=first,
            alone=max(0.0, one["processor_seconds"] / one["bytes"] - first),
            parallel=shared / size,
            serial=(steps["gather"] + steps["decide"] + steps["finish"]) / size,
            spark=a_byte * size / sum(steps.values()),
            spark_start=max(0.0, spark["processor_seconds"] - a_byte * spark["bytes"]),
        )


class Model:
    """Time and cost by the size of a source.

    Args:
        runs: As `drivers.py` prints them.
        given: As of `assumptions.toml`.
    """

    def __init__(self, runs: list[dict[str, Any]], given: dict[str, Any]) -> None:
        self.work = Work.measured(runs)
        self.given = given
        self.drivers = {
            "one function": self.one_function,
            "many functions": self.many_functions,
            "Spark": self.spark,
        }

    @classmethod
    def of_this_project(cls) -> Model:
        """Return the model of the files beside this one."""
        return cls(measured(), tomllib.loads((HERE / "assumptions.toml").read_text()))

    def one_function(self, size: int) -> Estimate:
        """Return what one function takes."""
        function, work = self.given["function"], self.work
        kept = self._kept(size)
        seconds = function["start_seconds"] + self._seconds(work.first * size + work.alone * kept)
        impossible = ""
        if seconds > function["longest_seconds"]:
            impossible = "15 minutes"
        elif kept > function["most_kept_bytes"]:
            impossible = "disk"
        usd = self._of_functions(seconds) + self._requests(size)
        return Estimate(seconds, usd, impossible, longest=seconds)

    def many_functions(self, size: int) -> Estimate:
        """Return what many functions take."""
        function, many, work = self.given["function"], self.given["functions"], self.work
        kept = self._kept(size)
        shards = self._shards(size, many)
        at_a_time = min(shards, many["at_a_time"])
        shared = self._seconds(work.first * size + work.parallel * kept)
        alone = self._seconds(work.serial * kept)
        # What does not fill whole rounds of shards leaves functions idle.
        rounds = math.ceil(shards / at_a_time) * at_a_time / shards
        seconds = many["states"] * many["state_seconds"] + shared / at_a_time * rounds + alone
        prices = self.given["prices"]
        usd = (
            self._of_functions(shared + alone + function["start_seconds"] * at_a_time)
            + many["maps"] * shards * (3 * prices["transition"] + prices["lambda_request"])
            # Each bucket reads a part of each shard's hashes.
            + shards * math.ceil(shards / 4) * prices["s3_get"]
            + self._requests(size)
            + self._scratch(kept)
        )
        longest = max(alone / 2, self._seconds(work.first * size) / shards)
        return Estimate(
            seconds,
            usd,
            "15 minutes" if longest > function["longest_seconds"] else "",
            longest=max(longest, size / function["digest_bytes_a_second"]),
        )

    def spark(self, size: int) -> Estimate:
        """Return what Spark takes."""
        spark, work, prices = self.given["spark"], self.work, catalog.preparation().prices
        kept = self._kept(size)
        workers = min(spark["workers"], math.ceil(self._shards(size, spark) / spark["cores"]))
        shared = self._seconds(work.spark * (work.first * size + work.parallel * kept))
        alone = self._seconds(work.spark * work.serial * kept)
        seconds = spark["start_seconds"] + shared / (workers * spark["cores"]) + alone
        hours = seconds / 3600
        usd = hours * (
            (workers + 1) * spark["cores"] * prices.vcpu_hour.usd
            + (workers * spark["worker_gb"] + spark["driver_gb"]) * prices.memory_gb_hour.usd
            + (workers + 1) * spark["disk_gb"] * prices.storage_gb_hour.usd
        )
        return Estimate(seconds, usd + self._requests(size) + self._scratch(kept))

    def crossover(self, smaller: str, larger: str) -> int:
        """Return the size from which a driver is the better choice, to a power of two GiB.

        It is where it is sooner, or where a function of the other takes half of its 15 minutes.

        Args:
            smaller: Name of the driver of smaller sources.
            larger: Name of the driver of larger ones.
        """
        half = self.given["function"]["longest_seconds"] / 2
        better = [
            size
            for size in _fine_sizes()
            if not (before := self.drivers[smaller](size)).impossible
            and before.longest <= half
            and before.seconds <= self.drivers[larger](size).seconds
        ]
        return int(2 ** round(math.log2(max(better) / GIBIBYTE))) * GIBIBYTE

    def sooner_from(self, smaller: str, larger: str) -> int:
        """Return the size from which a driver is sooner than another, or alone can."""
        return max(
            size
            for size in _fine_sizes()
            if not (before := self.drivers[smaller](size)).impossible
            and before.seconds <= self.drivers[larger](size).seconds
        )

    def _seconds(self, measured: float) -> float:
        seconds: float = measured / self.given["machine"]["core"]
        return seconds

    def _kept(self, size: int) -> int:
        most: int = self.given["machine"]["kept_bytes"]
        return min(size, most)

    def _shards(self, size: int, of: dict[str, Any]) -> int:
        length = max(of["shard_bytes"], size / of["most_shards"])
        return math.ceil(size / length)

    def _of_functions(self, seconds: float) -> float:
        function, prices = self.given["function"], self.given["prices"]
        a_second: float = (
            function["memory_gb"] * prices["lambda_gb_second"]
            + function["disk_gb"] * prices["lambda_disk_gb_second"]
        )
        return seconds * a_second

    def _requests(self, size: int) -> float:
        # Read in pieces of 64 MiB; what is written in parts of 8 is less than is read.
        prices = self.given["prices"]
        read: float = math.ceil(size / 2**26) * prices["s3_get"]
        written: float = math.ceil(self._kept(size) / 2**23) * prices["s3_put"]
        return read + written

    def _scratch(self, kept: int) -> float:
        # Accepted lines, then the same by side.
        days = self.given["machine"]["scratch_days"]
        usd: float = 2 * kept / 10**9 * self.given["prices"]["s3_gb_month"] * days / 30
        return usd


def measured() -> list[dict[str, Any]]:
    """Return what `drivers.py` has measured, run by run."""
    runs: list[dict[str, Any]] = json.loads((HERE / "runs.json").read_text())
    return runs


def page(model: Model, runs: list[dict[str, Any]], text: str) -> str:
    """Return the page with its tables made anew."""
    for name, table in {
        "runs": runs_table(runs),
        "sizes": sizes_table(model),
        "crossovers": crossovers_table(model),
        "release": _release(),
    }.items():
        begin, end = f"<!-- benchmarks/scale/model.py: {name} -->\n", "<!-- end -->"
        head, _, rest = text.partition(begin)
        _, _, tail = rest.partition(end)
        text = f"{head}{begin}{table}\n{end}{tail}"
    return text


def runs_table(runs: list[dict[str, Any]]) -> str:
    """Return what was measured, as Markdown."""
    head = (
        *("records", "driver", "wall s", "processor s", "MB/s of a core"),
        *("driver, MB", "largest worker, MB", "Java, MB", "same bytes"),
    )
    rows = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    for run in runs:
        same = [one["digests"] for one in runs if _kind(one) == _kind(run)]
        is_same = "yes" if all(one == same[0] for one in same) else "NO"
        memory, speed = run["memory_mb"], run["bytes"] / 1e6 / run["processor_seconds"]
        records = f"{run['read']:,}{' short' if run['short'] else ''}"
        figures = [
            f"{run['wall_seconds']:,.0f}",
            f"{run['processor_seconds']:,.0f}",
            f"{speed:.1f}",
            f"{memory['driver']:,}",
            f"{memory['worker']:,}" if memory["worker"] else "",
            f"{memory['java']:,}" if memory["java"] else "",
            is_same if len(same) > 1 else "alone",
        ]
        rows.append(f"| {records} | {run['driver']} | {' | '.join(figures)} |")
    return "\n".join(rows)


def sizes_table(model: Model) -> str:
    """Return time and cost by size, as Markdown."""
    rows = [
        f"| source | {' | '.join(model.drivers)} |",
        f"| --- |{' --- |' * len(model.drivers)}",
    ]
    for size in SIZES:
        cells = [_in_words(driver(size)) for driver in model.drivers.values()]
        rows.append(f"| {_size(size)} | {' | '.join(cells)} |")
    return "\n".join(rows)


def crossovers_table(model: Model) -> str:
    """Return from which size on each driver is chosen, as Markdown."""
    rows = ["| above | driver | it is sooner from |", "| --- | --- | --- |"]
    for smaller, larger in STEPS:
        sooner = model.sooner_from(smaller, larger) / GIBIBYTE
        above = model.crossover(smaller, larger) // GIBIBYTE
        rows.append(f"| {above} GiB | {larger} | {sooner:.1f} GiB |")
    return "\n".join(rows)


def _release() -> str:
    facts = catalog.preparation().spark
    return (
        f"The release is `{facts.release_label}`: Spark {facts.spark_version}, on "
        f"{facts.architecture.lower()} with Python {facts.python_version}."
    )


def plot(model: Model) -> None:
    """Draw time and cost by size."""
    import matplotlib as mpl  # noqa: PLC0415 - the tables need it not

    mpl.use("svg")
    # Or the same figure has other ids each time.
    mpl.rcParams["svg.hashsalt"] = "scale"
    mpl.rcParams["svg.fonttype"] = "none"
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after its backend

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    sizes = _fine_sizes()
    for name, driver in model.drivers.items():
        possible = [(size, driver(size)) for size in sizes if not driver(size).impossible]
        gigabytes = [size / 1e9 for size, _ in possible]
        axes[0].plot(gigabytes, [one.seconds / 60 for _, one in possible], label=name)
        axes[1].plot(gigabytes, [one.usd for _, one in possible], label=name)
    for axis, title in zip(axes, ("minutes", "US dollars"), strict=True):
        axis.set(xscale="log", yscale="log", xlabel="source, GB", title=title)
        axis.grid(visible=True, alpha=0.3)
        for smaller, larger in STEPS:
            axis.axvline(model.crossover(smaller, larger) / 1e9, color="grey", linestyle=":")
    axes[0].legend(frameon=False)
    PLOT.parent.mkdir(exist_ok=True)
    figure.savefig(PLOT, metadata={"Date": None})


def _records(run: dict[str, Any]) -> int:
    read: int = run["read"]
    return read


def _kind(run: dict[str, Any]) -> tuple[int, bool]:
    return run["read"], run["short"]


def _fine_sizes() -> list[int]:
    return [round(10 ** (7 + step / 25)) for step in range(6 * 25 + 1)]


def _in_words(one: Estimate) -> str:
    if one.impossible:
        return f"no: {one.impossible}"
    if one.seconds < 100:  # noqa: PLR2004
        time = f"{one.seconds:.0f} s"
    elif one.seconds < 100 * 60:
        time = f"{one.seconds / 60:.0f} min"
    else:
        time = f"{one.seconds / 3600:.1f} h"
    return f"{time}, ${one.usd:,.2f}" if one.usd >= 0.01 else f"{time}, under $0.01"  # noqa: PLR2004


def _size(size: int) -> str:
    for unit, name in ((10**12, "TB"), (10**9, "GB")):
        if size >= unit:
            return f"{size // unit} {name}"
    return f"{size // 10**6} MB"


def main() -> None:
    """Write tables and plot."""
    model = Model.of_this_project()
    PAGE.write_text(page(model, measured(), PAGE.read_text()))
    plot(model)


if __name__ == "__main__":
    main()
