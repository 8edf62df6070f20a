"""Planted defects and odd but valid records, over every record format: what each must be called.

Each entry is (base model and method, line, rule, JSON path or None where there is but one place).
"""

from __future__ import annotations

import json
from typing import Any

NOVA = "amazon.nova-micro-v1:0:128k FINE_TUNING"
NOVA_MEDIA = "amazon.nova-lite-v1:0:300k FINE_TUNING"
NOVA_2 = "amazon.nova-2-lite-v1:0:256k FINE_TUNING"
GRADED = "amazon.nova-2-lite-v1:0:256k REINFORCEMENT_FINE_TUNING"
LLAMA = "meta.llama3-1-8b-instruct-v1:0:128k FINE_TUNING"
LLAMA_33 = "meta.llama3-3-70b-instruct-v1:0:128k FINE_TUNING"
LLAMA_VISION = "meta.llama3-2-11b-instruct-v1:0:128k FINE_TUNING"
CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0:200k FINE_TUNING"
PRETRAINING = "amazon.titan-text-express-v1:0:8k CONTINUED_PRE_TRAINING"
DISTILLED = "amazon.nova-micro-v1:0:128k DISTILLATION"
CAPTIONS = "amazon.titan-image-generator-v2:0 FINE_TUNING"

QUESTION, ANSWER = "What is the way to the station?", "Straight on and then left."
AWS_KEY = "AKIA" + "IOSFODNN7" + "EXAMPLE"  # Amazon's own, of its documents


def text(value: object) -> list[dict]:
    return [{"text": value}]


def turns(*contents: object) -> list[dict]:
    return [
        {"role": "assistant" if index % 2 else "user", "content": content}
        for index, content in enumerate(contents)
    ]


def line(row: object) -> bytes:
    return json.dumps(row).encode()


def converse(*contents: object, **more: object) -> bytes:
    contents = contents or (text(QUESTION), text(ANSWER))
    return line(
        {"schemaVersion": "bedrock-conversation-2024", "messages": turns(*contents), **more}
    )


def asked(question: object, answer: object = ANSWER) -> bytes:
    return converse(text(question), text(answer))


def answered(answer: object) -> bytes:
    return asked(QUESTION, answer)


def pair(prompt: object = QUESTION, completion: object = ANSWER, **more: object) -> bytes:
    return line({"prompt": prompt, "completion": completion, **more})


def claude(*contents: object, **more: object) -> bytes:
    return line({"messages": turns(*(contents or (QUESTION, ANSWER))), **more})


def graded(*contents: object, **more: object) -> bytes:
    return line({"messages": turns(*(contents or (QUESTION,))), "reference_answer": "4", **more})


def media(kind: str = "image", uri: object = "s3://data/a/b.png", **more: object) -> dict:
    form = {"image": "png", "video": "mp4", "document": "pdf"}[kind]
    return {kind: {"format": form, "source": {"s3Location": {"uri": uri}}, **more}}


def shown(*blocks: dict) -> bytes:
    return converse([*blocks, {"text": QUESTION}], text(ANSWER))


def log(**more: object) -> bytes:
    row: dict[str, Any] = {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "modelId": "amazon.nova-pro-v1:0",
        "requestId": "1",
        "input": {
            "inputBodyJson": {
                "system": [{"text": "Be brief."}],
                "messages": [{"role": "user", "content": text(QUESTION)}],
            }
        },
        "output": {
            "outputBodyJson": {
                "output": {"message": {"role": "assistant", "content": text(ANSWER)}}
            }
        },
    }
    return line(row | more)


def log_asked(body: object) -> bytes:
    return log(input={"inputBodyJson": body})


def log_answered(body: object) -> bytes:
    return log(output={"outputBodyJson": body})


TOOLS = {"tools": [{"toolSpec": {"name": "route", "inputSchema": {"json": {"type": "object"}}}}]}
USE = {"toolUse": {"toolUseId": "t1", "name": "route", "input": {"to": "station"}}}
RESULT = {"toolResult": {"toolUseId": "t1", "content": [{"text": "left"}]}}


