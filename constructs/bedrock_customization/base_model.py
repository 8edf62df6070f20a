"""What a user names: a base model of the catalogue."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from aws_cdk import Stack, Token

from bedrock_customization._model_arns import arns_for_invocation, foundation_model_arn
from bedrock_customization.method import CustomizationMethod, Distillation
from bedrock_customization_runtime import catalog

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from constructs import Construct

_CUSTOM_MODEL = re.compile(
    r"arn:aws[^:]*:bedrock:[a-z0-9-]+:\d{12}:custom-model/(?P<base>[a-z0-9.:-]+)/[a-z0-9]{12}"
)


class BaseModel:
    """A foundation model to customize, by its id for customization.

    The constants are the models that customize text and were offered when this version was made;
    `BaseModel.of` takes any id of the catalogue. Limits, hyperparameters, Regions, lifecycle and
    prices come from the catalogue (docs/base-models.md).

    Args:
        id: Id for customization, such as `amazon.nova-micro-v1:0:128k`. It is not the id for
            inference.

    Attributes:
        parent: ARN of the custom model that is customized further; None for the base model itself.

    Raises:
        ValueError: The catalogue has no such model; the message names the nearest ones.
    """

    NOVA_MICRO: ClassVar[BaseModel]
    NOVA_LITE: ClassVar[BaseModel]
    NOVA_PRO: ClassVar[BaseModel]
    NOVA_2_LITE: ClassVar[BaseModel]
    LLAMA_3_1_8B: ClassVar[BaseModel]
    LLAMA_3_1_70B: ClassVar[BaseModel]
    LLAMA_3_3_70B: ClassVar[BaseModel]

    def __init__(self, id: str) -> None:
        self.facts = catalog.base_model(id)
        self.parent: str | None = None

    @classmethod
    def of(cls, id: str) -> BaseModel:
        """Return the base model of a customization id."""
        return cls(id)

    def customized(self, model_arn: str) -> BaseModel:
        """Return a custom model of this base model, to customize it further.

        The rules, Regions and prices are those of the base model, and the evaluation compares with
        it, too: the parent may not be deployed.

        Args:
            model_arn: What an earlier run made (`customization.model_arn` of its manifest). Models
                imported with CreateCustomModel are not customized further.

        Raises:
            ValueError: It is no ARN of a custom model, or one of another base model's.
        """
        if not Token.is_unresolved(model_arn):
            found = _CUSTOM_MODEL.fullmatch(model_arn)
            if not found or found["base"] != self.id:
                raise ValueError(
                    "model_arn must be the ARN of a custom model of this base model, like "
                    f"arn:aws:bedrock:us-east-1:123456789012:custom-model/{self.id}/abcdefghijkl, "
                    f"got {model_arn!r}: take it from the manifest of the run that made it"
                )
        child = BaseModel(self.id)
        child.parent = model_arn
        return child

    @property
    def id(self) -> str:
        """Id for customization, of the base model also where a parent is customized further."""
        return self.facts.id

    @property
    def id_for_job(self) -> str:
        """What a customization job starts from: the parent's ARN, or the base model's id."""
        return self.parent or self.id

    @property
    def inference_id(self) -> str:
        """Id by which the base model itself is invoked: a model's or an inference profile's."""
        return self.facts.inference_id

    def check_method(self, method: CustomizationMethod) -> dict[str, str]:
        """Check that the model can be customized that way today.

        Returns:
            The hyperparameters as Bedrock wants them.

        Raises:
            ValueError: The model is retired or legacy, does not know the method, cannot learn
                from the teacher, or refuses a hyperparameter; the message says what to use
                instead.
        """
        today = datetime.now(UTC).date()
        rules = self.facts.require(method.method, today=today)
        if isinstance(method, Distillation):
            self._check_teacher(method.teacher, rules.teachers, today)
        # Those without a default may come with each execution, so only what is given is checked.
        return self.facts.check_hyperparameters(method.method, method.hyperparameters)

    def _check_teacher(self, given: str, known: Sequence[catalog.Teacher], today: date) -> None:
        active = {
            teacher.id
            for teacher in known
            if teacher.lifecycle.status_on(today) is catalog.LifecycleStatus.ACTIVE
        }
        if given in active:
            return
        gone = any(teacher.id == given for teacher in known)
        raise ValueError(
            f"teacher {given} {'is retired' if gone else f'cannot teach {self.id}'}: use "
            f"{' or '.join(sorted(active))}"
        )

    def check_validation_loss(self, method: CustomizationMethod, wish: str) -> None:
        """Check that jobs leave a validation loss.

        Args:
            method: How the model is customized.
            wish: What needs it, by the name of its parameter.

        Raises:
            ValueError: They leave none.
        """
        if method.method is catalog.Method.REINFORCEMENT_FINE_TUNING:
            raise ValueError(
                f"{wish} goes by validation loss, and {method.method} leaves rewards instead: "
                "leave it out"
            )
        if self.facts.methods[method.method].validation is not None:
            return
        others = [
            model.id
            for model in catalog.base_models()
            if model.lifecycle.status == "ACTIVE"
            and set(model.regions) & set(self.facts.regions)
            and method.method in model.methods
            and model.methods[method.method].validation is not None
        ]
        instead = f", or choose {' or '.join(others)}" if others else ""
        raise ValueError(
            f"{wish} goes by validation loss, and {method.method} of {self.id} takes no validation "
            f"set: leave it out{instead}"
        )

    def check_early_stopping(self, method: CustomizationMethod) -> None:
        """Check that stopping early is for the watcher to do.

        Raises:
            ValueError: There is no validation loss to go by, or the model stops by itself.
        """
        self.check_validation_loss(method, "early_stopping")
        own = [name for name in self.facts.methods[method.method].hyperparameters if "Stop" in name]
        if own:
            raise ValueError(
                f"early_stopping stops a job and loses its model, and {self.id} stops early by "
                f"itself and keeps it: set the hyperparameters {' and '.join(own)} instead"
            )

    def check_region(self, scope: Construct) -> None:
        """Check that the model is customized in the stack's Region, where that is known at synth.

        Raises:
            ValueError: It is not.
        """
        region = Stack.of(scope).region
        if Token.is_unresolved(region) or region in self.facts.regions:
            return
        raise ValueError(
            f"base_model {self.id} is customized in {' and '.join(self.facts.regions)}, but the "
            f"stack is in {region}: deploy it there, or choose another base model"
        )

    def check_on_demand(self) -> None:
        """Check that custom models of it can be deployed on demand.

        Raises:
            ValueError: They need provisioned throughput.
        """
        if self.facts.deployability.on_demand:
            return
        others = [
            model.id
            for model in catalog.base_models()
            if model.deployability.on_demand and model.lifecycle.status == "ACTIVE"
        ]
        raise ValueError(
            f"base_model {self.id} has no on-demand deployment: its custom models answer only on "
            "provisioned throughput, which bills by the hour until it is deleted: pass "
            "deployment=ProvisionedThroughput(ttl=..., max_hourly_cost_usd=...), or choose one of "
            f"{', '.join(others)}"
        )

    def arn_for_customization(self) -> str:
        """Return the foundation model's ARN in a policy for customization jobs."""
        return foundation_model_arn(self.id)

    def arns_for_invocation(self) -> list[str]:
        """Return the ARNs in a policy for whoever invokes the base model."""
        return arns_for_invocation(self.inference_id)


BaseModel.NOVA_MICRO = BaseModel("amazon.nova-micro-v1:0:128k")
BaseModel.NOVA_LITE = BaseModel("amazon.nova-lite-v1:0:300k")
BaseModel.NOVA_PRO = BaseModel("amazon.nova-pro-v1:0:300k")
BaseModel.NOVA_2_LITE = BaseModel("amazon.nova-2-lite-v1:0:256k")
BaseModel.LLAMA_3_1_8B = BaseModel("meta.llama3-1-8b-instruct-v1:0:128k")
BaseModel.LLAMA_3_1_70B = BaseModel("meta.llama3-1-70b-instruct-v1:0:128k")
BaseModel.LLAMA_3_3_70B = BaseModel("meta.llama3-3-70b-instruct-v1:0:128k")
