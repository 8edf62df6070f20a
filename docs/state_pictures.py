"""Pictures of states: drawn from a state machine's definition, laid out by Graphviz."""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    States = Mapping[str, Mapping[str, Any]]

FAILURE = "Failure"
"""What comments of the states on the way of failure begin with."""
_ANY = ["States.ALL"]
_WIDEST_LABEL = 24
_WHO = {
    "lambda:invoke": "function",
    "lambda:invoke.waitForTaskToken": "function, and wait for the answer",
    "sns:publish": "SNS",
}
_INSIDE = {
    "Map": "a function for each, side by side",
    "Parallel": "side by side; the first error ends both",
}
# Fixed colours where the picture stands alone, as on GitHub; the site's own in it (site.css).
_STYLE = """<style>
.states { --ink: #1f2328; --soft: #59636e; --line: #818b98; --card: #f6f8fa; --group: #eaeef2; }
@media (prefers-color-scheme: dark) {
  .states { --ink: #f0f6fc; --soft: #9198a1; --line: #656c76; --card: #151b23; --group: #212830; }
}
.states text { fill: var(--ink); font-family: system-ui, Helvetica, Arial, sans-serif; }
.states .edge text, .states text + text { fill: var(--soft); font-size: 11px; }
.states .edge path, .states .edge polygon { stroke: var(--line); }
.states .edge polygon, .states .entry ellipse { fill: var(--line); stroke: var(--line); }
.states .node path, .states .node polygon { fill: var(--card); stroke: var(--line); }
.states .cluster path { fill: var(--group); stroke: var(--line); }
.states .outside path { fill: none; stroke-dasharray: 3 3; }
</style>"""


@dataclass(frozen=True, slots=True)
class Picture:
    """A graph of states.

    Args:
        source: In Graphviz's language.
    """

    source: str

    @property
    def digest(self) -> str:
        """What tells the source from others."""
        return hashlib.sha256(self.source.encode()).hexdigest()[:16]

    def svg(self) -> str:
        """Return the drawing; it needs Graphviz, `uv run --group pictures`."""
        import pygraphviz  # noqa: PLC0415 - only where a picture has changed

        drawn = pygraphviz.AGraph(string=self.source).draw(format="svg", prog="dot").decode()
        drawn = drawn[drawn.index("<svg") :]
        drawn = re.sub(r"(?s)<!--.*?-->\n?|<title>.*?</title>\n?| id=\"[^\"]*\"", "", drawn)
        drawn = re.sub(r'(width|height)="([\d.]+)pt"', r'\1="\2"', drawn)
        drawn = re.sub(r' font-family="[^"]*"', "", drawn)
        head, rest = drawn.split(">", 1)
        return f'{head} class="states" data-source="{self.digest}">\n{_STYLE}{rest}'


def stale(pictures: Mapping[Path, Picture]) -> list[Path]:
    """Return the files that do not show what they should, which are to be drawn anew."""
    return [
        file
        for file, picture in pictures.items()
        if not file.exists() or f'data-source="{picture.digest}"' not in file.read_text()
    ]


def of_phase(states: States, title: str) -> Picture:
    """Return the picture of a phase.

    Args:
        states: Of the whole machine.
        title: What comments of the phase's states begin with.
    """
    inner = {name: state for name, state in states.items() if title_of(state) == title}
    graph = _Graph(states)
    graph.add_states(inner)
    entries = {
        target
        for name, state in states.items()
        if name not in inner and title_of(state) != FAILURE
        for _, target, _ in _ways(state)
        if target in inner
    }
    for name in sorted(entries) or [next(iter(inner))]:
        graph.add_entry(name)
    return graph.picture()


def of_road(states: States, start: str) -> Picture:
    """Return the picture of the phases of a machine, in the order of a run that goes well.

    Args:
        states: Of the whole machine.
        start: Name of the first state.
    """
    titles = {name: title_of(state) for name, state in states.items()}
    edges = {
        (titles[name], titles[target])
        for name, state in states.items()
        for label, target, _ in _ways(state)
        if titles[name] != titles[target] and FAILURE not in {titles[name], titles[target]}
    }
    names: dict[str, list[str]] = {}
    for name, title in titles.items():
        if title != FAILURE:
            names.setdefault(title, []).append(name)
    graph = _Graph(states)
    for title, members in names.items():
        count = len(members)
        graph.add_node(title, title, f"{count} state{'s'[: count > 1]}", "task")
    for before, after in sorted(edges):
        graph.add_edge(before, after)
    graph.add_entry(titles[start])
    return graph.picture()


def in_order(states: States) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield states in the order in which a run may come to them, from the one nobody leads to."""
    reached = {target for state in states.values() for _, target, _ in _ways(state)}
    waiting = deque([*(name for name in states if name not in reached), *states])
    seen: set[str] = set()
    while waiting:
        name = waiting.popleft()
        if name not in seen:
            seen.add(name)
            yield name, states[name]
            waiting.extendleft(target for _, target, _ in reversed([*_ways(states[name])]))


def title_of(state: Mapping[str, Any]) -> str:
    """Return what a state's comment says that it belongs to."""
    return str(state["Comment"]).partition(":")[0]


def kind_of(state: Mapping[str, Any]) -> str:
    """Return in words who does what a state says."""
    if state["Type"] == "Task":
        integration = str(state["Resource"]).partition(":::")[2]
        if integration in _WHO:
            return _WHO[integration]
        service, _, action = integration.removeprefix("aws-sdk:").partition(":")
        name = f"{service.capitalize()}: {action[0].upper()}{action[1:]}"
        return f"{name.removesuffix('.sync')}\nuntil it has ended" if ".sync" in name else name
    return str(state["Type"])


