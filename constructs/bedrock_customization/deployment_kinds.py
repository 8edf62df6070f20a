"""Value objects that say on what a custom model answers, and for how long at which price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_customization._access import bedrock_arn
from bedrock_customization._checks import check_between, check_whole
from bedrock_customization_runtime.contract import DeploymentKind

if TYPE_CHECKING:
    from aws_cdk import Duration

    from bedrock_customization.base_model import BaseModel
    from bedrock_customization_runtime.contract import ThroughputPlan

_HOUR, _YEAR = 3600, 365 * 86400


@dataclass(frozen=True, kw_only=True, slots=True)
class OnDemand:
    """Answer on demand: billed by the token, nothing while idle."""

    @property
    def kind(self) -> DeploymentKind:
        """How the contract calls it."""
        return DeploymentKind.ON_DEMAND

    @property
    def arn_pattern(self) -> str:
        """ARN pattern of such deployments."""
        return bedrock_arn("custom-model-deployment")

    def check(self, base_model: BaseModel) -> None:
        """Check that custom models of a base model can be deployed on demand.

        Raises:
            ValueError: They need provisioned throughput.
        """
        base_model.check_on_demand()

    def to_plan(self) -> ThroughputPlan | None:
        """Return what the run buys: nothing."""
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvisionedThroughput:
    """Answer on model units of your own, which bill by the hour until they are deleted.

    Without commitment: what is committed cannot be deleted before a month is over, and every run
    buys for its candidate before anybody knows whether that is any good.

    Args:
        ttl: How long the throughput may exist, from when it is bought, from an hour to a year. Then
            it is deleted, live or not (docs/deployment.md says what consumers see).
        max_hourly_cost_usd: What all model units together may cost in an hour, in US dollars.
        model_units: How many. The account's quota is zero until AWS raises it.
        allow_unknown_price: Whether to buy although no document states the price of a model unit.

    Raises:
        ValueError: A figure is out of range.
    """

    ttl: Duration
    max_hourly_cost_usd: float
    model_units: int = 1
    allow_unknown_price: bool = False

    def __post_init__(self) -> None:
        """Check the figures."""
        check_whole("model_units", self.model_units, 1, 1000, "each one bills by the hour")
        check_between(
            "ttl", self.ttl_seconds, _HOUR, _YEAR, "in seconds: hours are billed as a whole"
        )
        check_between(
            "max_hourly_cost_usd", self.max_hourly_cost_usd, 0, 1e9, "it is an amount of US dollars"
        )

    @property
    def ttl_seconds(self) -> int:
        """`ttl` in seconds."""
        return round(self.ttl.to_seconds())

    @property
    def kind(self) -> DeploymentKind:
        """How the contract calls it."""
        return DeploymentKind.PROVISIONED_THROUGHPUT

    @property
    def arn_pattern(self) -> str:
        """ARN pattern of such throughputs."""
        return bedrock_arn("provisioned-model")

    def check(self, base_model: BaseModel) -> None:
        """Check that throughput can be had for a base model's custom models, at that price.

        Raises:
            ValueError: It cannot; it costs more than it may; or nobody knows what it costs.
        """
        facts = base_model.facts
        if not facts.deployability.provisioned:
            raise ValueError(
                f"base_model {facts.id} has no provisioned throughput for its custom models: leave "
                "deployment out, they are deployed on demand"
            )
        price = facts.prices.provisioned_per_model_unit_hour
        if price is None or price.unverified:
            if self.allow_unknown_price:
                return
            raise ValueError(
                f"deployment: no document states what a model unit of {facts.id} costs in an hour, "
                "so nobody can hold it against max_hourly_cost_usd: ask AWS for the price, and set "
                "allow_unknown_price to buy all the same"
            )
        hourly = price.usd * self.model_units
        if hourly > self.max_hourly_cost_usd:
            raise ValueError(
                f"deployment: {self.model_units:,} model units of {facts.id} cost ${hourly:,.2f} "
                f"an hour (price of {price.as_of}), max_hourly_cost_usd is "
                f"{self.max_hourly_cost_usd:g}: raise it, or lower model_units"
            )

    def to_plan(self) -> ThroughputPlan:
        """Return what the run buys, for its estimate and for the look at the quota."""
        return {"model_units": self.model_units, "ttl_seconds": self.ttl_seconds}


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedCopies:
    """Answer on copies of an imported model, which Bedrock loads and unloads as they are asked.

    `ModelImportPipeline` alone has such models: they are invoked as they are, without a deployment.
    """

    @property
    def kind(self) -> DeploymentKind:
        """How the contract calls it."""
        return DeploymentKind.IMPORTED_MODEL

    @property
    def arn_pattern(self) -> str:
        """ARN pattern of such models."""
        return bedrock_arn("imported-model")

    def check(self, base_model: BaseModel) -> None:
        """Refuse to deploy a custom model that way.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            f"custom models of {base_model.id} are not imported: leave deployment out, or take "
            "ModelImportPipeline for a model that was trained elsewhere"
        )

    def to_plan(self) -> ThroughputPlan | None:
        """Return what the run buys: nothing."""
        return None


Deployment = OnDemand | ProvisionedThroughput | ImportedCopies
"""On what a custom model answers."""
