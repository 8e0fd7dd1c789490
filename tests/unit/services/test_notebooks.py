"""R4's notebooks: well formed for any table, and run from top to bottom on the shipped generator."""

import json
import os
from pathlib import Path

import nbformat
import polars as pl
import pytest
from nbclient import NotebookClient

from yunque.errors import ConflictError, NotFoundError, UsageError
from yunque.services.notebooks import NotebookRequest, write_notebooks
from yunque.solutions.orders.solution import SOLUTION

NAMES = ["01_eda.ipynb", "02_feature_engineering.ipynb", "03_model_experiments.ipynb"]
HOSTILE = 'x\'); import os; os.abort() #\n"""'


def request(folder: Path, table: Path, **more: object) -> NotebookRequest:
    given = {"tables": [str(table)], "target": "buys", "name": "m", "output": folder / "notebooks", **more}
    return NotebookRequest(**given)  # type: ignore[arg-type]


def small(folder: Path, target: str = "buys") -> Path:
    path = folder / "in" / "clientes.parquet"
    path.parent.mkdir()
    pl.DataFrame({"a": range(20), target: ["sí", "no"] * 10}).write_parquet(path)
    return path


@pytest.mark.parametrize("language", ["en", "es"])
def test_they_are_well_formed_and_the_same_twice(tmp_path: Path, language: str) -> None:
    asked = request(tmp_path, small(tmp_path), language=language)
    paths = write_notebooks(asked)
    assert [path.name for path in paths] == NAMES
    before = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in write_notebooks(asked)] == before
    for path in paths:
        nbformat.validate(nbformat.read(path, as_version=4))
        for cell in json.loads(path.read_text())["cells"]:
            if cell["cell_type"] == "code":
                compile("".join(cell["source"]), path.name, "exec")
    assert "TABLE = '../in/clientes.parquet'" in paths[0].read_text()
    assert ("Exploración" in paths[0].read_text()) == (language == "es")


def test_a_name_from_the_table_is_never_code(tmp_path: Path) -> None:
    (path, *_) = write_notebooks(request(tmp_path, small(tmp_path, HOSTILE), target=HOSTILE))
    settings = "".join(json.loads(path.read_text())["cells"][1]["source"])
    scope: dict[str, object] = {}
    exec(compile("\n".join(settings.splitlines()[7:]), "cell", "exec"), scope)  # noqa: S102
    assert scope["TARGET"] == HOSTILE


def test_what_is_wrong_is_told_before_anything_is_written(tmp_path: Path) -> None:
    table = small(tmp_path)
    with pytest.raises(NotFoundError, match="bys"):
        write_notebooks(request(tmp_path, table, target="bys"))
    with pytest.raises(UsageError):
        write_notebooks(request(tmp_path, table, budget="soon"))
    assert not (tmp_path / "notebooks").exists()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / NAMES[1]).write_text("my own work")
    with pytest.raises(ConflictError, match="somebody worked on it"):
        write_notebooks(request(tmp_path, table))
    assert [path.name for path in (tmp_path / "notebooks").iterdir()] == [NAMES[1]]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
def test_they_run_from_top_to_bottom_on_the_shipped_generator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YUNQUE_HOME", str(tmp_path / "home"))
    orders = SOLUTION.enrich(SOLUTION.generate(3_000, 6))
    features = [column.name for column in SOLUTION.learnt.schema.features][:8]
    orders.select(*features, SOLUTION.target).write_parquet(tmp_path / "orders.parquet")
    paths = write_notebooks(
        request(tmp_path, tmp_path / "orders.parquet", target=SOLUTION.target, budget="20s", language="es")
    )
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}).execute()
        told = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
        assert told and not [each for each in told if each.output_type == "error"]
        conclusions = notebook.cells[-1].outputs[0].data["text/markdown"]
        assert conclusions.count("- ") >= 3 and " rows" not in conclusions
