"""DISTILLATION: the student learns what its teacher answers.

A prompt's answer is its golden one, the logged one with `usePromptResponse`, or else what the
teacher says when it is asked, which is charged. The service makes more prompts of those it is
given; here there are none but the given ones.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bedrock_customization_local.cloud.bedrock.inference.known_answers import KnownAnswers
from bedrock_customization_local.cloud.bedrock.inference.prompts import join_turns
from bedrock_customization_local.cloud.bedrock.inference.tokens import (
    count_record_tokens,
    count_tokens,
)
from bedrock_customization_local.cloud.bedrock.jobs.datasets import Example
from bedrock_customization_local.cloud.bedrock.jobs.fine_tuning import train_on
from bedrock_customization_local.cloud.bedrock.jobs.work import Data, Outcome
from bedrock_customization_local.cloud.bedrock.meter import Unit
from bedrock_customization_local.cloud.bedrock.models.foundation_models import split_profile

if TYPE_CHECKING:
    from bedrock_customization_local.cloud.bedrock.inference.invocation import Invocation
    from bedrock_customization_local.cloud.bedrock.jobs.invocation_logs import LoggedExchange
    from bedrock_customization_local.cloud.bedrock.jobs.teachers import Teacher
    from bedrock_customization_local.cloud.bedrock.jobs.work import JobWork

# The service chooses the epochs of a distillation itself and names one price for each token.
_EPOCHS = 1
_PASSES = 3


class Distillation:
    """The method.

    Args:
        work: The job.
        teacher: Who teaches.
        invocation: Asks the teacher.
    """

    def __init__(self, work: JobWork, teacher: Teacher, invocation: Invocation) -> None:
        self._work, self._teacher, self._invocation = work, teacher, invocation
        self._prompts: list[Example] = []
        self._shown: list[tuple[str, str]] = []

    def validate(self) -> None:
        """Read the prompts, and check that the role may ask the teacher."""
        teacher = self._teacher
        self._work.access.check_teacher(teacher.identifier, teacher.model_id, teacher.regions)
        asked = self._work.job.parameters["trainingDataConfig"]
        if "invocationLogsConfig" in asked:
            answers = asked["invocationLogsConfig"].get("usePromptResponse", False)
            self._read_logs(use_answers=answers)
        else:
            self._prompts = list(self._work.read_examples().train)
            self._shown = [(one.prompt, one.completion) for one in self._prompts if one.completion]

    def process(self) -> None:
        """Let the teacher answer what has no answer yet."""
        taught = self._invocation.known_to(self._teacher.model_id)
        known = KnownAnswers([*self._shown, *taught])
        self._prompts = [
            prompt if prompt.completion else self._answered(prompt, known)
            for prompt in self._prompts
        ]

    def train(self) -> Outcome:
        """Train the student on prompts and answers."""
        return train_on(self._work, Data(self._prompts), epochs=_EPOCHS, passes=_PASSES)

    def _read_logs(self, *, use_answers: bool) -> None:
        for exchange in self._work.read_logs():
            by_teacher = split_profile(exchange.model_id)[1] == self._teacher.model_id
            if use_answers and not by_teacher:
                continue
            example = _example(exchange, with_answer=use_answers)
            limit = self._work.job.rules.tokens_per_record
            if limit is not None and example.tokens > limit:
                continue
            self._prompts.append(example)
            if by_teacher:
                self._shown.append((example.prompt, exchange.answer))
        self._work.with_validation(self._prompts)

    def _answered(self, prompt: Example, known: KnownAnswers) -> Example:
        self._work.raise_if_stopped()
        teacher, meter = self._teacher, self._work.account.meter
        answer = self._invocation.say(
            teacher.model_id, prompt.prompt, known, teacher.max_tokens
        )
        prices, arn = teacher.prices, self._work.job.arn
        meter.count_tokens(arn, Unit.INPUT_TOKENS, prompt.tokens, prices.input_per_1k_tokens)
        meter.count_tokens(
            arn, Unit.OUTPUT_TOKENS, count_tokens(answer), prices.output_per_1k_tokens
        )
        added = count_record_tokens([], [("assistant", answer)])
        return replace(prompt, completion=answer, tokens=prompt.tokens + added)


def _example(exchange: LoggedExchange, *, with_answer: bool) -> Example:
    system = [exchange.system] if exchange.system else []
    turns = [("user", exchange.question)]
    answer = [("assistant", exchange.answer)] if with_answer else []
    return Example(
        join_turns(system, turns),
        exchange.answer if with_answer else "",
        count_record_tokens(system, [*turns, *answer]),
    )
