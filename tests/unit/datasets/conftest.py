"""The engine behind one call: bytes and settings in, everything it said and wrote out."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bedrock_customization_runtime import catalog
from bedrock_customization_runtime.catalog import MethodRules, SetLimits
from bedrock_customization_runtime.datasets.checking.privacy import Privacy
from bedrock_customization_runtime.datasets.examination import examine
from bedrock_customization_runtime.datasets.preparation import divide
from bedrock_customization_runtime.datasets.settings import Settings
from bedrock_customization_runtime.datasets.splitting import Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bedrock_customization_runtime.datasets.checking.findings import Finding

# Tests are no package: what stands beside them and is no test is made importable by its name.
for name in ("planted_records", "planted_defects", "odd_records"):
    spec = spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])

NOVA_MICRO = "amazon.nova-micro-v1:0:128k"


@dataclass(frozen=True)
class Judged:
    """What the first pass said."""

    read: int
    accepted: list[dict]
    rejected: list[dict]
    findings: dict[str, Finding]

    @property
    def verdicts(self) -> dict[int, str]:
        """The rule that rejected each line."""
        return {row["line"]: row["rule"] for row in self.rejected}


@dataclass(frozen=True)
class Prepared:
    """What both passes made."""

    files: dict[str, bytes]
    findings: dict[str, Finding]
    duplicates: int
    estimated_tokens: int
    label_counts: dict[str, int]

    def records(self, side: str) -> list[dict]:
        return [json.loads(line) for line in self.files[side].splitlines()]


def method_of(model: str) -> MethodRules:
    return catalog.base_model(model).methods[catalog.Method.FINE_TUNING]


def without_minimum(method: MethodRules) -> MethodRules:
    """The model's rules, as if it took the smallest data sets."""
    return replace(
        method,
        train=replace(method.train, min_records=None),
        total=replace(method.total, min_records=None),
        validation=method.validation and SetLimits(),
        advised_records=None,
    )


@pytest.fixture
def settings() -> Callable[..., Settings]:
    def make(
        *,
        template: dict | None = None,
        model: str = NOVA_MICRO,
        small: bool = True,
        validation: float = 0.2,
        test: float = 0.2,
        seed: int = 1,
        max_rejected: float = 1.0,
        privacy: Privacy = Privacy.FLAG,
    ) -> Settings:
        method = method_of(model)
        return Settings(
            base_model=model,
            method=without_minimum(method) if small else method,
            template=template,
            split={"validation": validation, "test": test, "seed": seed},
            max_rejected=max_rejected,
            privacy=privacy,
        )

    return make


@pytest.fixture
def judge(settings: Callable[..., Settings]) -> Callable[..., Judged]:
    def run(source: bytes | Iterable[bytes], **given: object) -> Judged:
        chunks = [source] if isinstance(source, bytes) else source
        with examine(chunks, settings(**given)) as examined:
            records = [examined.record(index) for index in range(examined.accepted)]
            return Judged(
                read=examined.read,
                accepted=[
                    {
                        "system": record.system,
                        "texts": [message.text for message in record.messages],
                    }
                    for record in records
                ],
                rejected=[json.loads(line) for line in examined.rejected_lines()],
                findings={found.rule.id: found for found in examined.findings.all()},
            )

    return run


@pytest.fixture
def prepare(settings: Callable[..., Settings]) -> Callable[..., Prepared]:
    def run(source: bytes, **given: object) -> Prepared:
        with examine([source], settings(**given)) as examined:
            prepared = divide(examined)
            return Prepared(
                files={side.name.lower(): b"".join(prepared.lines(side)) for side in Side},
                findings={found.rule.id: found for found in examined.findings.all()},
                duplicates=prepared.duplicates,
                estimated_tokens=prepared.estimated_tokens,
                label_counts=prepared.label_counts,
            )

    return run


@pytest.fixture
def pairs() -> Callable[[int], bytes]:
    """Make so many different prompt/completion lines."""

    def make(count: int, *, start: int = 0) -> bytes:
        words = ("amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath")
        lines = []
        for number in range(start, start + count):
            name = "".join(words[(number // 8**place) % 8] for place in range(5))
            lines.append(json.dumps({"prompt": f"ask {name}", "completion": f"say {name}"}))
        return "".join(f"{line}\n" for line in lines).encode()

    return make


@pytest.fixture
def advising() -> bytes:
    return (Path(__file__).parent / "data" / "advising_excerpt.jsonl").read_bytes()
