"""The facts of Custom Model Import: what it takes, where, and what a copy costs."""

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from bedrock_customization_runtime import catalog

RULES = catalog.import_rules()


def test_models_are_imported_in_four_regions_and_gpt_oss_in_one_of_them():
    assert RULES.regions == ("us-east-1", "us-east-2", "us-west-2", "eu-central-1")
    elsewhere = {
        name for name, each in RULES.architectures.items() if each.regions != RULES.regions
    }
    assert elsewhere == {"GptOssForCausalLM"}
    assert RULES.architectures["GptOssForCausalLM"].regions == ("us-east-1",)


def test_llama_4_and_embedding_models_are_not_imported():
    for name in ("Llama4ForConditionalGeneration", "BertModel", "Qwen3Model"):
        assert name not in RULES.architectures


def test_each_architecture_has_a_model_type_and_layers_of_its_own():
    types = [each.model_type for each in RULES.architectures.values()]
    assert len(set(types)) == len(types)
    for each in RULES.architectures.values():
        assert all(layer.prefix.endswith(".") for layer in each.layers)
        assert each.embedding.endswith(".weight")
        assert each.head.endswith(".weight")


def test_a_multimodal_model_may_have_half_the_bytes_of_a_text_model():
    assert RULES.max_bytes(is_multimodal=False) == 200 * 10**9
    assert RULES.max_bytes(is_multimodal=True) == 100 * 10**9


def test_one_import_runs_at_a_time_and_nobody_can_have_that_raised():
    jobs, models = RULES.quotas["concurrent_import_jobs"], RULES.quotas["imported_models"]
    assert (jobs.value, jobs.adjustable, jobs.code) == (1, False, "L-5F098EFA")
    assert (models.value, models.adjustable, models.code) == (3, True, "L-45B04988")


def test_the_pricing_pages_example_costs_what_the_page_says():
    running = RULES.running
    window = running.example_units_per_copy * running.window_minutes * running.unit_minute.usd
    assert window == pytest.approx(0.785)


def test_where_sources_disagree_the_facts_say_which_one_they_take():
    assert all("this entry" in each for each in RULES.sources_disagree)


def test_the_data_file_states_nothing_that_the_loader_does_not_know():
    path = Path(catalog.__file__).with_name("data") / "model_import.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    known = {field.name for field in fields(catalog.ImportRules)}
    assert set(table) == known | {"sources", "defaults"}
    # Unknown keys of tables below make their classes refuse them, when all is read.
    assert len(RULES.architectures) == len(table["architectures"])
