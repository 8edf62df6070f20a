"""Every data file against a strict schema: the loader trusts them."""

import json
import re
import tomllib
from datetime import date
from pathlib import Path

import botocore
import jsonschema
import pytest

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.catalog import LifecycleStatus, Modality

DATA = Path(catalog.__file__).with_name("data")
FAMILIES = sorted((DATA / "families").glob("*.toml"))
TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "array", "items": TEXT, "uniqueItems": True, "minItems": 1}
COUNT = {"type": "integer", "minimum": 1}
DAY = {"type": "string", "format": "date"}


def table(required=(), /, **properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def tables(value, names=None):
    keys = {"additionalProperties": value}
    if names is not None:
        keys |= {"propertyNames": {"enum": [str(name) for name in names]}}
    return {"type": "object", **keys}


def listed(names):
    return TEXTS | {"items": {"enum": [str(name) for name in names]}}


PRICE = table(
    ("usd", "source", "as_of"),
    usd={"type": "number", "exclusiveMinimum": 0},
    source=TEXT,
    as_of={"type": "string", "pattern": r"^20\d\d(-\d\d(-\d\d)?)?$"},
    unverified={"const": True},
    note=TEXT,
)
LIFECYCLE = table(
    ("status",),
    status={"enum": [str(status) for status in LifecycleStatus]},
    legacy_date=DAY,
    end_of_life=DAY,
    note=TEXT,
)
DEPLOYABILITY = table(
    on_demand={"type": "boolean"},
    provisioned={"type": "boolean"},
    customized_since=DAY,
    quotas=table(
        ("requests_per_minute", "tokens_per_minute", "tokens_per_day"),
        requests_per_minute=COUNT,
        tokens_per_minute=COUNT,
        tokens_per_day=COUNT,
    ),
)
SET_LIMITS = table(min_records=COUNT, max_records=COUNT, max_bytes=COUNT)
MEDIA = table(
    same_bucket={"type": "boolean"},
    one_modality={"type": "boolean"},
    uri_characters={"type": "string", "format": "regex"},
    limits=tables(
        table(
            formats=TEXTS,
            max_per_record=COUNT,
            max_bytes=COUNT,
            min_pixels=COUNT,
            max_pixels=COUNT,
            max_seconds=COUNT,
        ),
        names=Modality,
    ),
)
HYPERPARAMETER = table(
    type={"enum": ["int", "float", "choice"]},
    minimum={"type": "number"},
    maximum={"type": "number"},
    choices=TEXTS,
    default={"type": ["number", "string"]},
    required={"const": True},
    automatic=TEXT,
    note=TEXT,
)
RULES = tables(
    table(
        api={"const": "bedrock-mantle"},
        record_format={"enum": [str(record_format) for record_format in catalog.RecordFormat]},
        modalities=listed(Modality),
        takes_validation={"type": "boolean"},
        train=SET_LIMITS,
        validation=SET_LIMITS,
        total=SET_LIMITS,
        advised_records=COUNT,
        tokens_per_record=COUNT,
        bytes_per_record=COUNT,
        reserved_words=TEXTS,
        blocks=TEXTS,
        hyperparameters=tables(HYPERPARAMETER),
        teachers=TEXTS,
    ),
    names=catalog.Method,
)
SHARED = {
    "provider": TEXT,
    "regions": TEXTS | {"items": {"pattern": r"^[a-z]{2}-[a-z]+-\d$"}},
    "copy_regions": {
        "type": "array",
        "items": {"type": "string", "pattern": r"^[a-z]{2}(-gov)?-[a-z]+-\d$"},
        "uniqueItems": True,
    },
    "input_modalities": listed(Modality),
    "output_modalities": listed(Modality),
    "methods": listed(catalog.Method),
    "lifecycle": LIFECYCLE,
    "deployability": DEPLOYABILITY,
}
FAMILY = table(
    ("as_of", "sources", "defaults", "rules", "models"),
    as_of=DAY,
    sources=TEXTS,
    defaults=table(("family",), family=TEXT, **SHARED),
    media=MEDIA,
    teachers=tables(
        table(
            ("name", "lifecycle"),
            name=TEXT,
            inference_profile_only={"const": True},
            lifecycle=LIFECYCLE,
        )
    ),
    rules=RULES,
    models={
        "type": "array",
        "minItems": 1,
        "items": table(
            ("id", "inference_id", "name"),
            id=TEXT,
            inference_id=TEXT,
            name=TEXT,
            media=MEDIA,
            rules=RULES,
            prices=tables(PRICE, names=catalog.Prices.__dataclass_fields__),
            sources_disagree=TEXTS,
            **SHARED,
        ),
    },
)
SERVICE = table(
    ("as_of", "sources", "storage_per_model_month", "quotas"),
    as_of=DAY,
    sources=TEXTS,
    storage_per_model_month=PRICE,
    quotas=tables(
        table(
            ("value", "adjustable"),
            value={"type": "integer", "minimum": 0},
            adjustable={"type": "boolean"},
            code={"type": "string", "pattern": "^L-[0-9A-F]{8}$"},
        )
    ),
)
PREPARATION = table(
    ("as_of", "sources", "crossovers", "spark", "prices"),
    as_of=DAY,
    sources=TEXTS,
    crossovers=tables(
        {"type": "integer", "minimum": 1}, names=catalog.Crossovers.__dataclass_fields__
    ),
    spark=table(
        ("release_label", "spark_version", "python_version", "architecture", "free_storage_gb"),
        release_label={"type": "string", "pattern": r"^emr-[a-z0-9.-]+$"},
        spark_version={"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        python_version={"type": "string", "pattern": r"^3\.\d+$"},
        architecture={"enum": ["ARM64", "X86_64"]},
        free_storage_gb={"type": "integer", "minimum": 0},
    ),
    prices=tables(PRICE, names=catalog.SparkPrices.__dataclass_fields__),
)


def problems(path, schema):
    # JSON Schema has no dates: as text they are compared by their format.
    document = json.loads(json.dumps(tomllib.loads(path.read_text(encoding="utf-8")), default=str))
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


@pytest.mark.parametrize("path", FAMILIES, ids=lambda path: path.stem)
def test_a_family_states_only_what_the_schema_knows(path):
    assert problems(path, FAMILY) == []


def test_the_service_file_states_only_what_the_schema_knows():
    assert problems(DATA / "service.toml", SERVICE) == []


def test_the_file_of_preparation_states_only_what_the_schema_knows():
    assert problems(DATA / "preparation.toml", PREPARATION) == []


def test_the_schema_finds_a_misspelt_key(tmp_path):
    wrong = tmp_path / "wrong.toml"
    right = (DATA / "families" / "nova.toml").read_text(encoding="utf-8")
    wrong.write_text(right.replace("tokens_per_record", "token_per_record"), encoding="utf-8")
    assert problems(wrong, FAMILY)


@pytest.mark.parametrize("path", FAMILIES, ids=lambda path: path.stem)
def test_no_fact_of_a_family_lies_unused(path):
    family = tomllib.loads(path.read_text(encoding="utf-8"))
    models = [family["defaults"] | model for model in family["models"]]
    assert set(family["rules"]) == {method for model in models for method in model["methods"]}
    for model in models:
        assert set(model.get("rules", {})) <= set(model["methods"])
    taught = {
        teacher
        for model in models
        for rules in model.get("rules", {}).values()
        for teacher in rules.get("teachers", [])
    }
    assert set(family.get("teachers", {})) == taught


def test_the_version_is_the_day_of_the_newest_data():
    files = [*FAMILIES, DATA / "service.toml", DATA / "preparation.toml"]
    newest = max(tomllib.loads(path.read_text(encoding="utf-8"))["as_of"] for path in files)
    assert newest.isoformat() == catalog.VERSION


def test_ids_are_unique():
    ids = [model.id for model in catalog.base_models()]
    inference_ids = [model.inference_id for model in catalog.base_models()]
    assert len(set(ids)) == len(ids)
    assert len(set(inference_ids)) == len(inference_ids)


@pytest.mark.parametrize("model", catalog.base_models(), ids=lambda model: model.id)
class TestEveryBaseModel:
    def test_has_an_id_the_api_accepts(self, model):
        assert _base_model_identifier().fullmatch(model.id)

    def test_has_one_id_for_customization_and_another_for_inference(self, model):
        # Models that make images are the one kind without a context suffix.
        makes_images = model.output_modalities == (Modality.IMAGE,)
        assert (model.id == model.inference_id) is makes_images

    def test_has_dates_in_order_that_agree_with_its_stage(self, model):
        lifecycles = [model.lifecycle] + [
            teacher.lifecycle for rules in model.methods.values() for teacher in rules.teachers
        ]
        for lifecycle in lifecycles:
            if lifecycle.legacy_date and lifecycle.end_of_life:
                assert lifecycle.legacy_date < lifecycle.end_of_life
            assert lifecycle.status_on(model.as_of) is lifecycle.status

    def test_is_deployed_on_demand_with_a_first_day_and_quotas_or_not_at_all(self, model):
        deployability = model.deployability
        assert (deployability.customized_since is not None) is deployability.on_demand
        assert (deployability.quotas is not None) is deployability.on_demand

    def test_has_limits_in_order(self, model):
        for rules in model.methods.values():
            for limits in filter(None, (rules.train, rules.validation, rules.total)):
                _in_order(limits.min_records, limits.max_records)
            _in_order(rules.train.min_records, rules.advised_records)
            _in_order(rules.train.max_records, rules.total.max_records)
            for media in rules.media.limits.values() if rules.media else ():
                _in_order(media.min_pixels, media.max_pixels)

    def test_has_hyperparameters_with_ordered_ranges_and_allowed_defaults(self, model):
        for rules in model.methods.values():
            for hyperparameter in rules.hyperparameters.values():
                _in_order(hyperparameter.minimum, hyperparameter.maximum)
                assert (hyperparameter.type == "choice") is bool(hyperparameter.choices)
                if hyperparameter.default is not None:
                    default = hyperparameter.parse(hyperparameter.default)
                    assert default == hyperparameter.default
                    assert type(default) is type(hyperparameter.default)
                assert not (hyperparameter.required and hyperparameter.default is not None)

    def test_takes_teachers_for_distillation_alone(self, model):
        for method, rules in model.methods.items():
            assert bool(rules.teachers) is (method is catalog.Method.DISTILLATION)

    def test_has_a_teacher_that_is_the_model_of_its_own_entry_where_there_is_one(self, model):
        by_inference_id = {other.inference_id: other for other in catalog.base_models()}
        for rules in model.methods.values():
            for teacher in rules.teachers:
                entry = by_inference_id.get(teacher.id)
                if entry is not None:
                    assert (teacher.name, teacher.lifecycle.end_of_life) == (
                        entry.name,
                        entry.lifecycle.end_of_life,
                    )
                assert teacher.inference_profile_only is teacher.id.startswith("us.")

    def test_has_prices_no_younger_than_its_entry(self, model):
        for name in catalog.Prices.__dataclass_fields__:
            price = getattr(model.prices, name)
            if price is not None:
                assert price.as_of <= model.as_of.isoformat()

    def test_is_dated_and_sourced(self, model):
        assert model.as_of <= date.fromisoformat(catalog.VERSION)
        assert model.sources


def _in_order(low, high):
    assert low is None or high is None or low <= high


def _base_model_identifier():
    folder = Path(botocore.__file__).parent / "data" / "bedrock" / "2023-04-20"
    if (folder / "service-2.json").exists():
        text = (folder / "service-2.json").read_text(encoding="utf-8")
    else:
        import gzip  # noqa: PLC0415 - only the wheel's own form needs it

        text = gzip.decompress((folder / "service-2.json.gz").read_bytes()).decode()
    return re.compile(json.loads(text)["shapes"]["BaseModelIdentifier"]["pattern"])
