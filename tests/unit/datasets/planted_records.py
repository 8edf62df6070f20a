"""Records of every format to plant defects in, and the media files that they name."""

from __future__ import annotations

import json
import struct
from typing import Any

from bedrock_customization_runtime.datasets.record_formats.media_files import MediaFile

NOVA = "amazon.nova-micro-v1:0:128k FINE_TUNING"
NOVA_MEDIA = "amazon.nova-lite-v1:0:300k FINE_TUNING"
NOVA_VIDEO = "amazon.nova-pro-v1:0:300k FINE_TUNING"
NOVA_2 = "amazon.nova-2-lite-v1:0:256k FINE_TUNING"
GRADED = "amazon.nova-2-lite-v1:0:256k REINFORCEMENT_FINE_TUNING"
LLAMA = "meta.llama3-1-8b-instruct-v1:0:128k FINE_TUNING"
LLAMA_33 = "meta.llama3-3-70b-instruct-v1:0:128k FINE_TUNING"
LLAMA_VISION = "meta.llama3-2-11b-instruct-v1:0:128k FINE_TUNING"
CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0:200k FINE_TUNING"
PRETRAINING = "amazon.titan-text-express-v1:0:8k CONTINUED_PRE_TRAINING"
DISTILLED = "amazon.nova-micro-v1:0:128k DISTILLATION"
DISTILLED_LLAMA = "meta.llama3-1-8b-instruct-v1:0:128k DISTILLATION"
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


def media(kind: str = "image", uri: object = None, **more: object) -> dict:
    form = {"image": "png", "video": "mp4", "document": "pdf"}[kind]
    uri = uri or f"s3://data/a/b.{form}"
    return {kind: {"format": form, "source": {"s3Location": {"uri": uri}}, **more}}


def located(**location: object) -> dict:
    """Return an image whose S3 location is this."""
    return {"image": {"format": "png", "source": {"s3Location": location}}}


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height)


def mp4(seconds: float) -> bytes:
    header = struct.pack(">I4sIIIII", 28, b"mvhd", 0, 0, 0, 600, round(seconds * 600))
    return b"\0\0\0\x10ftypisom\0\0\0\0" + struct.pack(">I4s", 36, b"moov") + header


def webm(seconds: float) -> bytes:
    scale = b"\x2a\xd7\xb1\x83" + (1_000_000).to_bytes(3, "big")
    info = scale + b"\x44\x89\x88" + struct.pack(">d", seconds * 1000)
    segment = b"\x15\x49\xa9\x66" + bytes([0x80 | len(info)]) + info
    header = b"\x42\x82\x84webm"
    return (
        b"\x1a\x45\xdf\xa3"
        + bytes([0x80 | len(header)])
        + header
        # As a stream is recorded: of unknown length.
        + b"\x18\x53\x80\x67\x01"
        + b"\xff" * 7
        + segment
    )


MEGABYTE = 2**20
FILES: dict[str, MediaFile | None] = {
    "s3://data/a/b.png": MediaFile(size=10 * MEGABYTE, head=png(512, 4096)),
    "s3://data/least.png": MediaFile(size=100, head=png(25, 25)),
    "s3://data/widest.png": MediaFile(size=100, head=png(10, 8192)),
    "s3://data/a/b.mp4": MediaFile(size=50 * MEGABYTE, head=mp4(90)),
    "s3://data/b.webm": MediaFile(size=100, head=webm(89)),
    "s3://data/a/b.pdf": MediaFile(size=10 * MEGABYTE, head=b"%PDF-1.7"),
    "s3://data/none.png": None,
    "s3://data/large.png": MediaFile(size=10 * MEGABYTE + 1, head=png(100, 100)),
    "s3://data/large.mp4": MediaFile(size=50 * MEGABYTE + 1, head=mp4(9)),
    "s3://data/large.pdf": MediaFile(size=10 * MEGABYTE + 1, head=b"%PDF-1.7"),
    "s3://data/small.png": MediaFile(size=100, head=png(24, 100)),
    "s3://data/tiny.png": MediaFile(size=100, head=png(10, 9)),
    "s3://data/wide.png": MediaFile(size=100, head=png(8193, 10)),
    "s3://data/jpeg.png": MediaFile(size=100, head=b"\xff\xd8\xff\xe0"),
    "s3://data/text.mp4": MediaFile(size=100, head=b"hello, this is no video"),
    "s3://data/long.mp4": MediaFile(size=100, head=mp4(91)),
    "s3://data/tail.mp4": MediaFile(size=100, head=mp4(9)[:16]),
    "s3://data/cut.png": MediaFile(size=100, head=png(9, 9)[:12]),
    "s3://data/locked.png": MediaFile(),
}


def look(uri: str) -> MediaFile | None:
    """Return what is known of a file; those that are not listed are as good as the first."""
    return FILES.get(uri, FILES["s3://data/a/b.png"])


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


SPEC = {
    "name": "route",
    "description": "The way to a place.",
    "inputSchema": {"json": {"type": "object"}},
}
TOOLS = {"tools": [{"toolSpec": SPEC}]}
USE = {"toolUse": {"toolUseId": "t1", "name": "route", "input": {"to": "station"}}}
RESULT = {"toolResult": {"toolUseId": "t1", "content": [{"text": "left"}]}}


def tools(*contents: object, config: object = TOOLS) -> bytes:
    return converse(*contents, toolConfig=config)


def declared(**more: object) -> bytes:
    """Return a record whose one tool differs from the good one; None leaves a field out."""
    spec = {name: value for name, value in (SPEC | more).items() if value is not None}
    return tools(Q, A, config={"tools": [{"toolSpec": spec}]})


FUNCTION = {
    "name": "route",
    "description": "The way to a place.",
    "parameters": {"type": "object", "properties": {"to": {"type": "string"}}},
}


def functions(*changes: dict, **more: object) -> bytes:
    """Return a graded record whose tools differ from the good one."""
    return graded(
        tools=[{"type": "function", "function": FUNCTION | change} | more for change in changes]
    )


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
    NOVA_VIDEO: shown(media("video")),
    NOVA_2: tools(Q, [USE], [RESULT], A),
    GRADED: graded(),
    LLAMA: pair(),
    LLAMA_33: converse(system=SYSTEM),
    LLAMA_VISION: shown(media(), media()),
    CLAUDE: claude(system="Be brief."),
    PRETRAINING: line({"input": "A text about stations."}),
    DISTILLED: converse(Q, system=SYSTEM),
    DISTILLED_LLAMA: converse(Q, A, system=SYSTEM),
    CAPTIONS: line({"image-ref": "s3://data/a/b.png", "caption": "A station."}),
}
