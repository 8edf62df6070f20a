"""The rooms of the sources, which are folders, and the arrows between them, which are imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

from markdown_tables import table

ROOT = Path(__file__).parents[1]
HOMES = {
    "bedrock_customization": ROOT / "constructs",
    "bedrock_customization_runtime": ROOT / "lambdas",
    "bedrock_customization_local": ROOT / "local",
}
# The embedded AWS is a folder for each service, so its rooms lie a floor deeper.
_FLOORS = {"bedrock_customization_local": 2}


def arrows() -> list[str]:
    """Return a table of all rooms: what lives there, and which other rooms they import."""
    imported: dict[str, set[str]] = {}
    for package, home in HOMES.items():
        for path in sorted((home / package).rglob("*.py")):
            room = _room(path.relative_to(home).with_suffix("").parts)
            imported.setdefault(room, set()).update(_rooms_imported(path))
    return table(
        ["room", "what lives there", "imports"],
        [
            [
                f"`{_short(room)}`",
                _purpose(room),
                ", ".join(f"`{_short(other)}`" for other in sorted(others - {room})) or "no other",
            ]
            for room, others in sorted(imported.items())
        ],
    )


def _rooms_imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (_room(name.split(".")) for name in names if name.split(".")[0] in HOMES)


def _room(parts: tuple[str, ...] | list[str]) -> str:
    """Return the folder, as a path below its source root, in which a module lies."""
    package, home = parts[0], HOMES[parts[0]]
    folder = home / package
    for part in parts[1 : 1 + _FLOORS.get(package, 1)]:
        if not (folder / part).is_dir():
            break
        folder /= part
    return folder.relative_to(ROOT).as_posix()


def _short(room: str) -> str:
    """Return a room's path without the package, of which there is one below each source root."""
    root, _, *rest = room.split("/")
    return "/".join([root, *rest])


def _purpose(room: str) -> str:
    said = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text()))
    if not said:
        raise ValueError(f"{room}/__init__.py must say what lives there: give it a docstring")
    return said.partition("\n")[0]
