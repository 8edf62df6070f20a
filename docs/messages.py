"""Every message that the library can raise, read from its sources: what `docs/errors.md` lists.

The embedded AWS is left out: it speaks AWS's own words. So are the verdicts on single records
(`docs/rules.md`) and on single answers (`docs/graders.md`), which are codes and raised to nobody.
"""

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from bedrock_customization_runtime import errors as run_errors

ROOT = Path(__file__).parents[1]
CONSTRUCTS = "constructs/bedrock_customization"
RUNTIME = "lambdas/bedrock_customization_runtime"
COMMANDS = "local/bedrock_customization_local/cli"
_INTRODUCTION = """# Errors

What can go wrong says so before it costs anything, as far as that can be known: constructs when the
app is synthesized (`ValueError`), a run in its first states. A message names the field, the value,
what is allowed and what to do; none quotes your records.

## How a run ends early

The name of the error that ended an execution, also in the manifest (`outcome`), the report and the
notification. Each is a class of `bedrock_customization_runtime.errors`. Other names are AWS's own:
of Step Functions (`States.…`), or of the service that refused a call, such as
`Bedrock.AccessDeniedException`, with the service's words as the cause.
"""
_READING = """In the messages below a name in braces stands for a value, and words in brackets are
said at times. The verdicts on single records are [rules](rules.md), those on single answers are in
[graders](graders.md); the embedded AWS speaks AWS's own words."""
_CODES = {"RecordRejectedError", "NotGradedError", "AssertionError", "NotImplementedError"}


class Message(NamedTuple):
    """One message.

    Attributes:
        root: One of the three above.
        module: Below the root.
        error: Class of the error.
        text: With a name in braces for each value, and in brackets what is said at times.
    """

    root: str
    module: str
    error: str
    text: str


def page() -> str:
    """Return `docs/errors.md`."""
    runs = [
        one for one in vars(run_errors).values() if isinstance(one, type) and "remedy" in vars(one)
    ]
    lines = [
        _INTRODUCTION,
        "| error | when | what to do |",
        "| --- | --- | --- |",
        *(f"| `{one.__name__}` | {one.__doc__} | {one.remedy} |" for one in runs),
        *(f"| `{name}` | | {what} |" for name, what in run_errors.STEP_FUNCTIONS_ERRORS.items()),
        "",
        _READING,
    ]
    for title, root, group in (
        ("Messages of runs and functions", RUNTIME, "error"),
        ("Messages of constructs", CONSTRUCTS, "module"),
        ("Messages of commands", COMMANDS, "module"),
    ):
        lines += ["", f"## {title}"]
        some = [one for one in messages() if one.root == root]
        for name in sorted({getattr(one, group) for one in some}):
            lines += ["", f"### {name}", ""]
            lines += [
                f"- {_span(one.text)}" + (f" (`{one.module}`)" if group == "error" else "")
                for one in some
                if getattr(one, group) == name
            ]
    return "\n".join([*lines, ""])


