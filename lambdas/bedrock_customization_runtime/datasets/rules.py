"""Every rule of the data engine, in one table: what it finds, why that matters, how to mend it.

A rule's verdict says what becomes of a record that breaks it. Limits themselves (counts, tokens,
reserved words) are not here: they come from the catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bedrock_customization_runtime.catalog.rules import RecordFormat


class Verdict(StrEnum):
    """What becomes of a record that breaks a rule."""

    REJECT = "reject"
    """It is left out, and written to the rejected records with line and rule."""
    REPAIR = "repair"
    """It is changed without changing what it says, and kept."""
    FLAG = "flag"
    """It is kept as it is, and counted."""


class Input(StrEnum):
    """The shapes of input a rule can meet."""

    CSV = "csv"
    JSONL = "jsonl"


class Source(StrEnum):
    """Who says so."""

    GUIDE = "guide"
    """Bedrock's or Nova's user guide: the job fails, or trains on something else."""
    VALIDATOR = "validator"
    """One of AWS's published validators refuses it."""
    ENGINE = "engine"
    """This package: nobody at AWS checks it, and it spoils data sets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule. The sentences start in lower case and never quote a record."""

    id: str
    verdict: Verdict
    what: str
    why: str
    fix: str
    inputs: tuple[Input, ...] = tuple(Input)
    formats: tuple[RecordFormat, ...] = tuple(RecordFormat)
    """Record formats of base models for which it holds."""
    source: Source = Source.ENGINE
    sources_disagree: str | None = None
    """What AWS's documents and validators say differently, and which side the verdict takes."""

    @property
    def severity(self) -> Literal["error", "warning"]:
        """What people are told: a rejected record is an error, all else a warning."""
        return "error" if self.verdict is Verdict.REJECT else "warning"


_ONE_OBJECT_A_LINE = "write one complete JSON object on each line"
_JSONL = (Input.JSONL,)
_CSV = (Input.CSV,)
_CONVERSE = (RecordFormat.CONVERSE,)
_DISTILLATION = (RecordFormat.DISTILLATION_PROMPTS,)
_REINFORCEMENT = (RecordFormat.OPENAI_MESSAGES_WITH_REFERENCE,)
_CHATS = (
    RecordFormat.CONVERSE,
    RecordFormat.CLAUDE_MESSAGES,
    RecordFormat.OPENAI_MESSAGES_WITH_REFERENCE,
    RecordFormat.DISTILLATION_PROMPTS,
)

