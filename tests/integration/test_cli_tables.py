"""Unusual tables and contracts on the command line: many columns, mixed types, a contract that is broken."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from yunque.surfaces.cli.app import run


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YUNQUE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("YUNQUE_DEBUG", raising=False)
    return tmp_path


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    capsys.readouterr()
    assert run([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_two_thousand_columns_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(0)
    wide = {f"f{i}": random.normal(size=80).round(3) for i in range(2000)}
    pl.DataFrame({**wide, "y": random.choice(["a", "b"], 80)}).write_csv("wide.csv")
    document = as_json(capsys, "check", "wide.csv", "--target", "y")
    assert len(document["contract"]["columns"]) == 2001 and not document["blocking"]


def odd_table(rows: int = 200) -> pl.DataFrame:
    random = np.random.default_rng(1)
    signal = random.normal(size=rows)
    return pl.DataFrame(
        {
            "class": signal.round(4),
            "mixed": [str(i % 7) if i % 3 else f"x{i % 5}" for i in range(rows)],
            "all missing": [None] * rows,
            "ñandú 🦤": random.choice(["a", "b"], rows),
            'quo"ted, name': random.integers(0, 5, rows),
            "line\nbreak": random.random(rows).round(3),
            "y": np.where(signal + random.normal(size=rows) > 0, 1, 0),
        }
    )


def test_odd_names_and_mixed_types_go_all_the_way(capsys: pytest.CaptureFixture[str]) -> None:
    odd_table().write_csv("odd.csv")
    trained = train(capsys, "odd.csv")
    told = as_json(capsys, "predict", trained["model"], "odd.csv", "-o", "out.parquet")
    assert (told["rows"], told["rejected"]) == (200, 0)
    answers = pl.read_parquet("out.parquet")
    assert answers["prediction"].dtype == pl.Int64 and set(answers["prediction"]) <= {0, 1}
    shown = as_json(capsys, "models", "show", trained["model"])
    assert shown["facts"]["task"]["classes"] == [0, 1]


def train(capsys: pytest.CaptureFixture[str], table: str, *options: str) -> Any:
    capsys.readouterr()
    arguments = [
        "train",
        table,
        "--target",
        "y",
        "--budget",
        "2s",
        "--algorithms",
        "logistic",
        "--name",
        "odd",
    ]
    assert run([*arguments, *options, "--json"]) in (0, 2)
    return json.loads(capsys.readouterr().out)


def test_a_broken_contract_stops_the_training_unless_that_is_accepted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    odd_table().write_csv("first.csv")
    assert run(["check", "first.csv", "--target", "y", "--write-contract", "contract.yaml"]) == 0
    later = odd_table().with_columns(pl.col("class").cast(pl.String))
    later = (
        later.with_columns(class_=pl.lit("?!"))
        .with_columns(pl.when(pl.int_range(pl.len()) == 5).then("class_").otherwise("class").alias("class"))
        .drop("class_")
    )
    later.write_csv("later.csv")
    refused = train(capsys, "later.csv", "--contract", "contract.yaml")["error"]
    assert refused["code"] == "contract" and "--accept contract_broken" in refused["hint"]
    assert any(record["column"] == "class" for record in refused["records"])
    trained = train(capsys, "later.csv", "--contract", "contract.yaml", "--accept", "contract_broken")
    assert trained["model"] == "odd@1"
    later.drop("ñandú 🦤").write_csv("short.csv")
    assert "ñandú" in train(capsys, "short.csv", "--contract", "contract.yaml")["error"]["message"]


@pytest.mark.parametrize(
    "content", ["", "[]", "a: 1", "name: [", "!!python/object/apply:os.system ['true']", "\x00"]
)
def test_a_file_that_is_no_contract_is_refused(content: str, capsys: pytest.CaptureFixture[str]) -> None:
    odd_table(40).write_csv("odd.csv")
    Path("contract.yaml").write_text(content)
    assert run(["check", "odd.csv", "--contract", "contract.yaml"]) in (1, 2)
    told = capsys.readouterr().err
    assert told.startswith("Error: ") and "Traceback" not in told


def test_an_edited_contract_decides(capsys: pytest.CaptureFixture[str]) -> None:
    odd_table().write_csv("odd.csv")
    assert run(["check", "odd.csv", "--target", "y", "--write-contract", "contract.yaml"]) == 0
    text = Path("contract.yaml").read_text(encoding="utf-8")
    assert "ñandú" in text
    document = as_json(capsys, "check", "odd.csv", "--contract", "contract.yaml", "--ignore", "mixed")
    roles = {column["name"]: column["role"] for column in document["contract"]["columns"]}
    assert roles["mixed"] == "ignore" and roles["y"] == "target"
