"""The base models of the catalogue and how to find one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache

from bedrock_customization_runtime.catalog.hyperparameters import (
    HyperparameterValue,
    parse_hyperparameters,
    rendered,
)
from bedrock_customization_runtime.catalog.lifecycle import Lifecycle, LifecycleStatus
from bedrock_customization_runtime.catalog.prices import InferencePrices, Price, Prices
from bedrock_customization_runtime.catalog.rules import (
    Api,
    Method,
    MethodRules,
    Modality,
    method_rules,
)
from bedrock_customization_runtime.catalog.tables import Table, model_tables

_GEOGRAPHIES = frozenset({"us", "us-gov", "eu", "apac", "jp", "au", "ca", "global"})
"""Of inference profiles, before the model's own id."""


class UnknownBaseModelError(ValueError):
    """The catalogue has no base model of that id."""


class UnsupportedCustomizationError(ValueError):
    """A base model cannot be customized that way, or not any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InvocationQuotas:
    """How fast an account may invoke on-demand deployments of a base model's custom models."""

    requests_per_minute: int
    tokens_per_minute: int
    tokens_per_day: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployability:
    """How custom models of a base model can be deployed."""

    on_demand: bool
    """By CreateCustomModelDeployment: billed by the token."""
    provisioned: bool
    """By CreateProvisionedModelThroughput: billed by the hour until deleted."""
    customized_since: date | None = None
    """On demand, only models customized on this day or later."""
    quotas: InvocationQuotas | None = None
    """Of on-demand deployments."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class BaseModel:
    """A foundation model that can be customized, or once could; one object for each entry."""

    id: str
    """For customization: `baseModelIdentifier`."""
    inference_id: str
    """To invoke the base model: its own id, or an inference profile where only that works."""
    name: str
    family: str
    provider: str
    regions: tuple[str, ...]
    """Where it can be customized; the data's bucket must be in the same Region."""
    input_modalities: tuple[Modality, ...]
    output_modalities: tuple[Modality, ...]
    lifecycle: Lifecycle
    methods: Mapping[Method, MethodRules]
    deployability: Deployability
    copy_regions: tuple[str, ...]
    """To which custom models of it can be copied; none where no document lists it."""
    prices: Prices
    sources_disagree: tuple[str, ...]
    """Where documents contradict each other, and which side this entry takes."""
    sources: tuple[str, ...]
    as_of: date
    """The day on which the entry was last compared with its sources."""

    def require(self, method: Method, *, today: date) -> MethodRules:
        """Return the rules of a method, if a job may start with it on that day.

        Args:
            method: How the model is to be customized.
            today: The day on which the job would start.

        Raises:
            UnsupportedCustomizationError: The model is legacy or retired on that day, has no
                teacher left, does not support the method, or supports it through another API. The
                message says what to use instead.
        """
        obstacle = self._obstacle(method, today)
        if obstacle is None:
            return self.methods[method]
        others = [
            model.id
            for model in base_models()
            if model.output_modalities == self.output_modalities
            and model._obstacle(method, today) is None  # noqa: SLF001 - of the same class
        ]
        # First what costs nothing while idle: provisioned throughput bills by the hour.
        others.sort(key=lambda other: not base_model(other).deployability.on_demand)
        instead = (
            f"for {method} use {_any_of(others)}"
            if others
            else f"no active base model of its kind supports {method}"
        )
        raise UnsupportedCustomizationError(f"{self.id} {obstacle}; {instead}")

    def parse_hyperparameters(
        self, method: Method, given: Mapping[str, HyperparameterValue]
    ) -> dict[str, HyperparameterValue]:
        """Return hyperparameters in their own types, as `rftConfig` wants them.

        Args:
            method: A method of this model.
            given: Numbers, or strings that hold them.

        Raises:
            HyperparameterError: An unknown or missing name, a wrong type, a value out of range.
            UnsupportedCustomizationError: The model does not support the method.
        """
        if method not in self.methods:
            raise UnsupportedCustomizationError(f"{self.id} {self._lacks(method)}")
        known = self.methods[method].hyperparameters
        return parse_hyperparameters(known, given, base_model=self.id)

    def check_hyperparameters(
        self, method: Method, given: Mapping[str, HyperparameterValue]
    ) -> dict[str, str]:
        """Return hyperparameters as the string map that `hyperParameters` wants.

        Arguments and errors are those of `parse_hyperparameters`.
        """
        parsed = self.parse_hyperparameters(method, given)
        return {name: rendered(value) for name, value in parsed.items()}

    def _obstacle(self, method: Method, today: date) -> str | None:
        """Return why no job may start on that day, as the end of a sentence, or None."""
        gone = self._gone(today)
        if gone is not None:
            return gone
        if method not in self.methods:
            return self._lacks(method)
        rules = self.methods[method]
        if rules.api is not Api.CREATE_MODEL_CUSTOMIZATION_JOB:
            return f"is customized through {rules.api}, not through a customization job"
        stages = {teacher.lifecycle.status_on(today) for teacher in rules.teachers}
        if stages == {LifecycleStatus.RETIRED}:
            names = " and ".join(teacher.name for teacher in rules.teachers)
            return f"has no teacher left: {names} retired"
        return None

    def _gone(self, today: date) -> str | None:
        legacy_date, end_of_life = self.lifecycle.legacy_date, self.lifecycle.end_of_life
        match self.lifecycle.status_on(today):
            case LifecycleStatus.ACTIVE:
                return None
            case LifecycleStatus.LEGACY:
                since = "" if legacy_date is None else f" since {legacy_date}"
                end = "" if end_of_life is None else f" and ends it {end_of_life}"
                return f"is legacy{since}: Bedrock starts no new job with it{end}"
            case LifecycleStatus.RETIRED:
                since = "" if end_of_life is None else f" since {end_of_life}"
                return f"is retired{since}"

    def _lacks(self, method: Method) -> str:
        return f"does not support {method}, only {' and '.join(self.methods)}"