def tools(*contents: object, config: object = TOOLS) -> bytes:
    return converse(*contents, toolConfig=config)


def use(**more: object) -> dict:
    return {"toolUse": USE["toolUse"] | more}


def result(**more: object) -> dict:
    return {"toolResult": RESULT["toolResult"] | more}


Q, A = text(QUESTION), text(ANSWER)
REASONED = {"reasoningContent": {"reasoningText": {"text": "The map says so."}}}
SYSTEM = text("Be brief.")

GOOD: dict[str, bytes] = {
    NOVA: converse(),
    NOVA_MEDIA: shown(media()),
    NOVA_2: tools(Q, [USE], [RESULT], A),
    GRADED: graded(),
    LLAMA: pair(),
    LLAMA_33: converse(system=SYSTEM),
    LLAMA_VISION: shown(media(), media()),
    CLAUDE: claude(system="Be brief."),
    PRETRAINING: line({"input": "A text about stations."}),
    DISTILLED: converse(Q, system=SYSTEM),
    CAPTIONS: line({"image-ref": "s3://data/a/b.png", "caption": "A station."}),
}

REJECTED: list[tuple[str, bytes, str, str | None]] = [
    # Lines that are no JSON object that all readers understand alike.
    (NOVA, b"hello", "json-malformed", None),
    (LLAMA, b'{"prompt":"what","compl', "json-cut", None),
    (LLAMA, b'{"prompt":"what"', "json-cut", None),
    (LLAMA, pair() + b" " + pair(), "json-two-values", None),
    (NOVA, converse() + converse(), "json-two-values", None),
    (NOVA, b'["what","this"]', "json-not-object", None),
    (NOVA, b'"what"', "json-not-object", None),
    (NOVA, b"17", "json-not-object", None),
    (LLAMA, b"{'prompt':'what','completion':'this'}", "json-malformed", None),
    (LLAMA, b'{"prompt":"what","completion":"this",}', "json-malformed", None),
    (LLAMA, b'{"prompt":"what","completion":NaN}', "json-number", None),
    (LLAMA, b'{"prompt":"what","completion":Infinity}', "json-number", None),
    (GRADED, graded()[:-1] + b',"n":1e999}', "json-number", None),
    (GRADED, graded()[:-1] + b',"n":' + b"9" * 5000 + b"}", "json-number", None),
    (LLAMA, b'{"prompt":"a","prompt":"b","completion":"c"}', "json-duplicate-key", None),
    (NOVA, converse()[:-1] + b',"messages":[]}', "json-duplicate-key", None),
    (
        NOVA,
        converse().replace(b'"role": "user"', b'"role": "user", "role": "user"'),
        "json-duplicate-key",
        None,
    ),
    (
        NOVA,
        converse().replace(b'"role": "user"', b'"role": "user", "r\\u006fle": "user"'),
        "json-duplicate-key",
        None,
    ),
    (
        NOVA,
        asked('"').replace(b'"role": "user"', b'"role": "user", "role": "user"'),
        "json-duplicate-key",
        None,
    ),
    (
        NOVA,
        asked('""')
        .replace(b'\\"\\"', b"\\u0022\\u0022")
        .replace(b'"role": "user"', b'"role": "user", "role": "user"'),
        "json-duplicate-key",
        None,
    ),
    (CLAUDE, claude()[:-1] + b',"system":"a","system":"b"}', "json-duplicate-key", None),
    (PRETRAINING, b'{"input":"a","input":"b"}', "json-duplicate-key", None),
    (NOVA, asked("x").replace(b'"x"', b'"\\ud83d"'), "json-lone-surrogate", None),
    (LLAMA, b'{"prompt":"\\udc00 x","completion":"y"}', "json-lone-surrogate", None),
    (NOVA, asked("x").replace(b'"x"', b'"\xed\xa0\x80"'), "invalid-utf-8", None),
    (CLAUDE, claude("x").replace(b'"x"', b'"caf\xe9"'), "invalid-utf-8", None),
    (PRETRAINING, b'{"input":"\xc0\xaf"}', "invalid-utf-8", None),
    (LLAMA, b'{"prompt":"a\x00b","completion":"x"}', "json-malformed", None),
    (NOVA, b"[" * 100_000, "json-too-deep", None),
    (GRADED, graded()[:-1] + b',"n":' + b"[" * 200 + b"]" * 200 + b"}", "json-too-deep", None),
    (NOVA, asked("x" * 1_100_000), "line-too-long", None),
    # Fields.
    (LLAMA, line({"prompt": QUESTION}), "fields-missing", None),
    (LLAMA, line({"Prompt": QUESTION, "Completion": ANSWER}), "fields-missing", None),
    (NOVA, line({}), "fields-missing", None),
    (NOVA, line({"text": QUESTION}), "fields-missing", None),
    (LLAMA, pair(id=7), "field-unknown", "$"),
    (NOVA, converse(id=7), "field-unknown", "$"),
    (CLAUDE, claude(id=7), "field-unknown", "$"),
    (PRETRAINING, line({"input": "a text", "id": 7}), "field-unknown", "$"),
    (
        CAPTIONS,
        line({"image-ref": "s3://data/a.png", "caption": "c", "x": 1}),
        "field-unknown",
        "$",
    ),
    (
        NOVA,
        line({"messages": [turns(Q)[0] | {"id": 1}, turns(Q, A)[1]]}),
        "field-unknown",
        "$.messages[0]",
    ),
    (LLAMA, pair(completion=None), "field-type", "$.completion"),
    (LLAMA, pair(prompt=[QUESTION]), "field-type", "$.prompt"),
    (LLAMA, pair(completion=42), "field-type", "$.completion"),
    (NOVA, line({"schemaVersion": 1, "messages": turns(Q, A)}), "field-type", "$.schemaVersion"),
    (NOVA, line({"messages": "hello"}), "field-type", "$.messages"),
    (NOVA, line({"messages": [7]}), "field-type", "$.messages[0]"),
    (NOVA, converse(Q, "hello"), "field-type", "$.messages[1].content"),
    (NOVA, converse(Q, [7]), "field-type", "$.messages[1].content[0]"),
    (NOVA, answered(7), "field-type", "$.messages[1].content[0].text"),
    (NOVA, answered(None), "field-type", "$.messages[1].content[0].text"),
    (NOVA, converse(system="Be brief."), "field-type", "$.system"),
    (NOVA, converse(system=[7]), "field-type", "$.system[0]"),
    (NOVA, converse(system=text(7)), "field-type", "$.system[0].text"),
    (
        NOVA,
        line({"messages": [{"content": Q}, *turns(Q, A)[1:]]}),
        "field-type",
        "$.messages[0].role",
    ),
    (CLAUDE, claude(QUESTION, 7), "field-type", "$.messages[1].content"),
    (CLAUDE, claude(system=7), "field-type", "$.system"),
    (PRETRAINING, line({"input": None}), "field-type", "$.input"),
    (GRADED, graded(7), "field-type", "$.messages[0].content"),
    (GRADED, graded(tools={}), "field-type", "$.tools"),
    # Turns.
    (NOVA, line({"messages": []}), "role-order", "$.messages"),
    (NOVA, converse(Q), "role-order", "$.messages"),
    (NOVA, converse(Q, A, Q), "role-order", "$.messages"),
    (
        NOVA,
        line({"messages": [{"role": "assistant", "content": A}]}),
        "role-order",
        "$.messages[0].role",
    ),
    (NOVA, line({"messages": [*turns(Q), *turns(Q)]}), "role-order", "$.messages[1].role"),
    (
        NOVA,
        line({"messages": [{"role": "system", "content": Q}, *turns(Q, A)]}),
        "role-order",
        "$.messages[0].role",
    ),
    (NOVA, converse().replace(b"assistant", b"Assistant"), "role-order", "$.messages[1].role"),
    (CLAUDE, claude(QUESTION), "role-order", "$.messages"),
    (
        CLAUDE,
        line({"messages": [{"role": "assistant", "content": "hi"}]}),
        "role-order",
        "$.messages[0].role",
    ),
    (CLAUDE, line({"messages": []}), "role-order", "$.messages"),
    (LLAMA, converse(Q, A, Q, A), "multi-turn", "$.messages"),
    (GRADED, line({"messages": turns(QUESTION)}), "reference-missing", "$"),
    (DISTILLED, converse(Q, A, Q, system=SYSTEM), "single-turn", "$.messages"),
    (DISTILLED, converse(Q), "system-missing", "$.system"),
    (DISTILLED, converse(text("word " * 4_000), system=SYSTEM), "record-too-large", "$"),
    # Texts.
    (LLAMA, pair(completion=""), "empty-turn", "$.completion"),
    (LLAMA, pair(prompt="  \n"), "empty-turn", "$.prompt"),
    (LLAMA, pair(completion="\u200b\u3164"), "empty-turn", "$.completion"),
    (NOVA, answered("\u3164"), "empty-turn", "$.messages[1].content[0].text"),
    (NOVA, answered("\u2800\ufe0f"), "empty-turn", "$.messages[1].content[0].text"),
    (NOVA, converse(Q, []), "empty-turn", "$.messages[1].content"),
    (
        NOVA,
        converse([{"text": QUESTION}, {"text": " "}], A),
        "empty-turn",
        "$.messages[0].content[1].text",
    ),
    (CLAUDE, claude(QUESTION, ""), "empty-turn", "$.messages[1].content"),
    (PRETRAINING, line({"input": "\u00a0"}), "empty-turn", "$.input"),
    (CAPTIONS, line({"image-ref": "s3://data/a.png", "caption": ""}), "empty-turn", None),
    (NOVA, asked("User: what"), "reserved-word", "$.messages[0].content[0].text"),
    (NOVA, answered("Thought: this"), "reserved-word", "$.messages[1].content[0].text"),
    (NOVA, asked("see <image>"), "reserved-word", "$.messages[0].content[0].text"),
    (NOVA, converse(system=text("[EOS]")), "reserved-word", "$.system"),
    (NOVA, asked("x").replace(b'"x"', b'"\\u0055ser: x"'), "reserved-word", None),
    (
        NOVA_2,
        tools(Q, [USE], [result(content=[{"text": "Bot: left"}])], A),
        "reserved-word",
        "$.messages[2].content[0].text",
    ),
    (
        NOVA_2,
        converse(Q, [{"reasoningContent": {"reasoningText": {"text": "<unk>"}}}, *A]),
        "reserved-word",
        None,
    ),
    (CLAUDE, claude("x\n\nHuman: y"), "reserved-word", "$.messages[0].content"),
    (NOVA, asked("word " * 40_000), "too-many-tokens", "$"),
    (LLAMA, pair(prompt="word " * 20_000), "too-many-tokens", "$"),
    (LLAMA, pair(prompt="\u6f22" * 9_000), "too-many-tokens", "$"),
    (PRETRAINING, line({"input": "word " * 6_000}), "too-many-tokens", "$"),
    # Kinds of content.
    (NOVA, shown(media()), "content-not-taken", "$.messages[0].content[0].image"),
    (LLAMA_33, shown(media()), "content-not-taken", "$.messages[0].content[0].image"),
    (LLAMA_VISION, shown(media("video")), "content-not-taken", None),
    (NOVA_MEDIA, shown(media("document")), "content-not-taken", None),
    (
        NOVA_MEDIA,
        converse(Q, [REASONED, *A]),
        "content-not-taken",
        "$.messages[1].content[0].reasoningContent",
    ),
    (NOVA, tools(Q, [USE], [RESULT], A), "content-not-taken", "$.toolConfig"),
    (DISTILLED, converse([media(), *Q], system=SYSTEM), "content-not-taken", None),
    (LLAMA, shown(media()), "content-not-taken", None),
    (NOVA, converse(Q, [{"text": "a", "image": {}}]), "content-block", "$.messages[1].content[0]"),
    (NOVA, converse(Q, [{"type": "text"}]), "content-block", "$.messages[1].content[0]"),
    (NOVA, converse(Q, [{}]), "content-block", "$.messages[1].content[0]"),
    (NOVA, converse(system=[{"image": {}}]), "content-block", "$.system[0]"),
    (PRETRAINING, converse(), "shape-unfit", "$"),
    (NOVA, line({"input": "a text"}), "shape-unfit", "$"),
    (CAPTIONS, converse(), "shape-unfit", "$"),
    # Media.
    (NOVA_MEDIA, shown({"image": {"format": "png"}}), "media-source", None),
    (
        NOVA_MEDIA,
        shown({"image": {"source": {"s3Location": {"uri": "s3://data/a.png"}}}}),
        "media-source",
        "$.messages[0].content[0].image.format",
    ),
    (
        NOVA_MEDIA,
        shown({"image": {"format": "png", "source": {"bytes": "aGk="}}}),
        "media-source",
        None,
    ),
    (NOVA_MEDIA, shown(media(uri=7)), "media-source", None),
    (
        NOVA_MEDIA,
        shown(
            {
                "image": {
                    "format": "png",
                    "source": {"s3Location": {"uri": "s3://data/a.png", "bucketOwner": "me"}},
                }
            }
        ),
        "media-source",
        None,
    ),
    (
        NOVA_MEDIA,
        shown(media(format="bmp")),
        "media-format",
        "$.messages[0].content[0].image.format",
    ),
    (NOVA_MEDIA, shown(media("video", format="avi")), "media-format", None),
    (NOVA_2, shown(media("document", format="docx")), "media-format", None),
    (NOVA_MEDIA, shown(media(uri="https://a/b.png")), "media-uri", None),
    (NOVA_MEDIA, shown(media(uri="s3://data")), "media-uri", None),
    (NOVA_MEDIA, shown(media(uri="s3://data/a b.png")), "media-uri", None),
    (NOVA_MEDIA, shown(media(uri="s3://data/day=1/b.png")), "media-uri", None),
    (NOVA_MEDIA, shown(media(uri="s3://data/a//b.png")), "media-uri", None),
    (NOVA_MEDIA, shown(media(uri="s3://data/\u00e9.png")), "media-uri", None),
    (CAPTIONS, line({"image-ref": "b.png", "caption": "A station."}), "media-uri", None),
    (LLAMA_VISION, shown(media(uri="s3://data/a+b.png")), "media-uri", None),
    (NOVA_MEDIA, shown(media(uri="s3://elsewhere/b.png")), "media-bucket", None),
    (NOVA_MEDIA, shown(*[media()] * 11), "media-count", "$.messages"),
    (NOVA_MEDIA, shown(media("video"), media("video")), "media-count", "$.messages"),
    (NOVA_MEDIA, converse(Q, [media(), *A]), "media-turn", "$.messages[1].content[0].image"),
    (NOVA_MEDIA, shown(media(), media("video")), "media-mixed", "$.messages"),
    (NOVA_MEDIA, shown(media("video")), "media-mixed", "$.messages"),
    # Reasoning and tools.
    (NOVA_2, converse([REASONED, *Q], A), "reasoning", "$.messages[0].content[0].reasoningContent"),
    (NOVA_2, converse(Q, [{"reasoningContent": {"text": "so"}}, *A]), "reasoning", None),
    (
        NOVA_2,
        converse(Q, [{"reasoningContent": {"reasoningText": {"text": " "}}}, *A]),
        "reasoning",
        None,
    ),
    (NOVA_2, tools(Q, A, config={}), "tool-config", "$.toolConfig.tools"),
    (NOVA_2, tools(Q, A, config={"tools": []}), "tool-config", "$.toolConfig.tools"),
    (NOVA_2, tools(Q, A, config={"tools": [{"toolSpec": {"name": "a"}}]}), "tool-config", None),
    (
        NOVA_2,
        tools(Q, A, config={"tools": [{"toolSpec": {"inputSchema": {"json": {}}}}]}),
        "tool-config",
        None,
    ),
    (NOVA_2, tools(Q, A, config={"tools": TOOLS["tools"] * 2}), "tool-config", None),
    (NOVA_2, converse(Q, [USE], [RESULT], A), "tool-use", "$.messages[1].content[0].toolUse.name"),
    (NOVA_2, tools(Q, [use(name="walk")], [RESULT], A), "tool-use", None),
    (
        NOVA_2,
        tools(Q, [use(input="station")], [RESULT], A),
        "tool-use",
        "$.messages[1].content[0].toolUse.input",
    ),
    (NOVA_2, tools([USE], A), "tool-use", "$.messages[0].content[0].toolUse"),
    (NOVA_2, tools(Q, [USE], [result(toolUseId="t2")], A), "tool-result", None),
    (
        NOVA_2,
        tools(Q, [USE], [result(content=[])], A),
        "tool-result",
        "$.messages[2].content[0].toolResult.content",
    ),
    (NOVA_2, tools(Q, [USE, RESULT], [RESULT], A), "tool-result", None),
    (NOVA_2, tools(Q, [USE], Q, A), "tool-unanswered", "$.messages"),
    (NOVA_2, tools(Q, [USE, USE], [RESULT], A), "tool-unanswered", None),
    (NOVA_2, tools(Q, [USE]), "tool-unanswered", "$.messages"),
    # Invocation logs.
    (DISTILLED, log(errorCode="ThrottlingException"), "log-failed", "$.errorCode"),
    (DISTILLED, log(output={}), "log-failed", "$.output.outputBodyJson"),
    (DISTILLED, log(output=None), "log-failed", "$.output.outputBodyJson"),
    (DISTILLED, log(input={"inputBodyS3Path": "s3://data/x"}), "log-outside", None),
    (DISTILLED, log(output={"outputBodyS3Path": "s3://data/x"}), "log-outside", None),
    (DISTILLED, log_asked({"messages": turns(Q, A, Q)}), "log-multi-turn", None),
    (DISTILLED, log_asked({"messages": turns([media(), *Q])}), "log-not-text", None),
    (DISTILLED, log_answered({"content": [{"type": "tool_use"}]}), "log-not-text", None),
    (DISTILLED, log_asked({"inputText": QUESTION}), "log-unknown", None),
    (DISTILLED, log_answered({"results": []}), "log-unknown", None),
    (DISTILLED, log(output={"outputBodyJson": [{"chunk": 1}]}), "log-unknown", None),
]