LINE_TOO_LONG = Rule(
    id="line-too-long",
    verdict=Verdict.REJECT,
    what="line longer than 1 MiB",
    why="no base model takes a record that long",
    fix="split the record, or look for a missing line end",
)
INVALID_UTF_8 = Rule(
    id="invalid-utf-8",
    verdict=Verdict.REJECT,
    what="bytes that are not UTF-8",
    why="guessing the encoding would teach the model broken words",
    fix="save the file as UTF-8",
)
BYTE_ORDER_MARK = Rule(
    id="byte-order-mark",
    verdict=Verdict.REPAIR,
    what="byte order mark at the start of a line",
    why="it would become part of the first word",
    fix='nothing to do; save as "UTF-8 without BOM" to avoid it',
    source=Source.GUIDE,
)
BLANK_LINE = Rule(
    id="blank-line",
    verdict=Verdict.REPAIR,
    what="blank line between records",
    why="Bedrock refuses a file that has one",
    fix="nothing to do: it is left out",
    source=Source.GUIDE,
)
JSON_MALFORMED = Rule(
    id="json-malformed",
    verdict=Verdict.REJECT,
    what="not a JSON object on one line",
    why="it cannot be read",
    fix=_ONE_OBJECT_A_LINE,
    inputs=_JSONL,
)
JSON_TWO_VALUES = Rule(
    id="json-two-values",
    verdict=Verdict.REJECT,
    what="more than one JSON value on a line",
    why="only the first could be read",
    fix=_ONE_OBJECT_A_LINE,
    inputs=_JSONL,
)
JSON_CUT = Rule(
    id="json-cut",
    verdict=Verdict.REJECT,
    what="JSON that ends in the middle",
    why="the rest is missing",
    fix="upload the whole file; " + _ONE_OBJECT_A_LINE,
    inputs=_JSONL,
)
JSON_NOT_OBJECT = Rule(
    id="json-not-object",
    verdict=Verdict.REJECT,
    what="a JSON value that is not an object",
    why="a record has named fields",
    fix=_ONE_OBJECT_A_LINE,
    inputs=_JSONL,
)
JSON_TOO_DEEP = Rule(
    id="json-too-deep",
    verdict=Verdict.REJECT,
    what="JSON nested more than 64 levels deep",
    why="no record is; parsers run out of stack on it",
    fix="flatten the value",
    inputs=_JSONL,
)
JSON_NUMBER = Rule(
    id="json-number",
    verdict=Verdict.REJECT,
    what="NaN, Infinity, or a number beyond 64 bits",
    why="every reader makes something else of it",
    fix="write it as a string, or leave it out",
    inputs=_JSONL,
)
JSON_DUPLICATE_KEY = Rule(
    id="json-duplicate-key",
    verdict=Verdict.REJECT,
    what="the same key twice in one object",
    why="one of the two values would be lost silently",
    fix="keep one of them",
    inputs=_JSONL,
)
JSON_LONE_SURROGATE = Rule(
    id="json-lone-surrogate",
    verdict=Verdict.REJECT,
    what="half of a surrogate pair (\\ud800 to \\udfff)",
    why="it is no character and cannot be written as UTF-8",
    fix="export the text again without cutting it inside an emoji",
    inputs=_JSONL,
)
CSV_QUOTE = Rule(
    id="csv-quote",
    verdict=Verdict.REJECT,
    what="a quote that is not closed, or not doubled inside a quoted field",
    why="it is not clear where the field ends",
    fix='write " inside a quoted field as "" and close every quote',
    inputs=_CSV,
)
CSV_RAGGED = Rule(
    id="csv-ragged",
    verdict=Verdict.REJECT,
    what="more or fewer fields than the header",
    why="the values may stand in the wrong columns",
    fix="quote fields that hold commas or line ends",
    inputs=_CSV,
)
COLUMN_MISSING = Rule(
    id="column-missing",
    verdict=Verdict.REJECT,
    what="a column of the template is missing in this object",
    why="the record would be incomplete",
    fix="write the column in every object, or leave it out of the template",
    inputs=_JSONL,
)
COLUMN_NOT_TEXT = Rule(
    id="column-not-text",
    verdict=Verdict.REJECT,
    what="a column of the template holds a list or an object",
    why="a template puts text, numbers and booleans into a sentence",
    fix="write the value as text",
    inputs=_JSONL,
)
COLUMN_EMPTY = Rule(
    id="column-empty",
    verdict=Verdict.FLAG,
    what="a column of the template is empty",
    why="the sentence around it may make no sense",
    fix="fill the column, or leave it out of the template",
)
FIELDS_MISSING = Rule(
    id="fields-missing",
    verdict=Verdict.REJECT,
    what="none of the record shapes",
    why=(
        "without a template a record must hold messages, a prompt and its completion, an input for "
        "continued pre-training, or a model invocation log"
    ),
    fix="rename the fields (letter case matters), or give a template that names your columns",
    inputs=_JSONL,
)
FIELD_TYPE = Rule(
    id="field-type",
    verdict=Verdict.REJECT,
    what="a field of the record is null or of the wrong type",
    why="Bedrock takes texts, and messages as a list of role and content blocks",
    fix='write texts as strings and content as [{"text": "…"}]',
    inputs=_JSONL,
    source=Source.GUIDE,
)
FIELD_UNKNOWN = Rule(
    id="field-unknown",
    verdict=Verdict.REJECT,
    what="a field that the record format does not know",
    why="it would be lost silently, or make the job fail",
    fix="remove it, or give a template that names the columns to use",
    inputs=_JSONL,
    source=Source.VALIDATOR,
    sources_disagree="the validators for Claude and distillation refuse further fields, the one "
    "for Nova ignores them; they count as faults, because what they say would be lost",
)
CONTENT_NOT_TAKEN = Rule(
    id="content-not-taken",
    verdict=Verdict.REJECT,
    what="a content block of a kind that the base model does not take",
    why="the job fails on it",
    fix="leave the block out, or choose a base model that takes it",
    inputs=_JSONL,
    source=Source.GUIDE,
)
CONTENT_BLOCK = Rule(
    id="content-block",
    verdict=Verdict.REJECT,
    what="a content block that is not exactly one of Converse's kinds",
    why="Bedrock cannot tell what it is",
    fix='write {"text": "…"}, or one of image, video, document, reasoningContent, toolUse, '
    "toolResult",
    inputs=_JSONL,
    source=Source.GUIDE,
)
MEDIA_SOURCE = Rule(
    id="media-source",
    verdict=Verdict.REJECT,
    what="a medium without format and S3 location",
    why="Bedrock reads media from S3 alone",
    fix='write {"format": "…", "source": {"s3Location": {"uri": "s3://bucket/key"}}}',
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
)
MEDIA_FORMAT = Rule(
    id="media-format",
    verdict=Verdict.REJECT,
    what="a file format that the base model does not take",
    why="the job fails on it",
    fix="convert the file",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
)
MEDIA_URI = Rule(
    id="media-uri",
    verdict=Verdict.REJECT,
    what="an S3 URI that Bedrock does not take",
    why="spaces and signs such as = + : in a key make the job fail",
    fix="rename the object with letters, digits, _ - / and . only",
    inputs=_JSONL,
    source=Source.GUIDE,
)
MEDIA_BUCKET = Rule(
    id="media-bucket",
    verdict=Verdict.REJECT,
    what="a medium in another bucket than the data set",
    why="the job may read the data set's bucket alone",
    fix="copy the media into the data set's bucket",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
)
MEDIA_COUNT = Rule(
    id="media-count",
    verdict=Verdict.REJECT,
    what="more media in one record than the base model takes",
    why="the job fails on it",
    fix="split the record",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
    sources_disagree="images are limited per message by the guide and per record by the Nova Forge "
    "SDK; the record counts, which is stricter",
)
MEDIA_TURN = Rule(
    id="media-turn",
    verdict=Verdict.REJECT,
    what="a medium in the assistant's turn",
    why="models read media and answer with text",
    fix="move it to the user's turn",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
)
MEDIA_MIXED = Rule(
    id="media-mixed",
    verdict=Verdict.REJECT,
    what="media of another kind than the first record's with media",
    why="a Nova data set holds images, or videos, or documents, never two of them",
    fix="make one data set of each",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
)
REASONING = Rule(
    id="reasoning",
    verdict=Verdict.REJECT,
    what="reasoning outside the assistant's turn, or without its text",
    why="only the assistant reasons, and only text is learned",
    fix='write {"reasoningContent": {"reasoningText": {"text": "…"}}} before the answer\'s text',
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
)
TOOL_CONFIG = Rule(
    id="tool-config",
    verdict=Verdict.REJECT,
    what="a toolConfig that is no list of tool specifications with distinct names",
    why="the model cannot be told of the tools",
    fix='write {"tools": [{"toolSpec": {"name": "…", "inputSchema": {"json": {…}}}}]}',
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
)
TOOL_USE = Rule(
    id="tool-use",
    verdict=Verdict.REJECT,
    what="a tool use that is not the assistant's, incomplete, or of a tool not declared",
    why="Bedrock refuses it",
    fix="write toolUseId, name and input in the assistant's turn, and declare the tool",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
)
TOOL_RESULT = Rule(
    id="tool-result",
    verdict=Verdict.REJECT,
    what="a tool result that is not the user's, incomplete, or of no tool use before it",
    why="Bedrock refuses it",
    fix="write toolUseId and content in the user's turn that follows the tool use",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.GUIDE,
)
TOOL_UNANSWERED = Rule(
    id="tool-unanswered",
    verdict=Verdict.REJECT,
    what="a tool use that is not answered exactly once, or an id used twice",
    why="Bedrock refuses it",
    fix="give every tool use its own id and one result",
    inputs=_JSONL,
    formats=_CONVERSE,
    source=Source.VALIDATOR,
)
SCHEMA_VERSION = Rule(
    id="schema-version",
    verdict=Verdict.REPAIR,
    what='a schemaVersion other than "bedrock-conversation-2024"',
    why="some of AWS's validators refuse any other",
    fix="nothing to do: it is written",
    inputs=_JSONL,
    formats=(RecordFormat.CONVERSE, RecordFormat.DISTILLATION_PROMPTS),
    source=Source.VALIDATOR,
    sources_disagree="Nova's guide takes any string, the validators for Llama and distillation "
    "this one alone; it is written always, which suits both",
)
SYSTEM_MISSING = Rule(
    id="system-missing",
    verdict=Verdict.REJECT,
    what="a distillation prompt without a system prompt",
    why="AWS's validator drops such prompts, and too few that are left fail the job",
    fix="add one system text, or give a template with a system prompt",
    formats=_DISTILLATION,
    source=Source.VALIDATOR,
    sources_disagree="the guide calls it optional, the validator demands exactly one; this rule "
    "follows the validator, because what it drops is lost without a word",
)
SINGLE_TURN = Rule(
    id="single-turn",
    verdict=Verdict.REJECT,
    what="a distillation prompt that is no single user turn with at most one answer",
    why="the teacher answers one prompt; others are dropped",
    fix="keep one user turn, and its answer if there is one",
    inputs=_JSONL,
    formats=_DISTILLATION,
    source=Source.VALIDATOR,
)
RECORD_TOO_LARGE = Rule(
    id="record-too-large",
    verdict=Verdict.REJECT,
    what="a line with more bytes than the base model takes",
    why="Bedrock drops it, or fails the job",
    fix="shorten the record",
    source=Source.GUIDE,
)
REFERENCE_MISSING = Rule(
    id="reference-missing",
    verdict=Verdict.REJECT,
    what="a reinforcement record without a reference answer",
    why="the grader has nothing to compare with",
    fix='add "reference_answer", or end the messages with the answer wanted',
    inputs=_JSONL,
    formats=_REINFORCEMENT,
    source=Source.GUIDE,
)
LOG_FAILED = Rule(
    id="log-failed",
    verdict=Verdict.REJECT,
    what="the log of an invocation that failed or has no output",
    why="there is no answer to learn from",
    fix="nothing to do: it is left out",
    inputs=_JSONL,
    source=Source.VALIDATOR,
)
LOG_OUTSIDE = Rule(
    id="log-outside",
    verdict=Verdict.REJECT,
    what="the log of an invocation whose body lies in an object of its own",
    why="bodies above 100 KB are not in the log",
    fix="put the body in its place in the log, or leave the record out",
    inputs=_JSONL,
    source=Source.GUIDE,
)
SHAPE_UNFIT = Rule(
    id="shape-unfit",
    verdict=Verdict.REJECT,
    what="a record of another kind than the customization takes",
    why="plain texts, captions, conversations and graded prompts do not stand for each other",
    fix="choose the method or the base model that the records are for",
    inputs=_JSONL,
)
LOG_MULTI_TURN = Rule(
    id="log-multi-turn",
    verdict=Verdict.REJECT,
    what="the log of a conversation of several turns",
    why="only single turns are used",
    fix="nothing to do: it is left out",
    inputs=_JSONL,
    source=Source.VALIDATOR,
)
LOG_NOT_TEXT = Rule(
    id="log-not-text",
    verdict=Verdict.REJECT,
    what="the log of an invocation with more than text in it",
    why="only text is used",
    fix="nothing to do: it is left out",
    inputs=_JSONL,
    source=Source.VALIDATOR,
)
LOG_UNKNOWN = Rule(
    id="log-unknown",
    verdict=Verdict.REJECT,
    what="the log of an invocation of a shape that is not known",
    why="prompt and answer cannot be told from the rest",
    fix="log through Converse, or give a template that names the columns",
    inputs=_JSONL,
)
ROLE_ORDER = Rule(
    id="role-order",
    verdict=Verdict.REJECT,
    what="messages that do not go user, assistant, user, … and end with the assistant",
    why="Bedrock refuses other orders",
    fix='join messages of one role, end with the answer, and put instructions into "system"',
    inputs=_JSONL,
    source=Source.GUIDE,
)
MULTI_TURN = Rule(
    id="multi-turn",
    verdict=Verdict.REJECT,
    what="a conversation of more than one question and answer",
    why="the base model's record format holds one prompt and one completion",
    fix="keep one exchange, or choose a base model that takes conversations",
    inputs=_JSONL,
    formats=(RecordFormat.PROMPT_COMPLETION,),
)
EMPTY_TURN = Rule(
    id="empty-turn",
    verdict=Verdict.REJECT,
    what="a question or an answer without a visible character",
    why="there is nothing to learn from it, and Bedrock refuses empty texts",
    fix="fill it in or remove the record",
    source=Source.GUIDE,
)
RESERVED_WORD = Rule(
    id="reserved-word",
    verdict=Verdict.REJECT,
    what="a word the base model reserves for itself",
    why="one of them in any record makes the job fail",
    fix="write it another way, for example without the colon or the brackets",
    source=Source.GUIDE,
    sources_disagree="Nova's guide lists seven words, the Nova Forge SDK thirteen; all count",
)
TOO_MANY_TOKENS = Rule(
    id="too-many-tokens",
    verdict=Verdict.REJECT,
    what="a record that may be longer than the base model takes",
    why="one such record makes the job fail after it started",
    fix="shorten the record or split it in two",
    source=Source.GUIDE,
)
CHAT_TEMPLATE = Rule(
    id="chat-template",
    verdict=Verdict.FLAG,
    what="a control token of a chat template, such as <|eot_id|> or [INST]",
    why="the text was formatted for another model; Bedrock formats it again",
    fix="export the records without the template",
)
PERSONAL_DATA = Rule(
    id="personal-data",
    verdict=Verdict.FLAG,
    what="what looks like personal data",
    why="a tuned model can repeat what it was trained on",
    fix="mask or remove it: privacy mask or reject does",
)
PERSONAL_DATA_MASKED = Rule(
    id="personal-data-masked",
    verdict=Verdict.REPAIR,
    what="what looks like personal data, masked",
    why="a tuned model can repeat what it was trained on",
    fix="nothing to do: its kind stands in its place",
)
PERSONAL_DATA_REJECTED = Rule(
    id="personal-data-rejected",
    verdict=Verdict.REJECT,
    what="what looks like personal data",
    why="a tuned model can repeat what it was trained on",
    fix="remove it from the record",
)
SECRET = Rule(
    id="secret",
    verdict=Verdict.FLAG,
    what="what looks like a key, token or password",
    why="a tuned model can repeat what it was trained on",
    fix="revoke it, then remove it: privacy mask or reject does",
)
SECRET_MASKED = Rule(
    id="secret-masked",
    verdict=Verdict.REPAIR,
    what="what looks like a key, token or password, masked",
    why="a tuned model can repeat what it was trained on",
    fix="revoke it: it has been in a file",
)
SECRET_REJECTED = Rule(
    id="secret-rejected",
    verdict=Verdict.REJECT,
    what="what looks like a key, token or password",
    why="a tuned model can repeat what it was trained on",
    fix="revoke it, then remove it from the record",
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
UNICODE_NORMALIZATION = Rule(
    id="unicode-normalization",
    verdict=Verdict.REPAIR,
    what="text that was not in Unicode's normal form C",
    why="equal words would look different to the model",
    fix="nothing to do: it is normalized",
)
INVISIBLE_CHARACTERS = Rule(
    id="invisible-characters",
    verdict=Verdict.REPAIR,
    what="control or zero-width characters without a meaning where they stand",
    why="the model would learn to write them",
    fix="nothing to do: they are removed",
)
LINE_ENDS = Rule(
    id="line-ends",
    verdict=Verdict.REPAIR,
    what="line ends inside a text other than LF",
    why="the model would learn two ways to end a line",
    fix="nothing to do: they are written as LF",
)
OUTER_SPACE = Rule(
    id="outer-space",
    verdict=Verdict.REPAIR,
    what="space before or after a text",
    why="the model would learn to answer with it",
    fix="nothing to do: it is removed",
)
TRAINING_COPY = Rule(
    id="training-copy",
    verdict=Verdict.FLAG,
    what="a training or validation record that holds a passage of the blind set",
    why="the model would be tested on what it has seen",
    fix="nothing to do: it is left out of training and validation",
)
NEAR_COPIES = Rule(
    id="near-copies",
    verdict=Verdict.FLAG,
    what="questions that are nearly the same",
    why="a plain random split would put some into training and their copies into the blind set",
    fix="nothing to do: they stay on one side of the split",
)
FEW_RECORDS = Rule(
    id="few-records",
    verdict=Verdict.FLAG,
    what="fewer training records than advised for the base model",
    why="the job runs, but the model may learn little",
    fix="add records",
    source=Source.GUIDE,
    sources_disagree="for Nova 2 Lite the guide says at least 8, AWS's validator 200; 8 are "
    "required and 200 advised",
)
SPLIT_OFF_TARGET = Rule(
    id="split-off-target",
    verdict=Verdict.FLAG,
    what="a side of the split that is far from the share asked for",
    why="near-copies and groups stay together, and some of them are large",
    fix="add records, or group by a column with more values",
)
BLIND_SET_SMALL = Rule(
    id="blind-set-small",
    verdict=Verdict.FLAG,
    what="a blind set that only shows large differences",
    why="a smaller improvement would be taken for chance",
    fix="add records, or raise split.test",
)
LABEL_ONLY_TESTED = Rule(
    id="label-only-tested",
    verdict=Verdict.FLAG,
    what="an answer of the blind set that no training record has",
    why="the model cannot learn what it is not shown",
    fix="add records with that answer",
)

TABLE = tuple(value for value in list(globals().values()) if isinstance(value, Rule))
"""All rules, in the order above."""
