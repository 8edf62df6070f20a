"""What makes a record a poor example."""

from __future__ import annotations

from bedrock_customization_runtime.datasets.rules.rule import Rule, Verdict

CHAT_TEMPLATE = Rule(
    id="chat-template",
    verdict=Verdict.FLAG,
    what="a control token of a chat template, such as <|eot_id|> or [INST]",
    why="the text was formatted for another model; Bedrock formats it again",
    fix="export the records without the template",
)
REPETITION = Rule(
    id="repetition",
    verdict=Verdict.FLAG,
    what="an answer that repeats itself over and over",
    why="the model would learn to",
    fix="shorten the answer or remove the record",
)
MOJIBAKE = Rule(
    id="mojibake",
    verdict=Verdict.FLAG,
    what="UTF-8 that was read as another encoding, such as Ã© for é",
    why="the model would learn to write it",
    fix="export the data again in UTF-8",
)
ANSWER_IS_QUESTION = Rule(
    id="answer-is-question",
    verdict=Verdict.FLAG,
    what="an answer that is the question again",
    why="the model would learn to repeat what it is asked",
    fix="fill in the answer or remove the record",
)
ANSWER_SCRIPT = Rule(
    id="answer-script",
    verdict=Verdict.FLAG,
    what="an answer in another writing system than its question",
    why="right for translation and transliteration, an export fault elsewhere",
    fix="check some of the records",
)
REPLACEMENT_CHARACTER = Rule(
    id="replacement-character",
    verdict=Verdict.FLAG,
    what="the replacement character U+FFFD",
    why="an earlier conversion lost a character here, and the model would learn to write it",
    fix="export the data again in UTF-8",
)
BIDIRECTIONAL_CONTROL = Rule(
    id="bidirectional-control",
    verdict=Verdict.FLAG,
    what="an invisible character that reorders text",
    why="it can make text read differently from what the model sees",
    fix="remove it unless the text mixes writing directions",
)
CONFLICTING_ANSWERS = Rule(
    id="conflicting-answers",
    verdict=Verdict.FLAG,
    what="the same question with different answers",
    why="right where several answers are good, label noise where one is; all are kept, on one side",
    fix="for a classification task, decide on one answer",
)