@dataclass(slots=True)
class _Graph:
    states: States
    lines: list[str] = field(default_factory=list)
    outside: dict[str, None] = field(default_factory=dict)
    inner: set[str] = field(default_factory=set)

    def add_states(self, inner: States) -> None:
        self.inner = set(inner)
        for name, state in inner.items():
            self._add_state(name, state)
        for name, state in inner.items():
            for label, target, is_catch in _ways(state):
                self._add_way(name, state, target, label, is_catch=is_catch)

    def add_node(self, name: str, title: str, subtitle: str, kind: str) -> None:
        shape = "hexagon" if kind == "choice" else "box"
        style = "" if kind == "choice" else ' style="rounded"'
        label = _quoted(f"{title}\n{subtitle}".rstrip())
        self.lines.append(
            f"{_quoted(name)} [class={_quoted(kind)} shape={shape}{style} label={label}]"
        )

    def add_edge(self, before: str, after: str, label: str = "", more: str = "") -> None:
        said = f" label={_quoted(label)}" if label else ""
        self.lines.append(f"{_quoted(before)} -> {_quoted(after)} [{said}{more}]")

    def add_entry(self, name: str) -> None:
        dot = f"entry {name}"
        self.lines.append(f'{_quoted(dot)} [class="entry" shape=point width=0.1]')
        head = _first_inside(self.states.get(name, {})) or name
        more = f" lhead={_quoted(f'cluster {name}')}" if head != name else ""
        self.add_edge(dot, head, more=more)

    def picture(self) -> Picture:
        return Picture(
            "\n".join(
                [
                    "digraph {",
                    'graph [bgcolor="transparent" compound=true nodesep=0.3 ranksep=0.35 pad=0.1]',
                    'node [fontname="Helvetica" fontsize=13 margin="0.12,0.08" height=0.4]',
                    'edge [fontname="Helvetica" fontsize=11 arrowsize=0.7]',
                    *self.lines,
                    "}",
                ]
            )
        )

    def _add_state(self, name: str, state: Mapping[str, Any]) -> None:
        inside = list(_machines_inside(state))
        if not inside:
            kind = str(state["Type"]).lower()
            self.add_node(name, name, _subtitle(state), kind)
            return
        label = _quoted(f"{name}\n{_INSIDE[state['Type']]}")
        self.lines += [
            f"subgraph {_quoted(f'cluster {name}')} {{",
            'class="group" style="rounded" fontname="Helvetica" fontsize=13 margin=12',
            f"label={label}",
        ]
        exit_ = _quoted(_exit(name))
        self.lines.append(f"{exit_} [shape=point style=invis width=0.01]")
        for machine in inside:
            for inner, found in machine["States"].items():
                self._add_state(inner, found)
                self.lines.append(f"{_quoted(inner)} -> {exit_} [style=invis]")
            for inner, found in machine["States"].items():
                for said, target, is_catch in _ways(found):
                    self.add_edge(inner, target, said, _dashed(is_catch=is_catch))
        self.lines.append("}")

    def _add_way(
        self, name: str, state: Mapping[str, Any], target: str, label: str, *, is_catch: bool
    ) -> None:
        # An edge of a group begins and ends at nodes inside it, and is cut off at its border.
        tail, head = _exit(name) if _first_inside(state) else name, target
        more = _dashed(is_catch=is_catch)
        if tail != name:
            more += f" ltail={_quoted(f'cluster {name}')}"
        if target not in self.inner:
            head = self._add_outside(target)
        elif first := _first_inside(self.states[target]):
            head, more = first, f"{more} lhead={_quoted(f'cluster {target}')}"
        self.add_edge(tail, head, label, more)

    def _add_outside(self, target: str) -> str:
        title = title_of(self.states[target])
        node = "way of failure" if title == FAILURE else f"to {target}"
        if node not in self.outside:
            self.outside[node] = None
            said = (node, "") if title == FAILURE else (target, title)
            self.add_node(node, *said, "outside")
        return node


def _ways(state: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Say where a state leads: under which condition, to which state, whether by an error."""
    choices = state.get("Choices", [])
    for choice in choices:
        yield _condition(choice["Condition"]), choice["Next"], False
    if "Default" in state:
        yield "otherwise", state["Default"], False
    if "Next" in state:
        yield "", state["Next"], False
    for catch in state.get("Catch", []):
        if catch["ErrorEquals"] != _ANY:
            yield ", ".join(catch["ErrorEquals"]), catch["Next"], True


def _condition(expression: str) -> str:
    text = re.sub(r"^\{%\s*|\s*%\}$", "", expression)
    return "\n".join(textwrap.wrap(text, _WIDEST_LABEL, break_long_words=False))


def _machines_inside(state: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "ItemProcessor" in state:
        yield state["ItemProcessor"]
    yield from state.get("Branches", [])


def _first_inside(state: Mapping[str, Any]) -> str | None:
    return next((str(machine["StartAt"]) for machine in _machines_inside(state)), None)


def _exit(name: str) -> str:
    return f"exit {name}"


def _subtitle(state: Mapping[str, Any]) -> str:
    return "" if state["Type"] in {"Choice", "Pass", "Succeed"} else kind_of(state)


def _dashed(*, is_catch: bool) -> str:
    return ' style=dashed class="caught"' if is_catch else ""


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
