"""How every plot is drawn: matplotlib with placeholder colours, written as SVG of the page.

The placeholders become the page's CSS variables, so that one drawing fits light, dark and paper.
"""

from __future__ import annotations

import functools
import html
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Literal, ParamSpec

import matplotlib as mpl
import msgspec
from matplotlib import style
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matplotlib.layout_engine import LayoutEngine

_P = ParamSpec("_P")
_DRAWINGS = 16
"""How many of each sort a process remembers: those of the runs that it is likely to see again."""
_WIDTH = 7.4
INK, MUTED, GRID, FIRST, SECOND, PAPER = (f"#00000{digit}" for digit in range(1, 7))
_VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    FIRST: "var(--first)",
    SECOND: "var(--second)",
    PAPER: "var(--paper)",
}
_STYLE = {
    "axes.edgecolor": GRID,
    "axes.facecolor": "none",
    "axes.labelcolor": MUTED,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.unicode_minus": True,
    "figure.facecolor": "none",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "grid.color": GRID,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "text.color": INK,
    "xtick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.color": GRID,
    "ytick.labelcolor": MUTED,
    "ytick.left": False,
}


@dataclass(frozen=True, slots=True)
class _Given:
    """What is to be drawn, as bytes that are equal for equal drawings, and how."""

    content: bytes
    draw: Callable[[], str] = field(compare=False)


def drawn_once(draw: Callable[_P, str]) -> Callable[_P, str]:
    """Remember what was drawn: the report of a run is written again and again as the run goes on.

    Args:
        draw: Draws what it is given, which msgspec can encode, and looks at nothing else.
    """

    @functools.lru_cache(maxsize=_DRAWINGS)
    def drawn(given: _Given) -> str:
        return given.draw()

    @functools.wraps(draw)
    def remembered(*args: _P.args, **kwargs: _P.kwargs) -> str:
        return drawn(_Given(msgspec.json.encode((args, kwargs)), lambda: draw(*args, **kwargs)))

    return remembered


@contextmanager
def canvas(
    height: float, layout: LayoutEngine | Literal["constrained"] = "constrained"
) -> Iterator[Figure]:
    """Give an empty figure as wide as the page, in the page's style and no one else's.

    Args:
        height: In inches.
        layout: Of matplotlib.
    """
    with style.context(["default", _STYLE]):
        yield Figure(figsize=(_WIDTH, height), layout=layout)


def svg(figure: Figure, name: str, title: str, description: str) -> str:
    """Return a figure as SVG for the page: the same bytes for the same figure.

    Args:
        figure: Made by `canvas`, whose texts are ours alone.
        name: That no other plot of a page has.
        title: For those who do not see it.
        description: Its figures in words; escaped here.
    """
    drawn = StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):  # ids that differ between the plots of a page
        # `savefig` draws every figure twice, the first time for a size that is given here.
        FigureCanvasSVG(figure).print_svg(  # type: ignore[no-untyped-call] # matplotlib's stub lacks it
            drawn, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type"))
        )
    text = drawn.getvalue()
    text = text[text.index("<svg") :]
    # A style that would reach the whole page, and group ids that every plot repeats.
    text = re.sub(r"<style type=\"text/css\">.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r"<g id=\"[a-z]+[a-z0-9.]*_\d+\">", "<g>", text)
    for placeholder, variable in _VARIABLES.items():
        text = text.replace(placeholder, variable)
    # The page's font: matplotlib's is only what it measured with.
    text = re.sub(r" font-family: [^;\"]*;?", "", text)
    text = re.sub(r" (width|height)=\"[\d.]+pt\"", "", text)
    opening = (
        f'<svg role="img" aria-labelledby="{name}-title {name}-description" '
        f'class="plot" stroke-linejoin="round"'
    )
    head, rest = text.removeprefix("<svg").split(">", 1)
    return (
        f"{opening}{head}>"
        f'<title id="{name}-title">{html.escape(title)}</title>'
        f'<desc id="{name}-description">{html.escape(description)}</desc>{rest}'
    )