def _span(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


@cache
def messages() -> tuple[Message, ...]:
    """Return all messages, in the order of roots, modules and lines."""
    sources = {
        (root, str(path.relative_to(ROOT / root))): ast.parse(path.read_text())
        for root in (CONSTRUCTS, RUNTIME, COMMANDS)
        for path in sorted((ROOT / root).rglob("*.py"))
    }
    errors = _error_classes(sources.values())
    makers = {name: name for name in errors if not name.startswith("_")} | _makers(
        sources.values(), errors
    )
    return tuple(
        Message(root, module, makers[name], text)
        for (root, module), tree in sources.items()
        for name, text in _raised(tree, makers)
        if makers[name] not in _CODES
    )


def _error_classes(trees: object) -> set[str]:
    known = {
        name
        for name, value in vars(builtins).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    while True:
        more = {one.name for one in classes if {ast.unparse(base) for base in one.bases} & known}
        if more <= known:
            return known
        known |= more


def _makers(trees: object, errors: set[str]) -> dict[str, str]:
    """Return the functions that make an error of the words they are given, with its class."""
    return {
        node.name: node.returns.id
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and isinstance(node.returns, ast.Name)
        and node.returns.id in errors
        and any(argument.arg == "message" for argument in node.args.args)
    }


def _raised(tree: ast.Module, makers: dict[str, str]) -> Iterator[tuple[str, str]]:
    constants, functions = _strings(tree.body), _said(tree.body)
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.Module):
            continue
        own = list(_nodes_of(function))
        text = _Text(constants | _strings(own), functions)
        for node in own:
            if not isinstance(node, ast.Call):
                continue
            for maker in _named(node.func) & makers.keys():
                written = "; ".join(filter(None, map(text.of_words, _arguments(node))))
                if written:
                    yield maker, " ".join(written.split())


def _nodes_of(function: ast.AST) -> Iterator[ast.AST]:
    """Yield what a function holds, without the functions in it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef):
            yield child
            yield from _nodes_of(child)


def _named(called: ast.expr) -> set[str]:
    """Return the names that may be called."""
    match called:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return {name}
        case ast.IfExp():
            return _named(called.body) | _named(called.orelse)
    return set()


def _arguments(call: ast.Call) -> Iterator[ast.expr]:
    for value in (*call.args, *(keyword.value for keyword in call.keywords)):
        if isinstance(value, ast.Tuple):
            yield from value.elts
        else:
            yield value


def _strings(nodes: list[ast.AST]) -> dict[str, ast.expr]:
    """Return the names that stand for words, each with its only value."""
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
    return {
        name: values[0]
        for name, values in found.items()
        if len(values) == 1 and _is_words(values[0])
    }


def _said(nodes: list[ast.stmt]) -> dict[str, list[ast.expr]]:
    """Return the functions that make words, each with all that it may return."""
    return {
        node.name: said
        for node in nodes
        if isinstance(node, ast.FunctionDef)
        and (
            said := [
                inner.value
                for inner in _nodes_of(node)
                if isinstance(inner, ast.Return) and inner.value and _is_words(inner.value)
            ]
        )
    }


def _is_words(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str(value)):
            return " " in value or not value
        case ast.JoinedStr():
            return True
        case ast.BinOp(op=ast.Add()):
            return _is_words(node.left) or _is_words(node.right)
        case ast.IfExp():
            return _is_words(node.body) or _is_words(node.orelse)
    return False


@dataclass(frozen=True)
class _Text:
    """Writes expressions as a reader meets them."""

    names: dict[str, ast.expr]
    functions: dict[str, list[ast.expr]]

    def of_words(self, node: ast.expr) -> str:
        """Return a message or a part of one, "" for what is no words."""
        match node:
            case ast.Name(id=name) if name in self.names:
                return self.of_words(self.names[name])
            case ast.Call(func=ast.Name(id=name)) if name in self.functions:
                return _either(*map(self.of, self.functions[name]))
        return self.of(node) if _is_words(node) else ""

    def of(self, node: ast.expr) -> str:
        """Return what an expression says: words as they are, values by name."""
        match node:
            case ast.JoinedStr():
                return "".join(map(self.of, node.values))
            case ast.BinOp(op=ast.Add()):
                return self.of(node.left) + self.of(node.right)
            case ast.IfExp():
                return _either(self.of(node.body), self.of(node.orelse))
            case ast.FormattedValue(value=inner):
                return self.of(inner)
            case ast.Name(id=name) if name in self.names:
                return self.of(self.names[name])
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        return node.value if is_text else "{" + _value(node) + "}"


def _either(*texts: str) -> str:
    some = [text for text in texts if text]
    return some[0] if len(texts) == 1 else f"[{' | '.join(some)}]"


def _value(node: ast.AST) -> str:
    """Return a short name of what an expression gives."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_")
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Call(args=[first, *_]) if not isinstance(first, ast.Constant):
            return _value(first)
        case ast.Call():
            return _value(node.func)
        case ast.GeneratorExp() | ast.ListComp():
            return _value(node.generators[0].iter)
    inner = [child for child in ast.walk(node) if isinstance(child, ast.Name | ast.Attribute)]
    return _value(inner[0]) if inner else "value"
