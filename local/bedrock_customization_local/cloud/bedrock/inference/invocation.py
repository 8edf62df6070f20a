"""Asking models: which one an identifier means, what it says, what that costs.

Answers are greedy whatever the temperature. A foundation model's are those it was told, or else
noise: it is an untrained network.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bedrock_customization_local.cloud.bedrock.arns import split_arn
from bedrock_customization_local.cloud.bedrock.errors import ValidationError
from bedrock_customization_local.cloud.bedrock.inference.chat_templates import render
from bedrock_customization_local.cloud.bedrock.inference.known_answers import KnownAnswers
from bedrock_customization_local.cloud.bedrock.inference.prompts import Prompt, prompt_of
from bedrock_customization_local.cloud.bedrock.inference.tokens import count_tokens
from bedrock_customization_local.cloud.bedrock.meter import Unit
from bedrock_customization_local.cloud.bedrock.models.foundation_models import split_profile
from bedrock_customization_local.cloud.bedrock.tinylm.generation import Answer, generate
from bedrock_customization_local.cloud.bedrock.tinylm.model import base_model
from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import split_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_customization_local.cloud.bedrock.account import Account
    from bedrock_customization_local.cloud.bedrock.models.deployments import Deployments
    from bedrock_customization_local.cloud.bedrock.models.foundation_models import FoundationModels
    from bedrock_customization_local.cloud.bedrock.models.imported_models import (
        ImportedModel,
        ImportedModels,
    )
    from bedrock_customization_local.cloud.bedrock.models.provisioned_throughputs import (
        ProvisionedThroughputs,
    )
    from bedrock_customization_local.cloud.bedrock.tinylm.model import Model
    from bedrock_customization_runtime.catalog import BaseModel

_MAXIMUM_TOKENS = 256
_NOISE_TOKENS = 16
_NOTHING = KnownAnswers(())


@dataclass(frozen=True, slots=True)
class Invoked:
    """What an identifier means.

    Args:
        identifier: As the request has it.
        base: The foundation model; None for an imported model, which has none.
        model: The network of a custom or an imported model; None where an untrained one answers.
        billed_by_token: Whether its tokens are charged.
        imported: The imported model.
    """

    identifier: str
    base: BaseModel | None
    model: Model | None
    billed_by_token: bool
    imported: ImportedModel | None = None

    def prompt(self, system: Sequence[str], turns: Sequence[tuple[str, str]]) -> Prompt:
        """Return a conversation as this model is asked it.

        Raises:
            ValidationError: An imported model has no chat template, or one that fails.
        """
        plain = prompt_of(system, turns)
        if self.imported is None:
            return plain
        if self.imported.chat_template is None:
            raise ValidationError(
                "The model has no chat template: ask it with a prompt that is written as its "
                "training was, or import it with one."
            )
        return replace(plain, text=render(self.imported.chat_template, system, turns))


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer.

    Args:
        text: What was said.
        stop_reason: `end_turn`, `max_tokens` or `stop_sequence`.
        stop_sequence: Which one ended it.
        input_tokens: Of the prompt.
        output_tokens: Of the answer.
        latency_ms: Milliseconds it took here.
    """

    text: str
    stop_reason: str
    stop_sequence: str | None
    input_tokens: int
    output_tokens: int
    latency_ms: int


