"""Who may import whom (DESIGN 3), read from the sources: what is imported for types only counts as well."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SERVICES = ("producer_service", "consumers", "api_server", "signalling", "camera_client")
RUNTIME, PIPELINE = "consumers.runtime", "consumers.pipeline"
BOTH_HALVES = "consumers.wiring"
OURS = (*SERVICES, "common", "infra", "benchmarks", "tests")


def module_of(path: Path) -> str:
    """`consumers/runtime/loop.py` -> `consumers.runtime.loop`, a package's `__init__.py` -> the package."""
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_in(source: str, module: str, is_package: bool) -> Iterator[str]:
    """Every module a source names: absolute and relative imports, at any depth, and `import_module` of a literal.

    `from a import b` names `a` and `a.b`: which of the two is a module cannot be told from the source.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module, is_package)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and _called(node.func) in ("import_module", "__import__"):
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value
            elif isinstance(first, ast.JoinedStr) and first.values and isinstance(first.values[0], ast.Constant):
                yield str(first.values[0].value).rstrip(".")


def _absolute(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    if node.level == 0:
        return node.module or ""
    parts = module.split(".")
    up = node.level - 1 if is_package else node.level
    return ".".join([*parts[: len(parts) - up], *([node.module] if node.module else [])])


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def imports_of(package: str) -> dict[str, set[str]]:
    """Of every module of a package, those of our own packages it imports."""
    found: dict[str, set[str]] = {}
    for path in sorted((REPOSITORY / package.replace(".", "/")).rglob("*.py")):
        module = module_of(path)
        named = imports_in(path.read_text(encoding="utf-8"), module, path.name == "__init__.py")
        found[module] = {name for name in named if any(is_within(name, own) for own in OURS)}
    return found


def offences(package: str, allowed: tuple[str, ...]) -> list[str]:
    """`module imports other` for everything of ours that is not allowed."""
    return sorted(
        f"{module} imports {name}"
        for module, names in imports_of(package).items()
        for name in names
        if not any(is_within(name, other) for other in allowed)
    )


def test_common_imports_no_service() -> None:
    assert imports_of("common")
    assert offences("common", ("common",)) == []


@pytest.mark.parametrize("half", [RUNTIME, PIPELINE])
def test_each_half_of_a_consumer_imports_only_common_and_itself(half: str) -> None:
    assert imports_of(half)
    assert offences(half, ("common", half)) == []


def test_only_the_wiring_sees_both_halves() -> None:
    seeing_both = [
        module
        for module, names in imports_of("consumers").items()
        if any(is_within(name, RUNTIME) for name in names) and any(is_within(name, PIPELINE) for name in names)
    ]
    assert seeing_both == [BOTH_HALVES]


def test_an_analysis_knows_nothing_of_the_runtime() -> None:
    """Packages below `consumers` that describe an analysis are video work: they see the pipeline's contract only."""
    analyses = {path.parent.name for path in (REPOSITORY / "consumers").glob("*/definition.py")} | {
        "emotion",
        "license_plate",
        "recorder",
    }
    for analysis in sorted(analyses):
        names = {name for found in imports_of(f"consumers.{analysis}").values() for name in found}
        assert [name for name in names if is_within(name, RUNTIME)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_services_import_common_and_themselves_only(service: str) -> None:
    assert imports_of(service)
    assert offences(service, ("common", service)) == []


def test_the_servers_of_a_checkout_import_no_service() -> None:
    assert offences("infra", ("common", "infra")) == []


@pytest.mark.parametrize(
    ("source", "module", "is_package", "expected"),
    [
        ("import consumers.runtime.loop", "a", False, {"consumers.runtime.loop"}),
        ("import consumers as c", "a", False, {"consumers"}),
        ("from consumers import runtime", "a", False, {"consumers", "consumers.runtime"}),
        (
            "from .loop import Loop",
            "consumers.runtime.engine",
            False,
            {"consumers.runtime.loop", "consumers.runtime.loop.Loop"},
        ),
        ("from . import loop", "consumers.runtime", True, {"consumers.runtime", "consumers.runtime.loop"}),
        ("from ..pipeline import x", "consumers.runtime.engine", False, {"consumers.pipeline", "consumers.pipeline.x"}),
        ("def f():\n    import signalling", "a", False, {"signalling"}),
        ("if TYPE_CHECKING:\n    from api_server import app", "a", False, {"api_server", "api_server.app"}),
        ("importlib.import_module('consumers.pipeline')", "a", False, {"consumers.pipeline"}),
        ("import_module(f'consumers.pipeline.{name}')", "a", False, {"consumers.pipeline"}),
        ("x = 'import signalling'", "a", False, set()),
    ],
)
def test_imports_are_found_in_every_form(source: str, module: str, is_package: bool, expected: set[str]) -> None:
    assert set(imports_in(source, module, is_package)) == expected


def test_a_breach_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "consumers" / "runtime"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("import json\nfrom common import clock\n")
    (package / "loop.py").write_text(
        "from . import windows\nfrom ..pipeline.spool import Spool\nimport signalling.app\n"
    )
    monkeypatch.setattr(sys.modules[__name__], "REPOSITORY", tmp_path)
    assert offences(RUNTIME, ("common", RUNTIME)) == [
        "consumers.runtime.loop imports consumers.pipeline.spool",
        "consumers.runtime.loop imports consumers.pipeline.spool.Spool",
        "consumers.runtime.loop imports signalling.app",
    ]


def test_a_module_of_a_similar_name_is_another_one() -> None:
    assert is_within("consumers.runtime.loop", RUNTIME)
    assert not is_within("consumers.runtime_tools", RUNTIME)
    assert not is_within("common_words", "common")
