"""A plan in words and tables."""

from __future__ import annotations

from collections import defaultdict
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from bedrock_customization_local.cli.data import estimation
from bedrock_customization_local.cli.planning import summary
from bedrock_customization_runtime.reports import wording

if TYPE_CHECKING:
    from rich.console import Console

    from bedrock_customization_local.cli.planning.plan import Plan
    from bedrock_customization_local.cli.planning.summary import Change, RoleSummary, StackSummary

_SIGNS = {"add": ("+", "green"), "remove": ("-", "red"), "change": ("~", "yellow")}


def print_plan(console: Console, plan: Plan) -> None:
    """Print stack by stack what there will be, then what a run costs."""
    for stack in plan.stacks:
        console.print(Text(stack.stack, style="bold"))
        _print_changes(console, stack)
        _print_kinds(console, stack)
        _print_roles(console, stack.roles)
        _print_idle(console, stack)
        console.print()
    if plan.not_compared:
        told = f"Not held against what is deployed: {plan.not_compared}"
        console.print(Text(told, style="yellow"))
        console.print()
    if plan.run is None:
        console.print("What a run costs: --data FILE estimates it")
        return
    console.print(Text("A run", style="bold"))
    estimation.print_estimate(console, plan.run)


def _print_changes(console: Console, stack: StackSummary) -> None:
    if stack.is_deployed is None:
        return
    if not stack.is_deployed:
        console.print("Not deployed yet: everything is made anew")
        return
    if not stack.changes:
        console.print(Text("Deployed, and nothing changes", style="green"))
        return
    console.print(f"Deployed; a deployment changes {_count(len(stack.changes), 'resource')}")
    table = _table()
    for change in stack.changes:
        sign = Text(*_SIGNS[change.change])
        table.add_row(sign, _short(change.type), change.logical_id, _what(change))
    console.print(table)


def _what(change: Change) -> str:
    return ", ".join(change.properties)


def _print_kinds(console: Console, stack: StackSummary) -> None:
    console.print()
    told = ", ".join(f"{one.count}\N{NO-BREAK SPACE}{_short(one.type)}" for one in stack.kinds)
    # rich breaks a line at any space; a count stays with what it counts.
    for line in wrap(f"{_count(stack.resources, 'resource')}: {told}", console.width):
        console.print(Text(line))


def _print_roles(console: Console, roles: list[RoleSummary]) -> None:
    by_principal: dict[str, list[RoleSummary]] = defaultdict(list)
    for role in roles:
        by_principal[", ".join(role.assumed_by)].append(role)
    if not by_principal:
        return
    console.print()
    table = _table()
    for principal, held in sorted(by_principal.items()):
        actions = [role.actions for role in held]
        span = f"{min(actions)} to {max(actions)}" if len(held) > 1 else f"{actions[0]}"
        services = sorted({one.partition(":")[0] for role in held for one in role.everywhere})
        table.add_row(
            _count(len(held), "role"),
            principal,
            f"{span} actions" + (" each" if len(held) > 1 else ""),
            f"some on any resource: {', '.join(services)}" if services else "on named resources",
        )
    console.print(table)


def _print_idle(console: Console, stack: StackSummary) -> None:
    console.print()
    console.print(
        f"While nothing runs: {wording.usd(stack.idle_usd_per_month)} a month, by list prices of "
        f"{summary.prices_as_of()}, and what is stored"
    )
    table = _table()
    for one in stack.idle:
        table.add_row(
            f"{one.count:g} {_short(one.type)}", wording.usd(one.usd_per_month), Text(one.note)
        )
    if stack.idle:
        console.print(table)


def _table() -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    return table


def _short(type: str) -> str:
    return type.removeprefix("AWS::")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