def base_model(id: str) -> BaseModel:
    """Return the base model of a customization id.

    Raises:
        UnknownBaseModelError: No base model has it; the message says what was probably meant.
    """
    model = _by_id().get(id)
    if model is None:
        raise UnknownBaseModelError(_unknown(id))
    return model


def inference_prices(model_id: str) -> InferencePrices | None:
    """Return what a model costs on demand; None where a price is not known.

    Args:
        model_id: What Converse takes: a model's id, an inference profile's, or the ARN of either.
    """
    name = model_id.rpartition("/")[2]
    for model in base_models():
        foundation_model = model.id.rpartition(":")[0]
        prices = model.prices
        if not _names(name, foundation_model):
            continue
        if prices.input_per_1k_tokens is None or prices.output_per_1k_tokens is None:
            return None
        return InferencePrices(input=prices.input_per_1k_tokens, output=prices.output_per_1k_tokens)
    return None


def split_profile(model_id: str) -> tuple[str, str]:
    """Return the geography of an inference profile, "" for none, and the foundation model's id.

    Args:
        model_id: Id or ARN of a foundation model or of a system inference profile.
    """
    name = model_id.rpartition("/")[2]
    geography, _, behind = name.partition(".")
    return (geography, behind) if geography in _GEOGRAPHIES else ("", name)


@cache
def base_models() -> tuple[BaseModel, ...]:
    """Return every base model, retired ones too, in the order of the data files."""
    return tuple(_base_model(table) for table in model_tables())


@cache
def _by_id() -> Mapping[str, BaseModel]:
    return {model.id: model for model in base_models()}


def _base_model(table: Table) -> BaseModel:
    deployability = dict(table["deployability"])
    quotas = deployability.pop("quotas", None)
    return BaseModel(
        id=table["id"],
        inference_id=table["inference_id"],
        name=table["name"],
        family=table["family"],
        provider=table["provider"],
        regions=tuple(table["regions"]),
        input_modalities=tuple(map(Modality, table["input_modalities"])),
        output_modalities=tuple(map(Modality, table["output_modalities"])),
        lifecycle=Lifecycle.of(table["lifecycle"]),
        methods={
            Method(method): method_rules(Method(method), table) for method in table["methods"]
        },
        deployability=Deployability(
            **deployability, quotas=None if quotas is None else InvocationQuotas(**quotas)
        ),
        copy_regions=tuple(table.get("copy_regions", ())),
        prices=Prices(**{of: Price(**price) for of, price in table.get("prices", {}).items()}),
        sources_disagree=tuple(table.get("sources_disagree", ())),
        sources=tuple(table["sources"]),
        as_of=table["as_of"],
    )


def _unknown(id: str) -> str:
    for model in base_models():
        # An id for customization is the foundation model's and the size of its context.
        foundation_model, _, _ = model.id.rpartition(":")
        if id == model.inference_id or (foundation_model and _names(id, foundation_model)):
            return f"{id} is an id for inference; for customization use {model.id}"
    near = get_close_matches(id, _by_id(), n=3)
    if near:
        return f"{id!r} is no base model of the catalogue; did you mean {_any_of(near)}?"
    active = [
        model.id for model in base_models() if model.lifecycle.status is LifecycleStatus.ACTIVE
    ]
    return f"{id!r} is no base model of the catalogue; use {_any_of(active)}"


def _names(id: str, foundation_model: str) -> bool:
    """Return whether an id is the foundation model's own, or an inference profile's of it."""
    return id == foundation_model or id.endswith(f".{foundation_model}")


def _any_of(ids: list[str]) -> str:
    *most, last = ids
    return f"{', '.join(most)} or {last}" if most else last
