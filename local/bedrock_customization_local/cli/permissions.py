"""Rights of files that take the place of others: those of any new file, not a temporary one's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def give_usual(path: Path) -> None:
    """Give a file or folder the rights that the user's new ones have."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod((0o777 if path.is_dir() else 0o666) & ~mask)
