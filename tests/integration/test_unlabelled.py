"""A table without answers, from a file to HTTP: anomalies and clusters by the command line and its server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from small_models import LIMITS, client_of

from yunque.services.score import Shelf
from yunque.settings import Settings
from yunque.surfaces.bootstrap import open_platform
from yunque.surfaces.cli.app import run
from yunque.surfaces.http.serving import Serving

CENTRES = np.array([[0.0, 0.0], [6.0, 1.0], [1.0, 6.0]])


def purchases(rows: int = 400) -> pl.DataFrame:
    """Three kinds of purchase, and a few that are like none."""
    rng = np.random.default_rng(3)
    kind = rng.choice(3, rows, p=[0.5, 0.3, 0.2])
    at = CENTRES[kind] + rng.normal(scale=0.7, size=(rows, 2))
    odd = np.arange(rows) % 50 == 7
    at[odd] += 12.0
    return pl.DataFrame(
        {
            "amount": at[:, 0],
            "items": at[:, 1],
            "noise": rng.normal(size=rows),
            "shop": [("north", "south", "west")[each] for each in kind],
            "kind": kind,
            "odd": odd,
        }
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("unlabelled")


@pytest.fixture(scope="module")
def yunque(place: Path) -> Any:
    """Run commands in one home for the module; both models are trained in it."""
    patch = pytest.MonkeyPatch()
    patch.chdir(place)
    patch.setenv("YUNQUE_HOME", str(place / "yunque"))
    patch.setenv("YUNQUE_THREADS", "1")
    purchases().write_csv(place / "purchases.csv")
    common = ("--budget", "20s", "--seed", "3")
    anomaly = ("train", "purchases.csv", "--task", "anomaly", "--name", "odd", "--models", "iforest,pca,kmeans",
               "--contamination", "0.02", "--label", "odd", "--ignore", "kind", *common)  # fmt: skip
    clusters = ("train", "purchases.csv", "--task", "clusters", "--name", "kinds", "--models", "kmeans",
                "--clusters", "3", "--label", "kind", "--ignore", "odd", "--lang", "es", *common)  # fmt: skip
    codes = [run(list(each)) for each in (anomaly, clusters)]
    assert codes == [0, 0]
    yield run
    patch.undo()


@pytest.fixture
def answer(yunque: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    def ask(*words: str, code: int = 0) -> Any:
        assert yunque([*words, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return ask


def test_what_was_proved_stands_in_the_manifest(answer: Callable[..., Any]) -> None:
    odd = answer("models", "show", "odd")
    assert odd["baselines"][0]["name"] == "chance"
    assert odd["metrics"]["label_roc_auc"] > 0.95 and odd["metrics"]["stability"] > 0.5
    kinds = answer("models", "show", "kinds")
    assert kinds["baselines"][0]["name"] == "permuted_columns"
    shuffled = kinds["baselines"][0]["metrics"]
    assert kinds["metrics"]["silhouette"] > shuffled["silhouette"] + 0.1
    assert kinds["metrics"]["label_rand"] > 0.9


def test_a_file_is_scored(answer: Callable[..., Any], place: Path) -> None:
    answer("predict", "odd", "purchases.csv", "-o", "odd.parquet")
    found = pl.read_parquet(place / "odd.parquet")
    assert {"prediction", "score", "percentile"} <= set(found.columns)
    assert found["prediction"].sum() == round(0.02 * 400)
    assert found["percentile"].is_between(0, 100).all()
    assert found.sort("score")["percentile"].is_sorted()
    truth = pl.Series(np.arange(400) % 50 == 7)
    assert found.filter(truth)["percentile"].min() > 90  # type: ignore[operator]
    answer("predict", "kinds", "purchases.csv", "-o", "kinds.csv")
    clusters = pl.read_csv(place / "kinds.csv")
    assert clusters["prediction"].unique().sort().to_list() == [0, 1, 2]
    counts = clusters["prediction"].value_counts().sort("prediction")["count"].to_list()
    assert counts == sorted(counts, reverse=True)
    assert (clusters["distance"] >= 0).all()


def test_http_answers_as_the_command_line_does(yunque: Callable[..., int], place: Path) -> None:
    rows = purchases().drop("kind", "odd").head(20).to_dicts()
    shelf = Shelf(open_platform(Settings(home=place / "yunque")).registry)
    with client_of(Serving(shelf=shelf, limits=LIMITS, poll_seconds=0.1)) as client:
        for name, keys in (("odd", {"score", "percentile"}), ("kinds", {"distance"})):
            one = client.post(f"/api/v1/models/{name}/predict", json=rows[0])
            assert one.status_code == 200, one.text
            assert set(one.json()) == {"prediction", "model_version"} | keys
            many = client.post(f"/api/v1/models/{name}/predict/batch", json={"instances": rows})
            assert many.json()["predictions"][0] == one.json()
            assert client.get("/openapi.json").status_code == 200
            described = client.get(f"/api/v1/models/{name}")
            assert described.status_code == 200, described.text
            inputs = [
                {"name": key, "shape": [1], "datatype": "BYTES" if key == "shop" else "FP64", "data": [value]}
                for key, value in rows[0].items()
            ]
            open_door = client.post(f"/v2/models/{name}/infer", json={"inputs": inputs})
            assert open_door.status_code == 200, open_door.text
            named = {each["name"]: each["data"][0] for each in open_door.json()["outputs"]}
            assert named == {key: one.json()[key] for key in named}
            assert set(named) == {"prediction"} | keys


def test_the_report_speaks_the_language_of_the_person(yunque: Callable[..., int], place: Path) -> None:
    reports = {path.parent: path.read_text() for path in place.rglob("report.html")}
    spanish = [text for text in reports.values() if "¿Qué filas van juntas?" in text]
    english = [text for text in reports.values() if "Which rows are unusual?" in text]
    assert spanish and english
    assert "columnas barajadas" in spanish[0] and "Silueta" in spanish[0]
    assert "A ranking by chance" in english[0]
    cards = [path.read_text() for path in place.rglob("MODEL_CARD.md")]
    assert any("ninguno: se aprende de filas sin respuesta" in card for card in cards)


def test_a_replay_gives_the_same_bytes(answer: Callable[..., Any]) -> None:
    for name in ("odd", "kinds"):
        assert answer("replay", f"{name}@1")["identical"] is True


WRONG = {
    "a target": (("--task", "anomaly", "--target", "odd"), "--label"),
    "no target": ((), "no target column"),
    "more clusters than rows": (("--task", "clusters", "--clusters", "200"), "clusters cannot be made"),
    "one cluster": (("--task", "clusters", "--clusters", "1"), "cannot be looked for"),
    "no number of clusters": (("--task", "clusters", "--clusters", "some"), "no number of clusters"),
    "everything is odd": (("--task", "anomaly", "--contamination", "0.9"), "no share of rows"),
    "a learner of answers": (("--task", "clusters", "--models", "lightgbm"), "does not answer"),
    "an anomaly learner": (("--task", "clusters", "--models", "iforest"), "does not answer"),
    "an upstream name": (("--task", "clusters", "--models", "optics"), "k_means"),
    "no such label": (("--task", "clusters", "--label", "nope"), "nope"),
    "a label of many values": (("--task", "anomaly", "--label", "amount"), "distinct values"),
    "groups": (("--task", "anomaly", "--sensitive", "shop"), "no groups"),
    "a label beside a target": (("--target", "odd", "--label", "kind"), "without a target"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_wish_is_told(what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
                              monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YUNQUE_HOME", str(tmp_path / "yunque"))
    purchases(60).write_csv("p.csv")
    words, told = WRONG[what]
    assert run(["train", "p.csv", *words, "--budget", "5s"]) in (1, 2)
    shown = " ".join(capsys.readouterr().err.split())
    assert told in shown and "Traceback" not in shown
