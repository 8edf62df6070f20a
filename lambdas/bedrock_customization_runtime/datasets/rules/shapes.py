"""Fields, roles and turns: rules of the shape of a record."""

from __future__ import annotations

from bedrock_customization_runtime.catalog.rules import RecordFormat
from bedrock_customization_runtime.datasets.rules.rule import Input, Rule, Source, Verdict

_JSONL = (Input.JSONL,)
_DISTILLATION = (RecordFormat.DISTILLATION_PROMPTS,)
_REINFORCEMENT = (RecordFormat.OPENAI_MESSAGES_WITH_REFERENCE,)

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
SHAPE_UNFIT = Rule(
    id="shape-unfit",
    verdict=Verdict.REJECT,
    what="a record of another kind than the customization takes",
    why="plain texts, captions, conversations and graded prompts do not stand for each other",
    fix="choose the method or the base model that the records are for",
    inputs=_JSONL,
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
ROLE_ORDER = Rule(
    id="role-order",
    verdict=Verdict.REJECT,
    what="messages that do not go user, assistant, user, … and end with the assistant",
    why="Bedrock refuses other orders",
    fix='join messages of one role, end with the answer, and put instructions into "system"',
    inputs=_JSONL,
    source=Source.GUIDE,
)
EMPTY_TURN = Rule(
    id="empty-turn",
    verdict=Verdict.REJECT,
    what="a question or an answer without a visible character",
    why="there is nothing to learn from it, and Bedrock refuses empty texts",
    fix="fill it in or remove the record",
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
REFERENCE_MISSING = Rule(
    id="reference-missing",
    verdict=Verdict.REJECT,
    what="a reinforcement record without a reference answer, or with an empty one",
    why="neither the grader nor the blind set has anything to compare with",
    fix='add "reference_answer", or end the messages with the answer wanted',
    inputs=_JSONL,
    formats=_REINFORCEMENT,
    source=Source.GUIDE,
    sources_disagree="the validators let it be left out and take texts and objects alone, Nova's "
    "guide shows it in every record as any JSON; it is demanded, as any JSON that is not empty",
)
