"""The front door where a model is used that was customized elsewhere: from there to the alias."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aws_cdk import Annotations, Stack, Token

from bedrock_customization._pipeline import Pipeline
from bedrock_customization.deployment_kinds import OnDemand
from bedrock_customization.phases.deployment import ModelDeployment
from bedrock_customization.phases.model_copy import ModelCopy
from bedrock_customization.phases.run_start import RunStart
from bedrock_customization_runtime.contract import RunKind

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms, aws_sns as sns
    from constructs import Construct

    from bedrock_customization.approval import Approval
    from bedrock_customization.base_model import BaseModel
    from bedrock_customization.deployment_kinds import ProvisionedThroughput
    from bedrock_customization.storage import CustomizationStorage

_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


class ModelCopyPipeline(Pipeline):
    """Define the way of a custom model from another account or Region to an alias of this one.

    Start it with `{"model": "<ARN of the custom model>"}`. It copies the model, deploys the copy,
    asks it a few harmless questions, asks people if they are to be asked, and points the alias at
    it. Whatever fails or is refused, neither the copy nor its deployment is left, the run is
    recorded, and people are told. Nothing is evaluated again: the gate was where the model was
    customized (docs/multi_account.md).

    Args:
        scope: Parent.
        id: Id below the parent.
        base_model: What the model was made of.
        source_region: Where the model was customized.
        source_account: Which account has customized it, and shares it with this one.
            Without one, this account.
        source_key: What encrypts the model there; its policy must let this account decrypt.
            Without one, a key that AWS owns does.
        deployment: On what copies answer, `OnDemand()` or `ProvisionedThroughput(…)`.
            Without one, on demand.
        approval: Asks people before a copy goes live. Without it, who starts a run has decided.
        storage: Buckets and keys. Without it, they are defined.
        model_key: Encrypts the copies. Without one, a key that AWS owns does.
        topic: Where people hear how a run ended.
            Without one, a topic encrypted with a key of its own is defined.

    Raises:
        ValueError: Custom models of the base model are not copied, not to the stack's Region, or
            not deployed that way; or an account or a Region is none.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        base_model: BaseModel,
        source_region: str,
        source_account: str | None = None,
        source_key: kms.IKey | None = None,
        deployment: OnDemand | ProvisionedThroughput | None = None,
        approval: Approval | None = None,
        storage: CustomizationStorage | None = None,
        model_key: kms.IKey | None = None,
        topic: sns.ITopic | None = None,
    ) -> None:
        deployment = deployment or OnDemand()
        deployment.check(base_model)
        _check_source(source_region, source_account)
        _check_copies(base_model, Stack.of(scope).region)
        super().__init__(
            scope,
            id,
            deployment=deployment,
            creates_models=True,
            storage=storage,
            model_key=model_key,
            topic=topic,
        )
        self._warn(base_model, deployment, shared=source_account is not None)
        on_failure = self._frame.on_failure
        self.start = RunStart(
            self,
            "RunStart",
            storage=self.storage,
            base_model=base_model,
            kind=RunKind.COPY,
            on_failure=self._frame.on_failed_start,
        )
        self.model_copy = ModelCopy(
            self,
            "ModelCopy",
            storage=self.storage,
            source_region=source_region,
            source_account=source_account,
            source_key=source_key,
            deployment=deployment,
            model_key=model_key,
            on_failure=on_failure,
        )
        self.deployment = ModelDeployment(
            self,
            "ModelDeployment",
            base_model=base_model,
            deployment=deployment,
            model_key=model_key,
            on_failure=on_failure,
        )
        self.gate = self._define_gate(None, approval, is_evaluated=False)
        self._wire(self.start, [self.model_copy, self.deployment, self.gate], has_maps=False)

    def _warn(
        self, base_model: BaseModel, deployment: OnDemand | ProvisionedThroughput, *, shared: bool
    ) -> None:
        """Say at synth what no document promises."""
        warnings = Annotations.of(self)
        if shared:
            warnings.add_warning_v2(
                "bedrock_customization:sharedModel",
                f"no document lists custom models of {base_model.id} among those that one account "
                "can share with another: try it once before you rely on it (docs/multi_account.md)",
            )
        region = Stack.of(self).region
        if (
            isinstance(deployment, OnDemand)
            and not Token.is_unresolved(region)
            and region not in base_model.facts.regions
        ):
            warnings.add_warning_v2(
                "bedrock_customization:copyOnDemand",
                f"on-demand deployments of {base_model.id} are documented in "
                f"{', '.join(base_model.facts.regions)} alone, and the stack is in {region}: try "
                "it once, or pass deployment=ProvisionedThroughput(...)",
            )


def _check_source(region: str, account: str | None) -> None:
    if not Token.is_unresolved(region) and not _REGION.fullmatch(region):
        raise ValueError(
            f"source_region must be a Region like us-east-1, got {region!r}: take that of the "
            "pipeline that customizes the model"
        )
    if account is None or Token.is_unresolved(account):
        return
    if not _ACCOUNT.fullmatch(account):
        raise ValueError(
            f"source_account must be twelve digits, got {account!r}: take that of the pipeline "
            "that customizes the model"
        )


def _check_copies(base_model: BaseModel, region: str) -> None:
    regions = base_model.facts.copy_regions
    if not regions:
        raise ValueError(
            f"custom models of base_model {base_model.id} are not copied to other Regions or "
            "accounts: customize it there, from the same data"
        )
    if Token.is_unresolved(region) or region in regions:
        return
    raise ValueError(
        f"custom models of base_model {base_model.id} are copied to {', '.join(regions)}, but "
        f"the stack is in {region}: deploy it there"
    )
