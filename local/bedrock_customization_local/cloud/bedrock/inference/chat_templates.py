"""Conversations written with the chat template of an imported model's tokenizer."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bedrock_customization_local.cloud.bedrock.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Template


def render(template: str, system: Sequence[str], turns: Sequence[tuple[str, str]]) -> str:
    """Return a conversation as the text before the next answer.

    Args:
        template: As the tokenizer's configuration holds it.
        system: System prompts.
        turns: Role and text of each turn, the last one the user's.

    Raises:
        ValidationError: The template cannot write it.
    """
    messages = [("system", "\n\n".join(system))] if system else []
    try:
        return _compiled(template).render(
            messages=[{"role": role, "content": text} for role, text in [*messages, *turns]],
            add_generation_prompt=True,
            bos_token="",
            eos_token="",
        )
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise ValidationError(
            f"The model's chat template failed ({type(error).__name__})."
        ) from error


@lru_cache(maxsize=64)
def _compiled(template: str) -> Template:
    # As transformers sets it up; templates are written for that.
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = _raise
    return environment.from_string(template)


def _raise(message: str) -> NoReturn:
    raise TemplateError(message)
