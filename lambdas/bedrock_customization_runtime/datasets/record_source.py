"""What the split must be able to ask of examined records, wherever they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from bedrock_customization_runtime.datasets.checking.findings import Findings
    from bedrock_customization_runtime.datasets.index import Columns
    from bedrock_customization_runtime.datasets.settings import Settings
    from bedrock_customization_runtime.datasets.splitting import Side


class RecordSource(Protocol):
    """What the first pass found: on a disk (`Examined`), or in shards (`ExaminedShards`).

    Attributes:
        settings: What it was examined by.
        read: Records read, rejected ones included; blank lines and a CSV header are none.
        findings: By rule; the split adds those about the whole data set.
        personal_data: Records by what kind of personal data or secret they hold.
        accepted: Records that can be used, copies included.
        rejected: Records that cannot.
        omitted: Records that are no training data, which is no fault of theirs.
    """

    settings: Settings
    read: int
    findings: Findings
    personal_data: Counter[str]
    accepted: int
    rejected: int
    omitted: int

    def columns(self) -> Columns:
        """Return the index of the accepted records, in the order of the source."""

    def labels(self) -> dict[int, str] | None:
        """Return the answers by key if they are labels: few, short, each given again and again."""

    def bytes_of(self, side: Side, rows: NDArray[np.intp]) -> int:
        """Return how many bytes the lines of `lines_of` have together."""

    def lines_of(self, side: Side, rows: NDArray[np.intp]) -> Iterator[bytes]:
        """Yield the lines of some accepted records as that side holds them, with line feeds.

        Args:
            side: The side that the records are on.
            rows: Their numbers in the index.
        """
