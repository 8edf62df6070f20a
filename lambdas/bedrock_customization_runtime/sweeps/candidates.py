"""The records of a run's candidates in S3, one file each, from the proposal on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bedrock_customization_runtime.customization.diagnosis import Verdict
from bedrock_customization_runtime.manifest import SweepCandidate
from bedrock_customization_runtime.s3 import objects
from bedrock_customization_runtime.sweeps.search import Tried

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3 import S3Client

    from bedrock_customization_runtime import catalog
    from bedrock_customization_runtime.contract import Run


def read_all(s3: S3Client, run: Run) -> list[SweepCandidate]:
    """Return the run's candidates in their order."""
    found: list[SweepCandidate] = []
    while (one := read(s3, run, len(found) + 1)) is not None:
        found.append(one)
    return found


def read(s3: S3Client, run: Run, number: int) -> SweepCandidate | None:
    """Return a candidate by its number, None if there is none."""
    version = objects.read_version(s3, _uri(run, number))
    return None if version is None else msgspec.json.decode(version.body, type=SweepCandidate)


def write(s3: S3Client, run: Run, candidate: SweepCandidate) -> None:
    """Write a candidate over what was known of it."""
    objects.write(
        s3, _uri(run, candidate.number), msgspec.json.encode(candidate), "application/json"
    )


def has_diverged(one: SweepCandidate) -> bool:
    """Return whether a candidate's losses say that its training diverged."""
    return one.diagnosis is not None and Verdict(one.diagnosis.verdict) is Verdict.DIVERGED


def tried(known: Sequence[SweepCandidate]) -> list[Tried]:
    """Return candidates as the search looks at them."""
    return [
        Tried(
            round=one.round,
            hyperparameters=one.hyperparameters,
            loss=one.validation_loss if one.status == "completed" else None,
            verdict=Verdict(one.diagnosis.verdict) if one.diagnosis else None,
        )
        for one in known
    ]


def integers(model: catalog.BaseModel, method: catalog.Method) -> set[str]:
    """Return the names of the hyperparameters that are whole numbers."""
    known = model.methods[method].hyperparameters
    return {name for name, one in known.items() if one.type == "int"}


def _uri(run: Run, number: int) -> str:
    return f"{run['artifacts']}/customization/candidates/{number:03d}.json"
