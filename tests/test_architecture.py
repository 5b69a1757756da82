"""The house: which room may import which."""

import ast
import importlib
import inspect
import typing
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mnist_nn"
GROUND = {
    "errors",
    "extras",
    "files",
    "compiling",
    "limits",
    "blas",
    "checks",
    "outputs",
    "rngs",
}  # importable from everywhere but the mathematics

MAY_IMPORT = {
    "nn": set(),
    "data": {"nn"} | GROUND,
    "engines": {"nn"} | GROUND,
    "augmentation": GROUND,
    "training": {"nn", "engines", "data", "augmentation"} | GROUND,
    "evaluation": {"nn", "data"} | GROUND,
    "page": {"nn", "data", "images"} | GROUND,
    "images": GROUND,
    "importing": {"nn", "data", "images"} | GROUND,
    "config": {"nn", "data", "engines", "training", "augmentation"} | GROUND,
    "model": {"nn", "data", "engines", "augmentation", "training", "evaluation", "config"} | GROUND,
    "export": {"nn", "data", "evaluation", "config", "model"} | GROUND,
    "sklearn": {"nn", "data", "engines", "augmentation", "training"} | GROUND,
    "runs": {
        *("nn", "data", "engines", "augmentation", "training", "evaluation", "config", "model"),
    }
    | GROUND,
    "cli": {
        *("nn", "data", "engines", "augmentation", "training", "evaluation", "config", "model"),
        *("runs", "page", "images", "importing", "export"),
    }
    | GROUND,
}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    """Rooms of the package that a file imports, wherever in the file it does."""
    here = ("mnist_nn", *path.relative_to(PACKAGE).with_suffix("").parts)
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = here[: -node.level] if node.level else ()
            module = (*base, *(node.module or "").split("."))
            names = [(*module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
        else:
            continue
        for name in names:
            parts = [part for part in name if part]
            if parts[0] == "mnist_nn" and len(parts) > 1:
                rooms.add(parts[1])
    return rooms - {room(path), "__version__"}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.name))
def test_imports_run_one_way(path: Path) -> None:
    others = {
        "__main__": {"cli"},
        "checks": {"errors"},
        "compiling": {"errors"},
        "extras": {"errors"},
        "outputs": {"errors", "files"},
    }
    allowed = MAY_IMPORT.get(room(path), others.get(room(path), set()))
    if path == PACKAGE / "__init__.py":  # the public names
        allowed = set(MAY_IMPORT) | {"errors"}
    assert imported_rooms(path) <= allowed


def test_every_room_has_a_rule() -> None:
    rooms = {p.name for p in PACKAGE.iterdir() if (p / "__init__.py").exists()}
    assert rooms == set(MAY_IMPORT)


def test_the_rule_sees_imports_of_every_form() -> None:
    assert imported_rooms(PACKAGE / "runs" / "run.py") >= {"config", "data", "model", "rngs"}
    assert imported_rooms(PACKAGE / "training" / "trainer.py") == {
        "augmentation",
        "blas",
        "data",
        "engines",
        "nn",
        "rngs",
    }


def test_the_mathematics_needs_numpy_only() -> None:
    allowed = {
        "numpy",
        "collections",
        "copy",
        "dataclasses",
        "functools",
        "html",
        "itertools",
        "math",
        "typing",
    }
    for path in (PACKAGE / "nn").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules = {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                modules = {node.module or ""}
            else:
                continue
            assert {module.partition(".")[0] for module in modules} <= allowed, path.name


@pytest.mark.parametrize("package", ["config", "data", "evaluation", "model", "images"])
def test_every_public_function_takes_paths_as_strings(package: str) -> None:
    module = importlib.import_module(f"mnist_nn.{package}")
    functions = [getattr(module, name) for name in module.__all__]
    for function in filter(inspect.isfunction, functions):
        for name, kind in typing.get_type_hints(function).items():
            is_path = Path in (kind, *typing.get_args(kind))
            assert name == "return" or not is_path, f"{function.__name__}: {name}"
