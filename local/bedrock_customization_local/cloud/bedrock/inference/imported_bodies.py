"""InvokeModel of imported models: the three formats that they all take, told apart by the request.

`messages` make it OpenAI's chat completion; a `prompt` with `max_tokens` or another member of
OpenAI's makes it OpenAI's completion; any other `prompt` is Bedrock's own completion. Prompts are
taken as they are: only chats are written with the model's chat template.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.arns import new_id
from bedrock_customization_local.cloud.bedrock.errors import NotEmulatedError, ValidationError
from bedrock_customization_local.cloud.bedrock.inference.prompts import Prompt
from bedrock_customization_local.cloud.bedrock.inference.tokens import count_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bedrock_customization_local.cloud.bedrock.inference.invocation import (
        Completion,
        Invocation,
        Invoked,
    )

_STOPS = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length"}
_OF_OPENAI = frozenset(
    {"best_of", "echo", "logit_bias", "max_tokens", "model", "n", "stop", "suffix"}
)
_UNSUPPORTED = ("tools", "stream", "response_format", "structured_outputs", "logprobs")
# What answers have without a limit: few tokens, or an answer that nobody ended. Callers say one.
_COMPLETION_TOKENS, _GENERATION_TOKENS = 16, 512


def invoke(invocation: Invocation, invoked: Invoked, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to a body in any of the formats.

    Args:
        invocation: Answers.
        invoked: The imported model.
        body: The request's.

    Raises:
        ValidationError: The body is in none of the formats.
        NotEmulatedError: It asks for what is not emulated.
        KeyError, TypeError: It is malformed.
    """
    for member in _UNSUPPORTED:
        if body.get(member):
            raise NotEmulatedError(f"{member}: the embedded Bedrock does not emulate it")
    if "messages" in body:
        return _chat(invocation, invoked, body)
    if "prompt" not in body:
        raise ValidationError("Malformed input request: it needs prompt or messages.")
    prompt = Prompt(body["prompt"], count_tokens(body["prompt"]))
    if "max_gen_len" not in body and body.keys() & _OF_OPENAI:
        return _completion(invocation, invoked, prompt, body)
    completion = invocation.complete(
        invoked, prompt, max_tokens=body.get("max_gen_len", _GENERATION_TOKENS)
    )
    return {
        "generation": completion.text,
        "prompt_token_count": completion.input_tokens,
        "generation_token_count": completion.output_tokens,
        "stop_reason": _STOPS[completion.stop_reason],
        "logprobs": None,
    }


def _completion(
    invocation: Invocation, invoked: Invoked, prompt: Prompt, body: Mapping[str, Any]
) -> dict[str, Any]:
    completion = invocation.complete(
        invoked,
        prompt,
        max_tokens=body.get("max_tokens", _COMPLETION_TOKENS),
        stop_sequences=_stops(body),
    )
    choice = {"text": completion.text}
    return {
        "id": f"cmpl-{new_id()}",
        "object": "text_completion",
        **_openai(invoked, completion, choice),
    }


def _chat(invocation: Invocation, invoked: Invoked, body: Mapping[str, Any]) -> dict[str, Any]:
    messages = [(str(one["role"]), _text(one["content"])) for one in body["messages"]]
    system = [text for role, text in messages if role == "system"]
    turns = [turn for turn in messages if turn[0] != "system"]
    if not turns:
        raise ValidationError("Malformed input request: messages holds no turn.")
    completion = invocation.complete(
        invoked,
        invoked.prompt(system, turns),
        max_tokens=body.get("max_tokens", body.get("max_completion_tokens")),
        stop_sequences=_stops(body),
    )
    choice = {"message": {"role": "assistant", "content": completion.text}}
    return {
        "id": f"chatcmpl-{new_id()}",
        "object": "chat.completion",
        **_openai(invoked, completion, choice),
    }


def _openai(invoked: Invoked, completion: Completion, choice: Mapping[str, Any]) -> dict[str, Any]:
    end = {"logprobs": None, "finish_reason": _STOPS[completion.stop_reason]}
    return {
        "created": int(time.time()),
        "model": invoked.identifier,
        "choices": [{"index": 0, **choice, **end}],
        "usage": {
            "prompt_tokens": completion.input_tokens,
            "completion_tokens": completion.output_tokens,
            "total_tokens": completion.input_tokens + completion.output_tokens,
        },
    }


def _stops(body: Mapping[str, Any]) -> Sequence[str]:
    stop = body.get("stop") or ()
    return [stop] if isinstance(stop, str) else stop


def _text(content: str | Sequence[Mapping[str, Any]]) -> str:
    if isinstance(content, str):
        return content
    if any(part.get("type") != "text" for part in content):
        raise NotEmulatedError("messages: the embedded Bedrock understands text only")
    return "\n".join(str(part["text"]) for part in content)
