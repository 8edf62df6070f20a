"""The page of the public API, from the docstrings and signatures of what the package exports."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import griffe
from markdown_tables import table

ROOT = Path(__file__).parents[1]
LIBRARY, RUNTIME = "bedrock_customization", "bedrock_customization_runtime"


def page() -> str:
    """Return the page of the public API, read from the sources: nothing is imported."""
    loader = griffe.GriffeLoader(
        search_paths=[ROOT / "constructs", ROOT / "lambdas"],
        docstring_parser=griffe.Parser.google,
        allow_inspection=False,
    )
    loader.load(RUNTIME)
    package = loader.load(LIBRARY)
    loader.resolve_aliases()
    public = {name: _class(package[name]) for name in package.exports or ()}
    kinds: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    for name, found in public.items():
        kinds[_kind(found)].append(name)
    lines = [
        "# Public API",
        "",
        f"What `from {LIBRARY} import …` offers; everything else may change. Parameters after `id`",
        "are keywords. What other pages say of a part is linked where it is named.",
        "",
        *(
            f"- **{kind}**: {', '.join(f'[{name}](#{name.lower()})' for name in names)}"
            for kind, names in kinds.items()
        ),
    ]
    for kind, names in kinds.items():
        lines += ["", f"## {kind}", "", _KINDS[kind]]
        for name in names:
            lines += ["", f"### {name}", "", *_described(public[name], set(public))]
    lines += ["", "## Names of several types", "", "As the parameters above use them.", ""]
    lines += table(["name", "is one of"], _aliases(public.values()))
    return "\n".join(lines) + "\n"


_KINDS = {
    "Front doors": "A whole way, to put into a stack or to deploy as one.",
    "Phases": "Parts of a state machine; each chains like a state, by `start_state` and "
    "`end_states`, in a machine of your own that begins with `RunStart`.",
    "Other constructs": "What phases share, and what stands beside a pipeline.",
    "Values": "What an argument says; they define no resource.",
    "Closed sets": "Values of which an argument takes one.",
}


def _kind(found: griffe.Class) -> str:
    bases = [str(base) for one in (found, *found.mro()) for base in one.bases]
    if "Stack" in bases or "Pipeline" in bases:
        return "Front doors"
    if "Phase" in bases:
        return "Phases"
    if "Construct" in bases:
        return "Other constructs"
    return "Closed sets" if "StrEnum" in bases else "Values"


def _described(found: griffe.Class, public: set[str]) -> Iterator[str]:
    sections = {section.kind: section for section in _sections(found)}
    text = sections.pop(griffe.DocstringSectionKind.text, None)
    if text:
        yield from (linked(str(text.value)), "")
    if _kind(found) == "Closed sets":
        members = [one for one in found.members.values() if one.is_attribute]
        yield from table(
            ["name", "value"], [[f"`{one.name}`", _code(one.value)] for one in members]
        )
        return
    said = _said(sections.get(griffe.DocstringSectionKind.parameters))
    is_construct = "scope" in found.parameters
    before = {"self", "scope", "id"} if is_construct else {"self"}
    rows = [
        [f"`{one.name}`", _code(one.annotation), _default(one, found), said.get(one.name, "")]
        for one in found.parameters
        if one.name not in before
    ]
    if rows:
        yield from table(["parameter", "type", "default", "meaning"], rows)
    raises = sections.get(griffe.DocstringSectionKind.raises)
    for one in raises.value if raises else ():
        yield from ("", f"Raises `{one.annotation}`: {linked(one.description)}")
    yield from _members(found, public, fields=set() if is_construct else set(said))


def _members(found: griffe.Class, public: set[str], *, fields: set[str]) -> Iterator[str]:
    """Say what an object offers, but what the library's own parts take or return."""
    shown = {
        name: _target(one)
        for name, one in {**found.inherited_members, **found.members}.items()
        if not (name.startswith("_") or name in fields or _target(one).parent.name == "Phase")
    }
    sections = {section.kind: section for section in _sections(found)}
    said = _said(sections.get(griffe.DocstringSectionKind.attributes))
    attributes = [
        [f"`{name}`", _type(one, public), said.get(name) or _summary(one)]
        for name, one in shown.items()
        if isinstance(one, griffe.Attribute) and _is_public(one, public)
    ]
    # What has neither a public type nor an explanation is for our own constructs.
    attributes = [row for row in attributes if row[1] or row[2]]
    methods = [
        [f"`{name}({_signature(one)})`", _code(one.returns), _summary(one)]
        for name, one in shown.items()
        if isinstance(one, griffe.Function)
        and _is_public(one, public)
        # What else a value can do is for our own constructs.
        and (_kind(found) != "Values" or str(one.returns) in {"Self", found.name})
    ]
    if attributes:
        yield from ("", *table(["attribute", "type", "meaning"], attributes))
    if methods:
        yield from ("", *table(["method", "returns", "meaning"], methods))


