"""Rules of records that a model drafted, rewrote or graded."""

from __future__ import annotations

from bedrock_customization_runtime.datasets.rules.rule import Rule, Verdict

ANSWER_BY_MODEL = Rule(
    id="answer-by-model",
    verdict=Verdict.FLAG,
    what="an answer that a model drafted or rewrote",
    why="a model tuned on it learns from that model, with its faults and under its terms",
    fix="read a sample; the files below enrichment/ of the run name line, task and model of each",
)
ANSWER_NOT_GIVEN = Rule(
    id="answer-not-given",
    verdict=Verdict.FLAG,
    what="a record about which the model said nothing that can be used",
    why="its answer was cut off, filtered, empty, or no score; the record stays as it was",
    fix="raise max_tokens, or say in instructions what form the answer has",
)
SCORE_TOO_LOW = Rule(
    id="score-too-low",
    verdict=Verdict.REJECT,
    what="an answer that a model graded below the minimum",
    why="a tuned model answers as well as what it is shown",
    fix="improve the answer, or lower min_score",
)
BLIND_BY_MODEL = Rule(
    id="blind-by-model",
    verdict=Verdict.FLAG,
    what="a blind set with answers that a model wrote",
    why="the evaluation measures agreement with that model there, not what is right",
    fix="count on the comparison only after people have read those answers",
)
