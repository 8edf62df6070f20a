"""REINFORCEMENT_FINE_TUNING: the model tries answers, a grader rewards them, the best are learned.

On AWS the method is GRPO on a large model. Here it is expert iteration (rejection sampling) on the
small one, in rounds: for every prompt some answers are proposed and graded, then the network trains
on each prompt's best answer so far, if any of its answers was worse. A round's steps are batches of
`batchSize` prompts; an epoch is a few rounds, fewer where a job has many.

An untrained network never says anything sensible, so no reward could teach it. Half of a prompt's
proposals are therefore guesses: reference answers of the data set (of invocation logs, the logged
answers), of whichever record, as texts, drawn without looking at whose they are and not again for
the same prompt. That is the words a large
model would know beforehand; which answer fits which prompt is learned from rewards alone. Where a
data set knows few answers (labels, numbers, yes and no) the right one is soon among the guesses;
where every record has its own, rewards stay rare: begin from a fine-tuned custom model then, as the
service's guide advises too.

`maxPromptLength`, `reasoningEffort` and `evalInterval` do nothing here: each round ends with a
validation, if there is a validation set.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from bedrock_customization_local.cloud.bedrock.inference.prompts import join_turns
from bedrock_customization_local.cloud.bedrock.inference.tokens import count_record_tokens
from bedrock_customization_local.cloud.bedrock.jobs import metrics_files
from bedrock_customization_local.cloud.bedrock.jobs.datasets import Example
from bedrock_customization_local.cloud.bedrock.jobs.grading import Grader, Sample
from bedrock_customization_local.cloud.bedrock.jobs.training_run import TrainingRun, settings_of
from bedrock_customization_local.cloud.bedrock.jobs.work import Data, Outcome
from bedrock_customization_local.cloud.bedrock.tinylm.generation import Sampling, generate
from bedrock_customization_local.cloud.bedrock.tinylm.model import CONTEXT, Model, untrained_model
from bedrock_customization_local.cloud.bedrock.tinylm.training import BUDGET
from bedrock_customization_local.cloud.bedrock.tinylm.vocabulary import (
    Record,
    build_vocabulary,
    split_words,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bedrock_customization_local.cloud.bedrock.jobs.invocation_logs import LoggedExchange
    from bedrock_customization_local.cloud.bedrock.jobs.work import JobWork
    from bedrock_customization_local.cloud.untyped import Json

_ROUNDS_PER_EPOCH, _MAXIMUM_ROUNDS = 4, 12
_PROPOSALS_PER_ROUND = 1024
_VALIDATION_PROMPTS = 128
_MAXIMUM_WORDS, _NOISE_WORDS = 64, 8
_TEMPERATURE = 1.0


class ReinforcementFineTuning:
    """The method.

    Args:
        work: The job.
        grader: Rewards answers.
    """

    def __init__(self, work: JobWork, grader: Grader) -> None:
        self._work, self._grader = work, grader
        self._data = Data([])
        self._guesses: tuple[str, ...] = ()

    def validate(self) -> None:
        """Read the prompts, and check that the role may invoke the grader."""
        self._grader.check()
        asked = self._work.job.parameters["trainingDataConfig"]
        if "invocationLogsConfig" in asked:
            exchanges = self._work.read_logs()
            self._data = self._work.with_validation([_example(one) for one in exchanges])
            self._guesses = _distinct(exchange.answer for exchange in exchanges)
        else:
            self._data = self._work.read_examples()
            references = (one.metadata["reference_answer"] for one in self._data.train)
            self._guesses = _distinct(_text(reference) for reference in references)

    def process(self) -> None:
        """Nothing: the prompts are what is trained on."""

    def train(self) -> Outcome:
        """Propose, grade and learn, round after round."""
        job = self._work.job
        epochs = int(job.hyperparameters["epochCount"])
        rounds = min(_MAXIMUM_ROUNDS, _ROUNDS_PER_EPOCH * epochs)
        tokens = sum(example.tokens for example in self._data.train)
        course = _Course(self._work, self._grader, self._data, self._guesses, rounds)
        try:
            for number in range(rounds):
                course.go_on(epoch=number * epochs // rounds)
        finally:
            self._work.charge_training(course.rounds_begun / rounds * epochs * tokens)
        return course.outcome()


@dataclass(slots=True)
class _Step:
    """One batch of prompts, or one validation."""

    number: int
    epoch: int
    reward: float
    loss: float = math.nan

    def row(self) -> tuple[int, int, float, float]:
        return self.number, self.epoch, self.loss, self.reward


class _Course:
    """The rounds of one job."""

    def __init__(
        self, work: JobWork, grader: Grader, data: Data, guesses: tuple[str, ...], rounds: int
    ) -> None:
        job = work.job
        self._work, self._grader, self._data, self._guesses = work, grader, data, guesses
        self._settings = settings_of(job, epochs=1, budget=BUDGET / rounds)
        self._samples = int(job.hyperparameters["trainingSamplePerPrompt"])
        self._batch = int(job.hyperparameters["batchSize"])
        self._words = min(_MAXIMUM_WORDS, int(job.hyperparameters["inferenceMaxTokens"]))
        self._rng = np.random.default_rng(0)
        self._order = [int(number) for number in self._rng.permutation(len(data.train))]
        self._policy = _untrained(work, data, guesses) if job.parent is None else job.parent.model
        self._is_noise = job.parent is None
        self._tries: list[dict[str, float]] = [{} for _ in data.train]
        self._steps: list[_Step] = []
        self._validations: list[_Step] = []
        self.rounds_begun = 0

    def go_on(self, *, epoch: int) -> None:
        """Do one round."""
        self.rounds_begun += 1
        before = len(self._steps)
        for batch in self._batches():
            self._steps.append(_Step(len(self._steps), epoch, self._explore(batch)))
        lessons = [
            (self._data.train[number].prompt, max(tries, key=lambda answer: tries[answer]))
            for number, tries in enumerate(self._tries)
            if len(set(tries.values())) > 1
        ]
        if lessons:
            run = TrainingRun(self._work, self._settings, self._policy)
            self._policy, self._is_noise = run.run(lessons), False
            for step in self._steps[before:]:
                step.loss = run.training_loss
        if self._data.validation:
            reward = self._validate()
            self._validations.append(_Step(self._steps[-1].number, epoch, reward))
        self._work.publish(self._metrics())

    def outcome(self) -> Outcome:
        """Return the model."""
        loss = self._steps[-1].loss
        return Outcome(model=self._policy, training_loss=loss if math.isfinite(loss) else None)

    def _metrics(self) -> dict[str, bytes]:
        files = {
            metrics_files.TRAINING: metrics_files.reward_file(
                "training_loss",
                metrics_files.TRAINING_REWARD,
                [step.row() for step in self._steps],
            )
        }
        if self._validations:
            files[metrics_files.VALIDATION] = metrics_files.reward_file(
                "validation_loss",
                metrics_files.VALIDATION_REWARD,
                [step.row() for step in self._validations],
            )
        return files

    def _batches(self) -> Iterator[list[int]]:
        """Yield the prompts of a round: those that had their turn longest ago."""
        count = min(len(self._order), _PROPOSALS_PER_ROUND // self._samples)
        chosen, self._order = self._order[:count], self._order[count:] + self._order[:count]
        for start in range(0, count, self._batch):
            yield chosen[start : start + self._batch]

    def _explore(self, batch: Sequence[int]) -> float:
        """Grade proposals for some prompts; return the mean reward of the model's own."""
        guesses = [(number, guess) for number in batch for guess in self._guesses_for(number)]
        wanted = [
            number
            for number in batch
            for _ in range(self._samples - sum(one == number for one, _ in guesses))
        ]
        answers = generate(
            self._policy,
            [self._data.train[number].prompt for number in wanted],
            min(self._words, _NOISE_WORDS) if self._is_noise else self._words,
            Sampling(_TEMPERATURE, self._rng),
        )
        own = [(number, answer.text) for number, answer in zip(wanted, answers, strict=True)]
        proposals = [*own, *guesses]
        rewards = self._grader.rewards(
            [Sample(self._data.train[number], answer) for number, answer in proposals]
        )
        for (number, answer), reward in zip(proposals, rewards, strict=True):
            self._tries[number][answer] = reward
        return sum(rewards[: len(own)]) / len(own)

    def _guesses_for(self, number: int) -> list[str]:
        untried = [guess for guess in self._guesses if guess not in self._tries[number]]
        count = min(self._samples // 2, len(untried))
        return [untried[int(i)] for i in self._rng.choice(len(untried), count, replace=False)]

    def _validate(self) -> float:
        examples = self._data.validation[:_VALIDATION_PROMPTS]
        answers = generate(self._policy, [one.prompt for one in examples], self._words)
        rewards = self._grader.rewards(
            [Sample(one, answer.text) for one, answer in zip(examples, answers, strict=True)]
        )
        return sum(rewards) / len(rewards)


def _untrained(work: JobWork, data: Data, guesses: Sequence[str]) -> Model:
    """Return a network that knows the words of prompts and guesses, and nothing else."""
    said = [split_words(guess) for guess in guesses] or [()]
    records = [
        Record(split_words(example.prompt), said[number % len(said)])
        for number, example in enumerate(data.train)
    ]
    return untrained_model(build_vocabulary(records, CONTEXT), crc32(work.job.base.id.encode()))


def _example(exchange: LoggedExchange) -> Example:
    system = [exchange.system] if exchange.system else []
    turns = [("user", exchange.question)]
    messages = [
        *({"role": "system", "content": text} for text in system),
        {"role": "user", "content": exchange.question},
    ]
    tokens = count_record_tokens(system, turns)
    return Example(join_turns(system, turns), "", tokens, messages=tuple(messages))


def _text(reference: Json) -> str:
    return reference if isinstance(reference, str) else json.dumps(reference, ensure_ascii=False)


def _distinct(texts: Iterator[str]) -> tuple[str, ...]:
    return tuple(sorted({text for text in texts if text}))
