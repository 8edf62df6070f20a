"""Who may import whom, as a test. Who does, docs/architecture.md lists (tests/docs)."""

import ast
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import constructs
import pytest

ROOT = Path(__file__).parents[2]
SYNTH, RUNTIME, LOCAL = (
    "bedrock_customization",
    "bedrock_customization_runtime",
    "bedrock_customization_local",
)
HOMES = {
    SYNTH: ROOT / "constructs",
    RUNTIME: ROOT / "lambdas",
    LOCAL: ROOT / "local",
}
# Third-party packages that only some may import.
AWS_CDK = {"aws_cdk", "constructs", "jsii", "cdk_nag"}
FORBIDDEN = {
    SYNTH: {LOCAL, "boto3", "botocore", "moto", "numpy", "msgspec"},
    RUNTIME: {SYNTH, LOCAL, "moto", *AWS_CDK},
    LOCAL: {SYNTH, *AWS_CDK},
}


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules_of(package):
    modules = sorted((HOMES[package] / package).rglob("*.py"))
    assert modules
    return modules


@pytest.mark.parametrize("package", HOMES)
def test_no_package_imports_what_it_must_not(package):
    for path in modules_of(package):
        roots = {name.split(".")[0] for name in imports_of(path)}
        assert not roots & FORBIDDEN[package], path


def test_the_parts_of_a_package_do_not_import_each_other_in_a_circle():
    for parts in parts_of_packages().values():
        try:
            TopologicalSorter(parts).prepare()
        except CycleError as error:
            _, circle = error.args
            pytest.fail(" is imported by ".join(circle))


def parts_of_packages():
    """Return of each package the parts, modules and packages, that each of its parts imports."""
    modules = {
        ".".join(path.relative_to(home).with_suffix("").parts).removesuffix(".__init__"): path
        for package, home in HOMES.items()
        for path in modules_of(package)
    }
    packages = defaultdict(lambda: defaultdict(set))
    for importer, path in modules.items():
        for imported in modules.keys() & set(imports_of(path)):
            mine, other = importer.split("."), imported.split(".")
            alike = [one == another for one, another in zip(mine, other, strict=False)]
            shared = [*alike, False].index(False)
            # A package may gather what its own modules define.
            if shared < min(len(mine), len(other)):
                part, imported_part = (".".join(name[: shared + 1]) for name in (mine, other))
                packages[".".join(mine[:shared])][part].add(imported_part)
    assert packages
    return packages


def test_constructs_take_only_facts_and_names_from_the_runtime():
    # template_rules are pure: rules of what synth makes, which the command line applies too.
    allowed = (f"{RUNTIME}.catalog", f"{RUNTIME}.contract", f"{RUNTIME}.template_rules")
    for path in modules_of(SYNTH):
        for name in imports_of(path):
            # _code.py asks where the package lies; it uses nothing of it.
            if name.split(".")[0] == RUNTIME and name != RUNTIME:
                assert name.startswith(allowed), f"{path}: {name}"


def test_facts_and_names_rest_on_nothing_else():
    for room in ("catalog", "contract", "template_rules"):
        for path in (HOMES[RUNTIME] / RUNTIME / room).rglob("*.py"):
            ours = {name for name in imports_of(path) if name.split(".")[0] == RUNTIME}
            assert all(name.startswith(f"{RUNTIME}.{room}") for name in ours), path


def test_nothing_but_lambda_calls_a_handler():
    for package in HOMES:
        for path in modules_of(package):
            if path.parent.name != "handlers":
                assert not [n for n in imports_of(path) if n.startswith(f"{RUNTIME}.handlers")], (
                    path
                )


def test_a_handler_is_a_doorway():
    # What decides, keeps records or knows prices stands in the room that a handler calls.
    logic = {f"{RUNTIME}.{room}" for room in ("catalog", "costs", "manifest", "s3", "times")}
    for path in (HOMES[RUNTIME] / RUNTIME / "handlers").glob("*.py"):
        assert not logic & set(imports_of(path)), path
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                statements = sum(isinstance(inner, ast.stmt) for inner in ast.walk(node))
                assert statements <= 14, f"{path}: {node.name} does more than parse, call, shape"


def test_only_one_module_makes_clients():
    for path in modules_of(RUNTIME):
        if path.name != "aws.py":
            assert not {"boto3", "botocore.session"} & set(imports_of(path)), path


def test_phases_do_not_know_the_pipeline():
    for path in (HOMES[SYNTH] / SYNTH / "phases").glob("*.py"):
        front = {f"{SYNTH}.pipeline", f"{SYNTH}._pipeline", f"{SYNTH}._run_frame"}
        assert not front & set(imports_of(path)), path


def test_pure_packages_know_no_aws():
    for package in ("datasets", "reports", "template_rules"):
        for path in (HOMES[RUNTIME] / RUNTIME / package).rglob("*.py"):
            assert not {"botocore", "boto3"} & {n.split(".")[0] for n in imports_of(path)}, path


def test_source_roots_are_not_packages():
    for home in HOMES.values():
        assert not (home / "__init__.py").exists()
    assert not (ROOT / "tests" / "constructs").exists()


def test_the_package_constructs_is_the_one_from_the_index():
    assert "site-packages" in constructs.__file__
