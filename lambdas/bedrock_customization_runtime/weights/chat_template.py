"""Chat templates: where they stand, whether they agree, and whether they write a conversation.

A template is a program of a stranger's. It is compiled and run by `chat_template_process` alone: in
Jinja's sandbox, in a process of its own with a limit of time and memory.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.weights.chat_template_verdicts import (
    Conversation,
    Verdict,
    VerdictKind,
)
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
_PROCESS = "bedrock_customization_runtime.weights.chat_template_process"
_SECONDS = 20
"""For the process as a whole, which may have to wait for a processor."""
_VARIABLES = ("LD_LIBRARY_PATH", "PYTHONDONTWRITEBYTECODE", "SYSTEMROOT")
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
    texts = {text for named in templates.values() for text in named.values()}
    if not texts:
        if not templates and (architecture is None or architecture.chats):
            findings.note(rules.TEMPLATE_MISSING, None, "none")
        return False
    used = {place: named.get(_DEFAULT) for place, named in templates.items()}
    if len(set(used.values())) > 1:
        findings.note(rules.TEMPLATE_AMBIGUOUS, None, " and ".join(used))
    reads_parts = architecture is not None and architecture.is_multimodal
    checked: set[str] = set()
    for place, named in templates.items():
        for text in named.values():
            if text not in checked:
                checked.add(text)
                _note(place, judge(text, tokenizer_config, reads_parts=reads_parts), findings)
    return True


def judge(template: str, tokenizer_config: Mapping[str, object], *, reads_parts: bool) -> Verdict:
    """Return whether a template writes a conversation.

    Args:
        template: Of Jinja.
        tokenizer_config: Names the tokens that templates write.
        reads_parts: Whether a message may be a list of texts and images.
    """
    tokens = {
        name: text
        for name in ("bos_token", "eos_token", "unk_token", "pad_token")
        if (text := _token(tokenizer_config.get(name))) is not None
    }
    conversation = Conversation(template=template, tokens=tokens, reads_parts=reads_parts)
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            # Not from the current folder, which is the user's.
            [sys.executable, "-P", "-m", _PROCESS],
            input=msgspec.json.encode(conversation),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Verdict(kind=VerdictKind.ENDLESS, detail=f"more than {_SECONDS} s")
    if done.returncode:
        # Whatever limit it ran into, the template was the only thing that could.
        return Verdict(kind=VerdictKind.ENDLESS, detail="ended by its limits")
    return msgspec.json.decode(done.stdout, type=Verdict)


def _environment() -> dict[str, str]:
    """Return what the process needs: no credentials where a stranger's program runs."""
    kept = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


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


def _token(stated: object) -> str | None:
    """Return a token's text: it is stated as such, or as the `content` of an object."""
    text = stated.get("content") if isinstance(stated, dict) else stated
    return text if isinstance(text, str) else None


def _note(place: str, verdict: Verdict, findings: Findings) -> None:
    rule = _RULES.get(verdict.kind)
    if rule is not None:
        findings.note(rule, place, shown(verdict.detail))