NOTED: list[tuple[str, bytes, str]] = [
    (NOVA, b"\xef\xbb\xbf" + converse(), "byte-order-mark"),
    (NOVA, b"   ", "blank-line"),
    (NOVA, line({"schemaVersion": "1", "messages": turns(Q, A)}), "schema-version"),
    (LLAMA, pair(completion=" this "), "outer-space"),
    (NOVA, answered("this\n"), "outer-space"),
    (NOVA, answered("this\r\nthat"), "line-ends"),
    (NOVA, answered("this\u2028that"), "line-ends"),
    (NOVA, answered("th\u200bis"), "invisible-characters"),
    (NOVA, answered("th\x07is"), "invisible-characters"),
    (NOVA, answered("th\u00adis"), "invisible-characters"),
    (CLAUDE, claude(QUESTION, "th\x7fis"), "invisible-characters"),
    (NOVA, answered("cafe\u0301"), "unicode-normalization"),
    (NOVA, answered("th\ufffds"), "replacement-character"),
    (NOVA, answered("th\u202eis"), "bidirectional-control"),
    (NOVA, answered("the caf\u00c3\u00a9 is"), "mojibake"),
    (NOVA, answered("don\u00e2\u20ac\u2122t go"), "mojibake"),
    (NOVA, answered("I do not know. " * 40), "repetition"),
    (NOVA, answered("\u54c8" * 300), "repetition"),
    (LLAMA, pair(prompt="[INST] what [/INST]"), "chat-template"),
    (LLAMA, pair(prompt="<|eot_id|> what"), "chat-template"),
    (NOVA, asked(ANSWER), "answer-is-question"),
    (
        NOVA,
        answered(
            "\u041f\u0440\u044f\u043c\u043e \u0438 \u043d\u0430\u043b\u0435\u0432\u043e "
            "\u0434\u043e \u0432\u043e\u043a\u0437\u0430\u043b\u0430"
        ),
        "answer-script",
    ),
    (NOVA, answered("write to jo@example.org"), "personal-data"),
    (NOVA, answered("call +49 30 1234 5678 now"), "personal-data"),
    (NOVA, answered("card 4111 1111 1111 1111 is"), "personal-data"),
    (NOVA, answered("pay to DE89 3704 0044 0532 0130 00"), "personal-data"),
    (NOVA, answered("ssn 536-90-4399"), "personal-data"),
    (NOVA, answered("from 81.2.69.160 on"), "personal-data"),
    (NOVA, asked("x").replace(b'"x"', b'"jo\\u0040example.org asks"'), "personal-data"),
    (NOVA, answered(f"key {AWS_KEY}"), "secret"),
    (NOVA, answered("ghp_" + "a1B2" * 9), "secret"),
    (NOVA, answered("hf_" + "aBcD" * 8 + "eF"), "secret"),
    (NOVA, answered("-----BEGIN RSA PRIVATE KEY-----"), "secret"),
    (NOVA, answered("postgres://root:hunter22@db/x"), "secret"),
    (NOVA, answered("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_def"), "secret"),
]