class Invocation:
    """Invokes models."""

    def __init__(
        self,
        account: Account,
        foundation_models: FoundationModels,
        deployments: Deployments,
        throughputs: ProvisionedThroughputs,
        imported_models: ImportedModels,
    ) -> None:
        self._account, self._foundation_models = account, foundation_models
        self._imported_models = imported_models
        self._deployments, self._throughputs = deployments, throughputs
        # One answer after the other: two at once are slower than that on few cores.
        self._speaking = threading.Lock()
        self._known: dict[str, KnownAnswers] = {}

    def teach(self, identifier: str, pairs: Sequence[tuple[str, str]]) -> None:
        """Tell a foundation model answers, in the place of what it was told before.

        Args:
            identifier: The model.
            pairs: Prompts and answers.

        Raises:
            ValidationError: There is no such model.
        """
        self._foundation_models.invocable(identifier)
        self._known[split_profile(identifier)[1]] = KnownAnswers(pairs)

    def known_to(self, model_id: str) -> tuple[tuple[str, str], ...]:
        """Return the prompts and answers that a foundation model was told."""
        known = self._known.get(model_id)
        return () if known is None else known.pairs

    def say(
        self, model_id: str, prompt: str, known: KnownAnswers, max_tokens: int | None
    ) -> str:
        """Return what a foundation model answers; nothing is charged.

        Args:
            model_id: Its own id.
            prompt: The conversation as one text.
            known: What it knows.
            max_tokens: Length of the answer, at most; None for the model's own limit.
        """
        limit = min(max_tokens or _MAXIMUM_TOKENS, _MAXIMUM_TOKENS)
        with self._speaking:
            return _foundation_answer(model_id, Prompt(prompt, 0), known, limit).text

    def resolve(self, identifier: str) -> Invoked:
        """Return what an identifier means.

        Raises:
            ValidationError: It cannot be invoked, or not yet.
            NotFoundError: There is nothing of that name.
        """
        kind, _ = split_arn(identifier)
        with self._account.lock:
            if kind == "custom-model-deployment":
                deployment = self._deployments.find(identifier)
                _require(deployment.status, "Active", identifier)
                custom = deployment.model
                return Invoked(identifier, custom.base, custom.model, billed_by_token=True)
            if kind == "provisioned-model":
                throughput = self._throughputs.find(identifier)
                if throughput.status != "Updating":
                    _require(throughput.status, "InService", identifier)
                target = throughput.target
                network = None if target.model is None else target.model.model
                return Invoked(identifier, target.base, network, billed_by_token=False)
            if kind == "imported-model":
                imported = self._imported_models.find(identifier)
                return Invoked(
                    identifier, None, imported.network, billed_by_token=False, imported=imported
                )
            if kind == "custom-model":
                raise ValidationError(
                    "The provided model identifier is invalid. A custom model is invoked through "
                    "its deployment or its provisioned throughput, not by its own ARN."
                )
            base = self._foundation_models.invocable(identifier)
            return Invoked(identifier, base, None, billed_by_token=True)

    def complete(
        self,
        invoked: Invoked,
        prompt: Prompt,
        *,
        max_tokens: int | None = None,
        stop_sequences: Sequence[str] = (),
    ) -> Completion:
        """Answer a prompt.

        Args:
            invoked: Who is asked.
            prompt: What is asked.
            max_tokens: Length of the answer, at most; None for the model's own limit.
            stop_sequences: Texts that end the answer, and are left out of it.

        Raises:
            ModelNotReadyError: No copy of an imported model runs yet.
        """
        if invoked.imported is not None:
            with self._account.lock:
                self._imported_models.ask(invoked.imported)
        started = time.perf_counter()
        limit = min(max_tokens or _MAXIMUM_TOKENS, _MAXIMUM_TOKENS)
        with self._speaking:
            answer = self._answer(invoked, prompt, limit)
        text, ended_by = _cut(answer.text, stop_sequences)
        reason = "end_turn" if answer.finished else "max_tokens"
        completion = Completion(
            text=text,
            stop_reason="stop_sequence" if ended_by else reason,
            stop_sequence=ended_by,
            input_tokens=prompt.tokens,
            output_tokens=count_tokens(text),
            latency_ms=max(1, round((time.perf_counter() - started) * 1000)),
        )
        self._bill(invoked, completion)
        return completion

    def _answer(self, invoked: Invoked, prompt: Prompt, limit: int) -> Answer:
        if invoked.model is not None:
            return generate(invoked.model, [prompt.text], limit)[0]
        if invoked.base is None:
            # The weights of another model: nothing here can run them.
            name = "" if invoked.imported is None else invoked.imported.name
            return _foundation_answer(name, prompt, _NOTHING, limit)
        known = self._known.get(split_profile(invoked.base.inference_id)[1], _NOTHING)
        return _foundation_answer(invoked.base.id, prompt, known, limit)

    def _bill(self, invoked: Invoked, completion: Completion) -> None:
        if invoked.imported is not None:
            with self._account.lock:
                self._imported_models.answered(invoked.imported)
        if invoked.base is None or not invoked.billed_by_token:
            return
        meter, prices = self._account.meter, invoked.base.prices
        meter.count_tokens(
            invoked.identifier,
            Unit.INPUT_TOKENS,
            completion.input_tokens,
            prices.input_per_1k_tokens,
        )
        meter.count_tokens(
            invoked.identifier,
            Unit.OUTPUT_TOKENS,
            completion.output_tokens,
            prices.output_per_1k_tokens,
        )


def _foundation_answer(model_id: str, prompt: Prompt, known: KnownAnswers, limit: int) -> Answer:
    text = known.nearest(prompt.question or prompt.text)
    if text is None:
        noise = generate(
            base_model(model_id, prompt.text), [prompt.text], min(limit, _NOISE_TOKENS)
        )[0]
        # Noise has no end of its own; whoever leaves room for all of it hears it out.
        return replace(noise, finished=noise.finished or limit > _NOISE_TOKENS)
    words = split_words(text)
    return Answer("".join(words[:limit]), finished=len(words) <= limit)


def _require(status: str, wanted: str, identifier: str) -> None:
    if status != wanted:
        raise ValidationError(f"{identifier} is {status}: it can be invoked once it is {wanted}")


def _cut(text: str, stop_sequences: Sequence[str]) -> tuple[str, str | None]:
    found = [(text.find(stop), stop) for stop in stop_sequences if stop in text]
    if not found:
        return text, None
    place, stop = min(found)
    return text[:place], stop