def _aliases(classes: Iterable[griffe.Class]) -> list[list[str]]:
    """Return the library's own names of unions that parameters have, and what they stand for."""
    names = {
        name.canonical_path: found
        for found in classes
        for parameter in found.parameters
        for name in _names(parameter.annotation)
        if name.canonical_path.startswith(f"{LIBRARY}.")
    }
    targets = [_target(names[path].modules_collection[path]) for path in sorted(names)]
    return [
        [f"`{one.name}`", _code(one.value)] for one in targets if isinstance(one, griffe.Attribute)
    ]


def _is_public(one: griffe.Attribute | griffe.Function, public: set[str]) -> bool:
    """Return whether all that a member takes and returns is public."""
    if isinstance(one, griffe.Function):
        types = [one.returns, *(parameter.annotation for parameter in one.parameters)]
    else:
        types = [one.annotation]
    paths = [name.canonical_path for one in types for name in _names(one)]
    return all(
        path.startswith(f"{LIBRARY}._pipeline")
        or not (f"{LIBRARY}._" in path or path.startswith(f"{RUNTIME}."))
        or path.rpartition(".")[2] in public
        for path in paths
    )


def _names(expression: str | griffe.Expr | None) -> list[griffe.ExprName]:
    if not isinstance(expression, griffe.Expr):
        return []
    return [name for name in expression.iterate() if isinstance(name, griffe.ExprName)]


def _class(found: griffe.Object | griffe.Alias) -> griffe.Class:
    target = _target(found)
    if not isinstance(target, griffe.Class):
        raise TypeError(f"{found.path} is public but no class")
    return target


def _target(found: griffe.Object | griffe.Alias) -> griffe.Object:
    return found.final_target if isinstance(found, griffe.Alias) else found


def _sections(found: griffe.Object) -> list[griffe.DocstringSection]:
    return found.docstring.parsed if found.docstring else []


def _said(section: griffe.DocstringSection | None) -> dict[str, str]:
    return {one.name: linked(one.description) for one in section.value} if section else {}


def _summary(found: griffe.Object) -> str:
    return linked(found.docstring.value.partition("\n\n")[0]) if found.docstring else ""


def _signature(function: griffe.Function) -> str:
    names = [one.name for one in function.parameters if one.name not in {"self", "cls"}]
    return ", ".join("**options" if name == "options" else name for name in names)


def _default(parameter: griffe.Parameter, owner: griffe.Class) -> str:
    if parameter.required:
        return "required"
    default = parameter.default
    if isinstance(default, griffe.ExprName):
        default = _target(owner.modules_collection[default.canonical_path]).value
    return _code(default)


def _type(attribute: griffe.Attribute, public: set[str]) -> str:
    made = attribute.value.function if isinstance(attribute.value, griffe.ExprCall) else None
    if attribute.annotation is None:
        return _code(made) if str(made) in public else ""
    return _code(attribute.annotation)


def _code(expression: str | griffe.Expr | None) -> str:
    written = "" if expression is None else re.sub(r"\s+", " ", str(expression))
    return f"`{written.replace('|', chr(92) + '|')}`" if written else ""


def linked(text: str) -> str:
    """Return text of a docstring in one line for each paragraph, with links to pages."""
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    linked = re.sub(r"docs/([\w-]+)\.md", r"[\1](../\1.md)", "\n\n".join(paragraphs))
    return re.sub(r"(?:^| )(Input|Output|Errors): ", r"\n- **\1**: ", linked, flags=re.MULTILINE)