CLEAN: dict[str, tuple[str, bytes]] = {
    "emoji ZWJ": (NOVA, answered("a family \U0001f468\u200d\U0001f469\u200d\U0001f467")),
    "emoji with tags": (
        NOVA,
        answered("\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f England"),
    ),
    "emoji alone": (NOVA, answered("\U0001f44d")),
    "skin tone": (NOVA, answered("\U0001f44d\U0001f3fd yes")),
    "ZWNJ in Persian": (NOVA, answered("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")),
    "ZWJ in Devanagari": (NOVA, answered("\u0915\u094d\u200d\u0937")),
    "ZWNJ in Malayalam": (NOVA, answered("\u0d28\u0d4d\u200c\u0d2e")),
    "Arabic": (NOVA, answered("\u0645\u0631\u062d\u0628\u0627")),
    "Hebrew": (NOVA, answered("\u05e9\u05dc\u05d5\u05dd")),
    "Thai": (NOVA, answered("\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35")),
    "Chinese": (NOVA, asked("\u8f66\u7ad9\u600e\u4e48\u8d70\uff1f", "\u76f4\u8d70\u3002")),
    "escaped Chinese": (LLAMA, pair("\u8f66\u7ad9\u600e\u4e48\u8d70", "\u76f4\u8d70")),
    "raw Chinese": (
        LLAMA,
        json.dumps(
            {"prompt": "\u8f66\u7ad9", "completion": "\u76f4\u8d70"}, ensure_ascii=False
        ).encode(),
    ),
    "surrogate pair": (LLAMA, b'{"prompt":"\\ud83d\\ude00?","completion":"yes"}'),
    "tabs in code": (NOVA, answered("def f():\n\treturn 1")),
    "code with colons": (NOVA, answered("{'a': [1, 2]}; x[0] < 3")),
    "lower-case role words": (NOVA, answered("the user: you; the assistant: me")),
    "SQL": (NOVA, answered("SELECT \"a\" FROM b WHERE c = 'd';")),
    "JSON answer": (NOVA, answered('{"label": "a", "score": 0.5}')),
    "JSON with repeated keys": (
        NOVA,
        answered(json.dumps([{"id": n, "name": f"item {n}", "price": n * 7} for n in range(9)])),
    ),
    "one-word answer": (NOVA, answered("yes")),
    "one-digit answer": (NOVA, answered("7")),
    "sign as an answer": (NOVA, answered("?")),
    "key order": (
        NOVA,
        (
            b'{"messages":[{"content":[{"text":"a"}],"role":"user"},{"content":'
            b'[{"text":"b"}],"role":"assistant"}],'
            b'"schemaVersion":"bedrock-conversation-2024"}'
        ),
    ),
    "spaces between tokens": (LLAMA, b' { "prompt" : "a" , "completion" : "b" } '),
    "escaped slash": (LLAMA, b'{"prompt":"a\\/b","completion":"c"}'),
    "quotes in text": (LLAMA, pair('say "prompt": "x"', '"":')),
    "backslash at the end": (LLAMA, pair("C:\\", "D:\\")),
    "brackets in text": (LLAMA, pair("[{" * 100, "x")),
    "line feeds": (NOVA, answered("one\ntwo\n\nthree")),
    "two text blocks": (NOVA, converse([{"text": "a"}, {"text": "b"}], A)),
    "two system blocks": (NOVA, converse(system=[{"text": "a"}, {"text": "b"}])),
    "several turns": (NOVA, converse(Q, A, Q, A, Q, A)),
    "ten images": (NOVA_MEDIA, shown(*[media()] * 10)),
    "parallel tools": (
        NOVA_2,
        tools(Q, [USE, use(toolUseId="t2")], [RESULT, result(toolUseId="t2")], A),
    ),
    "reasoning": (NOVA_2, converse(Q, [REASONED, *A])),
    "tool result as JSON": (NOVA_2, tools(Q, [USE], [result(content=[{"json": {"a": 1}}])], A)),
    "graded with extras": (GRADED, graded(difficulty=3, tools=[])),
    "reference as an object": (GRADED, graded(reference_answer={"a": [1]})),
    "graded with a system message": (
        GRADED,
        line(
            {
                "messages": [{"role": "system", "content": "Be brief."}, *turns(QUESTION)],
                "reference_answer": 4,
            }
        ),
    ),
    "golden answer": (DISTILLED, converse(Q, A, system=SYSTEM)),
    "log of Converse": (DISTILLED, log()),
    "log of Claude": (
        DISTILLED,
        log(
            input={"inputBodyJson": {"system": "Be brief.", "messages": turns(QUESTION)}},
            output={"outputBodyJson": {"content": [{"type": "text", "text": ANSWER}]}},
        ),
    ),
    "date and time": (NOVA, answered("2024-01-15 10:30:00, order 20240115103000")),
    "version number": (NOVA, answered("numpy 1.26.4.0 and 10.0.0.1 and 127.0.0.1")),
    "long number": (NOVA, answered("account 1234567890123456, total 1,234,567.89")),
    "handle": (NOVA, answered("ask @alice or use a@b")),
    "ISBN": (NOVA, answered("ISBN 978-3-16-148410-0")),
    "UUID": (NOVA, answered("123e4567-e89b-12d3-a456-426614174000")),
    "Portuguese capitals": (NOVA, answered("N\u00c3O, S\u00c3O PAULO")),
    "HTML": (NOVA, answered("<b>left</b> &amp; <i>right</i>")),
    "formula": (NOVA, answered("=SUM(A1:A9)")),
    "mixed writing": (NOVA, answered("Das hei\u00dft \u2018\u0434\u0430\u2019 auf Russisch.")),
}
