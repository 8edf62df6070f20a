"""Base models as dated data: what can be customized, how, where, until when and for how much.

::

    model = catalog.base_model("amazon.nova-micro-v1:0:128k")
    rules = model.require(Method.FINE_TUNING, today=date.today())
    model.check_hyperparameters(Method.FINE_TUNING, {"epochCount": 3})  # {"epochCount": "3"}

The data are the TOML files in `data/`, one for each family of models. They are read on first use:
importing this package reads nothing. It uses the standard library alone, since constructs import it
at synth.

A family's file states a fact once. A model, a `[[models]]` table, has what `[defaults]` says, for
each of its `methods` what `[rules.<METHOD>]` says, and the `[media]` limits of the modalities it
reads; what its own tables say wins, key by key. A fact that no source states is left out, never
guessed; where sources contradict each other the entry says so under `sources_disagree`. The data
are trusted here: tests hold every file against a schema.
"""

from bedrock_customization_runtime.catalog.base_models import (
    BaseModel,
    Deployability,
    InvocationQuotas,
    UnknownBaseModelError,
    UnsupportedCustomizationError,
    base_model,
    base_models,
    inference_prices,
    split_profile,
)
from bedrock_customization_runtime.catalog.hyperparameters import (
    Hyperparameter,
    HyperparameterError,
    HyperparameterValue,
    rendered,
)
from bedrock_customization_runtime.catalog.judges import Judges, judges
from bedrock_customization_runtime.catalog.lifecycle import Lifecycle, LifecycleStatus
from bedrock_customization_runtime.catalog.model_import import (
    Architecture,
    ImportRules,
    RunningCosts,
    import_rules,
)
from bedrock_customization_runtime.catalog.preparation import (
    Crossovers,
    PreparationFacts,
    SparkFacts,
    SparkPrices,
    preparation,
)
from bedrock_customization_runtime.catalog.prices import InferencePrices, Price, Prices
from bedrock_customization_runtime.catalog.request_metadata import check_filters
from bedrock_customization_runtime.catalog.rules import (
    Api,
    MediaLimits,
    MediaRules,
    Method,
    MethodRules,
    Modality,
    RecordFormat,
    SetLimits,
    Teacher,
)
from bedrock_customization_runtime.catalog.service import Quota, Service, service
from bedrock_customization_runtime.catalog.tables import VERSION

__all__ = [
    "VERSION",
    "Api",
    "Architecture",
    "BaseModel",
    "Crossovers",
    "Deployability",
    "Hyperparameter",
    "HyperparameterError",
    "HyperparameterValue",
    "ImportRules",
    "InferencePrices",
    "InvocationQuotas",
    "Judges",
    "Lifecycle",
    "LifecycleStatus",
    "MediaLimits",
    "MediaRules",
    "Method",
    "MethodRules",
    "Modality",
    "PreparationFacts",
    "Price",
    "Prices",
    "Quota",
    "RecordFormat",
    "RunningCosts",
    "Service",
    "SetLimits",
    "SparkFacts",
    "SparkPrices",
    "Teacher",
    "UnknownBaseModelError",
    "UnsupportedCustomizationError",
    "base_model",
    "base_models",
    "check_filters",
    "import_rules",
    "inference_prices",
    "judges",
    "preparation",
    "rendered",
    "service",
    "split_profile",
]
