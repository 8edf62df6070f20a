"""For consumers' code: which model to ask now, and how to move traffic to a new one by degrees.

Only the standard library is needed, and the boto3 client of Systems Manager that is passed in.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_ssm import SSMClient

    T = TypeVar("T")

_BUCKETS = 10_000
_GONE = frozenset({"ResourceNotFoundException", "ValidationException"})


class NoLiveModelError(Exception):
    """The alias names nothing: no model was promoted yet, or its time is over."""


@dataclass(frozen=True, slots=True)
class _Targets:
    live: str | None
    previous: str | None
    read: float


class ModelAlias:
    """The model that is live behind an alias, and the one before it.

    A new model may get a part of the traffic first: `live_share` of the keys, always the same ones,
    go to the live model, and the rest to the one before as long as that is there. A key that has
    gone to the live model stays there while the share grows.

    Args:
        ssm: Client of Systems Manager.
        parameter: Name of the alias (`CustomizationPipeline.alias`).
        live_share: Of the keys, in [0, 1], that go to the live model.
        refresh_seconds: The parameters are read again after that.
        fallback: What is asked where the alias names nothing, such as the base model's id. Without
            one, `NoLiveModelError` is raised.
        clock: Counts seconds.

    Raises:
        ValueError: `live_share` is out of range.
    """

    def __init__(
        self,
        ssm: SSMClient,
        parameter: str,
        *,
        live_share: float = 1.0,
        refresh_seconds: float = 60.0,
        fallback: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 0 <= live_share <= 1:
            raise ValueError(
                f"live_share must be a number from 0 to 1, got {live_share!r}: it is a share of "
                "the keys"
            )
        self._ssm, self._parameter = ssm, parameter
        self._live_share, self._refresh_seconds = live_share, refresh_seconds
        self._fallback, self._clock = fallback, clock
        self._lock = threading.Lock()
        self._known: _Targets | None = None

    def model_for(self, key: str) -> str:
        """Return what Converse takes as `modelId` for a key.

        Args:
            key: Of whoever asks, such as a user's id: the same key gets the same model.

        Raises:
            NoLiveModelError: The alias names nothing, and there is no fallback.
        """
        return self._choose(key, self._targets())

    def ask(self, key: str, call: Callable[[str], T]) -> T:
        """Ask the model of a key; if it is gone, read the alias again and ask once more.

        A deployment that was removed since the alias was read last is thus no error.

        Args:
            key: As of `model_for`.
            call: Asks a model by its `modelId`, and returns what it answers. Errors of boto3 must
                come through.

        Returns:
            What `call` returned.

        Raises:
            NoLiveModelError: As of `model_for`.
            Exception: What `call` raised, unless another model took its place.
        """
        model = self.model_for(key)
        try:
            return call(model)
        except Exception as error:
            if _code_of(error) not in _GONE:
                raise
            targets = self._targets(afresh=True)
            # Of the two, one may be gone: then its keys go to the other.
            others = (self._choose(key, targets), targets.live, targets.previous)
            instead = next((other for other in others if other not in {model, None}), None)
            if instead is None:
                raise
        return call(instead)

    def _choose(self, key: str, targets: _Targets) -> str:
        if targets.live is None:
            if self._fallback is None:
                raise NoLiveModelError(
                    f"{self._parameter} names no model: promote one, or give a fallback"
                )
            return self._fallback
        if targets.previous is None or _position(key) < self._live_share:
            return targets.live
        return targets.previous

    def _targets(self, *, afresh: bool = False) -> _Targets:
        with self._lock:
            known, now = self._known, self._clock()
            if known is None or afresh or now - known.read >= self._refresh_seconds:
                names = [self._parameter, f"{self._parameter}/previous"]
                found = self._ssm.get_parameters(Names=names)["Parameters"]
                values = {one["Name"]: one["Value"] for one in found}
                known = _Targets(values.get(names[0]), values.get(names[1]), now)
                self._known = known
            return known


def _position(key: str) -> float:
    """Return where a key stands in [0, 1): always there, and evenly among other keys."""
    return int.from_bytes(sha256(key.encode()).digest()[:8]) % _BUCKETS / _BUCKETS


def _code_of(error: Exception) -> str | None:
    """Return the code of an error of boto3; None of others."""
    response = getattr(error, "response", None)
    return response.get("Error", {}).get("Code") if isinstance(response, dict) else None
