"""The model of cost and time, and what data preparation takes from it."""

import sys
from itertools import pairwise
from pathlib import Path

import pytest

from bedrock_customization import Sharding, Spark
from bedrock_customization_runtime import catalog

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def scale():
    """The module `benchmarks/scale/model.py`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks" / "scale")
        import model  # noqa: PLC0415 - a script

        yield model
        sys.modules.pop("model")


@pytest.fixture(scope="module")
def model(scale):
    return scale.Model.of_this_project()


@pytest.fixture(scope="module")
def runs(scale):
    return scale.measured()


def test_preparation_chooses_by_the_crossovers_of_the_model(model):
    crossovers = catalog.preparation().crossovers
    assert crossovers.functions_above_bytes == model.crossover("one function", "many functions")
    assert crossovers.spark_above_bytes == model.crossover("many functions", "Spark")
    assert Sharding().above.to_bytes() == crossovers.functions_above_bytes
    assert Spark().above_bytes == crossovers.spark_above_bytes


def test_the_page_holds_what_the_model_says(scale, model, runs):
    written = (ROOT / "docs" / "scale.md").read_text()
    # To renew it: uv run python benchmarks/scale/model.py
    assert scale.page(model, runs, written) == written


def test_all_drivers_left_the_same_bytes_of_a_million_records(runs):
    million = [run for run in runs if run["read"] == 1_000_000]
    assert {run["driver"] for run in million} == {"one", "many", "spark"}
    assert all(run["digests"] == million[0]["digests"] for run in million)


def test_more_takes_longer_and_costs_more(scale, model):
    for driver in model.drivers.values():
        estimates = [driver(size) for size in scale.SIZES]
        possible = [one for one in estimates if not one.impossible]
        assert possible
        for less, more in pairwise(possible):
            assert more.seconds > less.seconds
            assert more.usd > less.usd


def test_a_driver_is_chosen_only_for_sizes_that_it_can_prepare(scale, model):
    crossovers = catalog.preparation().crossovers
    largest = {
        "one function": crossovers.functions_above_bytes,
        "many functions": crossovers.spark_above_bytes,
        "Spark": scale.SIZES[-1],
    }
    for name, size in largest.items():
        assert not model.drivers[name](size).impossible
