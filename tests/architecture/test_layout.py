"""The shape of the code base: small modules, honest names, one-way imports, nothing about the machine it was built on."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "yunque"
MODULES = sorted(SOURCE.rglob("*.py"))
MAX_LINES = 300
NO_OWNER = {"utils", "util", "helpers", "helper", "common", "misc", "core", "manager", "base"}


def module_id(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@pytest.mark.parametrize("path", MODULES, ids=module_id)
def test_a_module_stays_small_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    assert lines <= MAX_LINES, f"{module_id(path)} has {lines} lines; one idea a file"
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring, f"{module_id(path)} opens without a docstring"
    assert docstring.splitlines()[0].rstrip().endswith("."), f"{module_id(path)}: one sentence first"
    assert path.stem not in NO_OWNER and path.parent.name not in NO_OWNER


@pytest.mark.parametrize("path", MODULES, ids=module_id)
def test_a_module_catches_narrowly(path: Path) -> None:
    """`except Exception` belongs at a surface or at the border of a child process, where it is logged."""
    if "surfaces" in path.parts:
        return
    broad = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "BaseException"))
    ]
    assert not broad, f"{module_id(path)} catches everything at lines {broad}"


def test_import_is_light() -> None:
    """Importing the package loads no heavy library; work counted, not seconds."""
    code = (
        "import sys, yunque; heavy = {'numpy','polars','sklearn','lightgbm','catboost','xgboost','numba',"
        "'pandas','pyarrow','fastapi','sqlalchemy','altair','scipy','optuna'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def tracked() -> list[str]:
    answer = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    return answer.stdout.split("\n") if answer.returncode == 0 else []


MACHINE = re.compile(
    r"[p]ypi\.org|[p]ythonhosted|registry\.[n]pmjs|[d]eb\.debian|(?<![\w}])/(w[o]rk|f[a]rm|r[o]ot)/"
)
DATA_FILE = re.compile(r"\.(parquet|csv|feather|zip|gz|xlsx|pkl|joblib)$")


def test_the_repository_names_no_machine_and_no_index() -> None:
    for name in filter(None, tracked()):
        path = ROOT / name
        if path.is_file() and path.suffix not in {".png", ".npz", ".bin", ".woff2"}:
            found = MACHINE.search(path.read_text(encoding="utf-8", errors="replace"))
            assert found is None, f"{name} names {found.group(0) if found else ''}"


ALLOWED_DATA = ("tests/formats/", "src/yunque/solutions/")  # small files of our own making


def test_no_foreign_data_is_committed() -> None:
    data = [n for n in tracked() if DATA_FILE.search(n) and not n.startswith(ALLOWED_DATA)]
    assert data == []


def test_every_plug_in_folder_ends_with_a_value() -> None:
    """A file among plug-ins that ends with no value would be silently ignored."""
    for folder, value in (
        ("learning/algorithms", "ALGORITHM"),
        ("features/steps", "STEP"),
        ("kernel/forms", "FORM"),
    ):
        for path in (SOURCE / folder).glob("*.py"):
            if path.stem == "__init__":
                continue
            names = {
                target.id
                for node in ast.parse(path.read_text(encoding="utf-8")).body
                for target in (
                    node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                )
                if isinstance(target, ast.Name)
            }
            assert value in names, f"{module_id(path)} does not end with {value}"
