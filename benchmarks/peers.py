"""What other tools do with the same files, each in an environment of its own.

`data_engine.py` runs this file as `uv run --no-project --with <the peer> python peers.py <peer>
<file> <result>`. The result is JSON: processor seconds after the imports, the peak of memory in MB,
and for a search for near-copies the records that it would keep.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datasketch import MinHash


def questions(path: Path) -> list[str]:
    """Return the question of each record."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line)["messages"][0]["content"][0]["text"] for line in file]


def shingles(text: str) -> set[str]:
    """Return a text's runs of five words."""
    words = text.lower().split()
    return {" ".join(words[start : start + 5]) for start in range(len(words) - 4)}


def datasketch(path: Path, _: Path) -> list[int]:
    """Keep a record that is no candidate of an earlier one, as the README shows it."""
    return _kept_by_datasketch(path, _updated_one_by_one)


def datasketch_batch(path: Path, _: Path) -> list[int]:
    """The same with a batch of hashes for each record, its faster way."""
    return _kept_by_datasketch(path, lambda signature, parts: signature.update_batch(parts))


def _updated_one_by_one(signature: MinHash, parts: list[bytes]) -> None:
    for part in parts:
        signature.update(part)


def _kept_by_datasketch(path: Path, update: Callable[[MinHash, list[bytes]], None]) -> list[int]:
    from datasketch import MinHash, MinHashLSH  # noqa: PLC0415 - each peer is alone

    index = MinHashLSH(threshold=0.7, num_perm=128)
    kept = []
    for number, text in enumerate(questions(path)):
        signature = MinHash(num_perm=128)
        update(signature, [shingle.encode() for shingle in shingles(text)])
        if not index.query(signature):
            kept.append(number)
        index.insert(number, signature)
    return kept


def rensa(path: Path, _: Path) -> list[int]:
    """Keep a record that is no candidate of an earlier one."""
    from rensa import RMinHash, RMinHashLSH  # noqa: PLC0415

    index = RMinHashLSH(threshold=0.7, num_perm=128, num_bands=16)
    kept = []
    for number, text in enumerate(questions(path)):
        signature = RMinHash(num_perm=128, seed=1)
        signature.update(list(shingles(text)))
        if not index.query(signature):
            kept.append(number)
        index.insert(number, signature)
    return kept


def datatrove(path: Path, folder: Path) -> list[int]:
    """Run its four steps as its example does."""
    from datatrove.executor import LocalPipelineExecutor  # noqa: PLC0415
    from datatrove.pipeline.dedup.minhash import (  # noqa: PLC0415
        MinhashConfig,
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.readers import JsonlReader  # noqa: PLC0415
    from datatrove.pipeline.writers.jsonl import JsonlWriter  # noqa: PLC0415

    source = folder / "source"
    source.mkdir()
    with (source / "texts.jsonl").open("w", encoding="utf-8") as file:
        for number, text in enumerate(questions(path)):
            file.write(json.dumps({"id": str(number), "text": text}) + "\n")
    config = MinhashConfig()
    signatures, buckets, removed, out = (
        str(folder / name) for name in ("signatures", "buckets", "removed", "out")
    )
    reader = JsonlReader(str(source))
    steps = (
        ([reader, MinhashDedupSignature(signatures, config)], 1),
        ([MinhashDedupBuckets(signatures, buckets, config=config)], config.num_buckets),
        ([MinhashDedupCluster(buckets, removed, config)], 1),
        ([reader, MinhashDedupFilter(removed), JsonlWriter(out, compression=None)], 1),
    )
    for number, (steps_of_one, tasks) in enumerate(steps):
        LocalPipelineExecutor(
            pipeline=steps_of_one,
            tasks=tasks,
            workers=1,
            logging_dir=str(folder / "logs" / str(number)),
        ).run()
    return [
        int(json.loads(line)["id"])
        for part in Path(out).iterdir()
        for line in part.read_text(encoding="utf-8").splitlines()
    ]


def text_dedup(path: Path, folder: Path) -> list[int]:
    """Run its MinHash as its command line does."""
    import datasets  # noqa: PLC0415
    from text_dedup import minhash  # noqa: PLC0415

    rows = [{"id": number, "text": text} for number, text in enumerate(questions(path))]
    source, out = str(folder / "source"), str(folder / "out")
    datasets.Dataset.from_list(rows).save_to_disk(source)
    minhash.main.main(
        f"--path {source} --local --output {out} --column text --num_perm 128 --threshold 0.7 "
        f"--ngram 5 --num_proc 1".split(),
        standalone_mode=False,
    )
    return list(datasets.load_from_disk(out)["id"])


def nova_forge(path: Path, _: Path) -> None:
    """Validate as the Nova Forge SDK's loader does for supervised fine-tuning."""
    from amzn_nova_forge.core.enums import Model  # noqa: PLC0415
    from amzn_nova_forge.dataset.dataset_validator.sft_dataset_validator import (  # noqa: PLC0415
        SFTDatasetValidator,
    )

    with path.open(encoding="utf-8") as file:
        SFTDatasetValidator().validate(
            (json.loads(line) for line in file), Model.NOVA_MICRO, region="us-east-1"
        )


def jsonschema(path: Path, _: Path) -> None:
    """Validate each record against a schema, which is how AWS's samples for Llama go about it."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    text = {
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "properties": {"text": {"type": "string", "minLength": 1}},
            "required": ["text"],
            "additionalProperties": False,
        },
    }
    message = {
        "type": "object",
        "properties": {"role": {"enum": ["user", "assistant"]}, "content": text},
        "required": ["role", "content"],
        "additionalProperties": False,
    }
    validator = Draft202012Validator(
        {
            "type": "object",
            "properties": {
                "schemaVersion": {"const": "bedrock-conversation-2024"},
                "system": text,
                "messages": {"type": "array", "minItems": 2, "items": message},
            },
            "required": ["schemaVersion", "messages"],
            "additionalProperties": False,
        }
    )
    for row in _rows(path):
        if not validator.is_valid(row):
            raise SystemExit("the generator writes records that are not valid")


def _rows(path: Path) -> Iterator[object]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


PEERS: dict[str, Callable[[Path, Path], list[int] | None]] = {
    "datasketch": datasketch,
    "datasketch_batch": datasketch_batch,
    "rensa": rensa,
    "datatrove": datatrove,
    "text_dedup": text_dedup,
    "nova_forge": nova_forge,
    "jsonschema": jsonschema,
}


def main() -> None:
    """Run one peer on one file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=list(PEERS))
    parser.add_argument("file", type=Path)
    parser.add_argument("result", type=Path)
    given = parser.parse_args()
    run = PEERS[given.peer]
    with tempfile.TemporaryDirectory() as folder:
        # Imports are not measured: a few records first.
        warm = Path(folder, "warm.jsonl")
        with given.file.open("rb") as file:
            warm.write_bytes(b"".join(next(file, b"") for _ in range(20)))
        for name, path in (("warm", warm), ("measured", given.file)):
            workspace = Path(folder, name)
            workspace.mkdir()
            began = _seconds()
            kept = run(path, workspace)
            seconds = _seconds() - began
    memory = max(
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    given.result.write_text(json.dumps({"seconds": seconds, "memory": memory, "kept": kept}))


def _seconds() -> float:
    """Return the processor time of this process and of those it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    sys.exit(main())
