"""Chat templates: where they stand, whether they agree, and whether they write a conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_customization_runtime.chat_templates.judging import judge
from bedrock_customization_runtime.chat_templates.verdicts import Conversation, VerdictKind
from bedrock_customization_runtime.weights.findings import shown
from bedrock_customization_runtime.weights.rules import files as file_rules, tokenizer as rules
from bedrock_customization_runtime.weights.selection import (
    CHAT_TEMPLATE_JINJA,
    CHAT_TEMPLATE_JSON,
    TOKENIZER_CONFIG,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_customization_runtime.weights.configuration import Configuration
    from bedrock_customization_runtime.weights.findings import Findings
    from bedrock_customization_runtime.weights.reading import Reader
    from bedrock_customization_runtime.weights.rules import Rule

MAXIMUM_BYTES = 256 * 2**10
"""Published ones have up to 20 KB."""
_MAXIMUM_TEMPLATES = 16
"""In one place, by name."""
_DEFAULT = "default"
_RULES: Mapping[VerdictKind, Rule] = {
    VerdictKind.INVALID: rules.TEMPLATE_INVALID,
    VerdictKind.UNSAFE: rules.TEMPLATE_UNSAFE,
    VerdictKind.ENDLESS: rules.TEMPLATE_ENDLESS,
    VerdictKind.FAILS: rules.TEMPLATE_FAILS,
    VerdictKind.NO_SYSTEM: rules.TEMPLATE_SYSTEM,
}


def check(
    reader: Reader,
    tokenizer_config: Mapping[str, object],
    configuration: Configuration,
    findings: Findings,
) -> bool:
    """Note what is wrong with chat templates.

    Args:
        reader: Of the model's files.
        tokenizer_config: Content of tokenizer_config.json.
        configuration: Content of config.json.
        findings: Takes what is wrong.

    Returns:
        Whether the model has a chat template.
    """
    templates = _templates(reader, tokenizer_config, findings)
    architecture = configuration.architecture
    # A text that stands in several places is judged once.
    places = {text: place for place, named in templates.items() for text in named.values()}
    if not places:
        if not templates and (architecture is None or architecture.chats):
            findings.note(rules.TEMPLATE_MISSING, None, "none")
        return False
    used = {place: named.get(_DEFAULT) for place, named in templates.items()}
    if len(set(used.values())) > 1:
        findings.note(rules.TEMPLATE_AMBIGUOUS, None, " and ".join(used))
    reads_parts = architecture is not None and architecture.is_multimodal
    tokens = _tokens(tokenizer_config)
    for text, place in places.items():
        verdict = judge(Conversation(template=text, tokens=tokens, reads_parts=reads_parts))
        if rule := _RULES.get(verdict.kind):
            findings.note(rule, place, shown(verdict.detail))
        if verdict.kind is VerdictKind.ENDLESS:
            # One is enough to know, and dozens of them would take minutes.
            break
    return True


def _templates(
    reader: Reader, tokenizer_config: Mapping[str, object], findings: Findings
) -> dict[str, dict[str, str]]:
    """Return templates by name, by the file they stand in."""
    stated: dict[str, object] = {}
    if tokenizer_config.get("chat_template") is not None:
        stated[TOKENIZER_CONFIG] = tokenizer_config["chat_template"]
    if (data := reader.bytes_of(CHAT_TEMPLATE_JINJA, maximum=MAXIMUM_BYTES)) is not None:
        try:
            stated[CHAT_TEMPLATE_JINJA] = data.decode()
        except UnicodeDecodeError:
            stated[CHAT_TEMPLATE_JINJA] = None
    if (content := reader.object_of(CHAT_TEMPLATE_JSON)) is not None:
        stated[CHAT_TEMPLATE_JSON] = content.get("chat_template")
    return {place: _named(place, value, findings) for place, value in stated.items()}


def _named(place: str, stated: object, findings: Findings) -> dict[str, str]:
    """Return what a file states as templates by name; nothing where, which is noted, it is none."""
    named: object = {_DEFAULT: stated}
    if isinstance(stated, list) and all(isinstance(each, dict) for each in stated):
        named = {each.get("name"): each.get("template") for each in stated}
    if (
        not isinstance(named, dict)
        or not all(isinstance(text, str) for pair in named.items() for text in pair)
        or _DEFAULT not in named
        or len(named) > _MAXIMUM_TEMPLATES
    ):
        findings.note(rules.TEMPLATE_INVALID, place, shown(stated))
        return {}
    size = max(map(len, named.values()))
    if size > MAXIMUM_BYTES:
        allowed = f"at most {MAXIMUM_BYTES:,} bytes"
        found = f"a chat template of {size:,} characters"
        findings.note(file_rules.TOO_LARGE, place, found, allowed=allowed)
        return {}
    return named


def _tokens(tokenizer_config: Mapping[str, object]) -> dict[str, str]:
    """Return special tokens by name. Each is stated as a text, or as the `content` of an object."""
    tokens: dict[str, str] = {}
    for name in ("bos_token", "eos_token", "unk_token", "pad_token"):
        stated = tokenizer_config.get(name)
        text = stated.get("content") if isinstance(stated, dict) else stated
        if isinstance(text, str):
            tokens[name] = text
    return tokens
