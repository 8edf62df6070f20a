"""The data plane: Converse, and InvokeModel in each provider's own words.

Those of imported models are in `imported_bodies`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bedrock_customization_local.cloud.bedrock.arns import new_id
from bedrock_customization_local.cloud.bedrock.errors import NotEmulatedError, ValidationError
from bedrock_customization_local.cloud.bedrock.inference import imported_bodies
from bedrock_customization_local.cloud.bedrock.inference.prompts import (
    Prompt,
    prompt_of,
    read_llama_prompt,
)
from bedrock_customization_local.cloud.bedrock.inference.tokens import count_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bedrock_customization_local.cloud.bedrock.inference.invocation import (
        Completion,
        Invocation,
        Invoked,
    )

_CONTENT_TYPE = "application/json"
_LLAMA_STOPS = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length"}
_TITAN_STOPS = {
    "end_turn": "FINISH",
    "stop_sequence": "STOP_CRITERIA_MET",
    "max_tokens": "LENGTH",
}


class Runtime:
    """The data plane."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation

    def converse(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Converse."""
        unsupported = {"toolConfig", "guardrailConfig"} & parameters.keys()
        if unsupported:
            raise NotEmulatedError(f"{unsupported.pop()}: the embedded Bedrock does not emulate it")
        config = parameters.get("inferenceConfig", {})
        invoked = self._invocation.resolve(parameters["modelId"])
        if invoked.imported is not None and not invoked.imported.instruct_supported:
            raise ValidationError(
                "The model does not support Converse: its instructSupported is false. Use "
                "InvokeModel."
            )
        conversation = _conversation(parameters.get("system", []), parameters.get("messages", []))
        completion = self._invocation.complete(
            invoked,
            invoked.prompt(*conversation),
            max_tokens=config.get("maxTokens"),
            stop_sequences=config.get("stopSequences", ()),
        )
        return {**_converse_reply(completion), "metrics": {"latencyMs": completion.latency_ms}}

    def invoke_model(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """InvokeModel; the body is the provider's own."""
        invoked = self._invocation.resolve(parameters["modelId"])
        try:
            body = json.loads(parameters.get("body", b""))
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise ValidationError(
                "Malformed input request, please reformat your input and try again."
            )
        try:
            reply = self._reply(invoked, body)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValidationError(
                f"Malformed input request: {error!s}, please reformat your input and try again."
            ) from error
        return {"body": json.dumps(reply).encode(), "contentType": _CONTENT_TYPE}

    def _reply(self, invoked: Invoked, body: dict[str, Any]) -> dict[str, Any]:
        if invoked.base is None:
            return imported_bodies.invoke(self._invocation, invoked, body)
        provider, _, model = invoked.base.id.partition(".")
        family = "titan" if model.startswith("titan") else provider
        if family not in _BODIES:
            raise NotEmulatedError(
                f"modelId: bodies of {provider} models are not emulated; use Converse"
            )
        return _BODIES[family](self._invocation, invoked, body)


def _conversation(
    system: list[dict[str, Any]], messages: list[dict[str, Any]]
) -> tuple[list[str], list[tuple[str, str]]]:
    """Return system prompts, and role and text of each turn."""
    if not messages or messages[0]["role"] != "user" or messages[-1]["role"] != "user":
        raise ValidationError("A conversation must start and end with a user message.")
    return (
        [_text(block, "system") for block in system if "cachePoint" not in block],
        [
            (
                message["role"],
                "\n".join(
                    _text(block, "messages")
                    for block in message["content"]
                    if "cachePoint" not in block
                ),
            )
            for message in messages
        ],
    )


def _text(block: dict[str, Any], member: str) -> str:
    if "text" not in block:
        raise NotEmulatedError(
            f"{member}: the embedded Bedrock understands text only, not {list(block)}"
        )
    text: str = block["text"]
    return text


def _converse_reply(completion: Completion) -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": completion.text}]}},
        "stopReason": completion.stop_reason,
        "usage": {
            "inputTokens": completion.input_tokens,
            "outputTokens": completion.output_tokens,
            "totalTokens": completion.input_tokens + completion.output_tokens,
        },
    }


def _nova(invocation: Invocation, invoked: Invoked, body: dict[str, Any]) -> dict[str, Any]:
    config = body.get("inferenceConfig", {})
    completion = invocation.complete(
        invoked,
        prompt_of(*_conversation(body.get("system", []), body["messages"])),
        max_tokens=config.get("maxTokens", config.get("max_new_tokens")),
        stop_sequences=config.get("stopSequences", ()),
    )
    return _converse_reply(completion)


def _titan(invocation: Invocation, invoked: Invoked, body: dict[str, Any]) -> dict[str, Any]:
    config = body.get("textGenerationConfig", {})
    completion = invocation.complete(
        invoked,
        Prompt(body["inputText"], count_tokens(body["inputText"])),
        max_tokens=config.get("maxTokenCount"),
        stop_sequences=config.get("stopSequences", ()),
    )
    result = {
        "tokenCount": completion.output_tokens,
        "outputText": completion.text,
        "completionReason": _TITAN_STOPS[completion.stop_reason],
    }
    return {"inputTextTokenCount": completion.input_tokens, "results": [result]}


def _anthropic(invocation: Invocation, invoked: Invoked, body: dict[str, Any]) -> dict[str, Any]:
    system = body.get("system", [])
    messages = [
        {"role": message["role"], "content": _blocks(message["content"])}
        for message in body["messages"]
    ]
    completion = invocation.complete(
        invoked,
        prompt_of(*_conversation(_blocks(system), messages)),
        max_tokens=body["max_tokens"],
        stop_sequences=body.get("stop_sequences", ()),
    )
    return {
        "id": f"msg_bdrk_{new_id()}",
        "type": "message",
        "role": "assistant",
        "model": invoked.identifier,
        "content": [{"type": "text", "text": completion.text}],
        "stop_reason": completion.stop_reason,
        "stop_sequence": completion.stop_sequence,
        "usage": {
            "input_tokens": completion.input_tokens,
            "output_tokens": completion.output_tokens,
        },
    }


def _blocks(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"text": content}] if isinstance(content, str) else content


def _meta(invocation: Invocation, invoked: Invoked, body: dict[str, Any]) -> dict[str, Any]:
    prompt = read_llama_prompt(body["prompt"])
    completion = invocation.complete(
        invoked,
        Prompt(prompt, count_tokens(prompt)),
        max_tokens=body.get("max_gen_len"),
    )
    return {
        "generation": completion.text,
        "prompt_token_count": completion.input_tokens,
        "generation_token_count": completion.output_tokens,
        "stop_reason": _LLAMA_STOPS[completion.stop_reason],
    }


_BODIES: dict[str, Callable[[Invocation, Invoked, dict[str, Any]], dict[str, Any]]] = {
    "amazon": _nova,
    "titan": _titan,
    "anthropic": _anthropic,
    "meta": _meta,
}
