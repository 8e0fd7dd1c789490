"""Drift and late labels by command line and HTTP, over answers that a log really holds."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from small_models import LIMITS, client_of
from watched_home import ROWS, fill_log, watched_home

from yunque.models.registry import Registry
from yunque.monitoring.prediction_log import PredictionLog
from yunque.services.score import Shelf
from yunque.surfaces.bootstrap import Platform
from yunque.surfaces.cli.app import run
from yunque.surfaces.http.serving import Serving
from yunque.surfaces.http.watch import Watch


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with pytest.MonkeyPatch.context() as patched:
        home = tmp_path_factory.mktemp("watched") / "home"
        patched.setenv("YUNQUE_HOME", str(home))
        with watched_home(home) as found:
            yield found


@pytest.fixture(scope="module")
def log(platform: Platform) -> PredictionLog:
    return fill_log(platform)


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int) -> Any:
    capsys.readouterr()
    assert run([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_the_log_is_measured_by_command_and_by_http(
    platform: Platform, log: PredictionLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "drift.html"
    found = told(capsys, "drift", "late", "--html", str(report), "--lang", "es", code=2)
    assert found["rows"] == ROWS and "city" in found["alarms"]
    city = next(column for column in found["columns"] if column["name"] == "city")
    assert city["unseen"] == ["Atlantis"] and city["unseen_cells"] == ROWS
    assert {note["note"] for note in found["notes"]} == {"no_sample"}  # a bundle of an older release
    text = report.read_text(encoding="utf-8")
    assert "Qué cambió" in text and "<script" not in text and str(tmp_path) not in text
    serving = Serving(shelf=Shelf(platform.registry), limits=LIMITS, watch=Watch(log))
    with client_of(serving) as client:
        answer = client.get("/api/v1/models/late/drift", params={"days": 30})
        assert answer.status_code == 200 and answer.json()["alarms"] == found["alarms"]
        assert client.get("/api/v1/models/nobody/drift").status_code == 404
        assert client.get("/api/v1/models/late/drift?version=2").status_code == 404
        assert client.get("/api/v1/models/late/drift?days=0").status_code == 422
    with client_of(Serving(shelf=Shelf(platform.registry), limits=LIMITS)) as client:
        answer = client.get("/api/v1/models/late/drift")
        assert answer.status_code == 409 and "YUNQUE_PREDICTION_LOG" in answer.json()["hint"]


def test_a_table_like_the_training_moves_nothing_and_people_read_so(
    platform: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = platform.registry.open("late@1")
    table = tmp_path / "today.ndjson"
    pl.DataFrame([model.golden.record(i) for i in range(12)]).write_ndjson(table)
    code = run(["drift", "late", str(table)])
    text = capsys.readouterr().out
    assert code == 0 and "look like those that the model learnt from" in text
    assert run(["drift", "late", str(table), "--lang", "fr"]) == 1
    assert "no report in 'fr'" in capsys.readouterr().err


def test_late_labels_are_kept_joined_and_measured(
    platform: Platform, log: PredictionLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del log
    table = tmp_path / "truth.csv"
    rows = [(f"r{n // 10}", n % 10, "yes" if n % 2 else "no") for n in range(ROWS - 1)]
    pl.DataFrame(
        [*rows, ("r29", 9, "perhaps")], schema=["request_id", "row", "outcome"], orient="row"
    ).write_csv(table)
    found = told(capsys, "outcomes", "late", str(table), "--challenger", "2", code=2)
    assert (found["kept"], found["all"]["rows"], found["unreadable"]) == (ROWS, ROWS - 1, 1)
    assert [window["rows"] for window in found["windows"]] == [150, 149] and found["all"]["has_fallen"]
    assert sum(tenth["rows"] for tenth in found["calibration"]) == ROWS - 1
    duel = found["challenge"]["duel"]
    assert duel["gain"] == 0.0 and duel["winner"] == "undecided"  # the same bundle twice
    report = tmp_path / "live.html"
    again = told(capsys, "outcomes", "late", "--html", str(report), "--lang", "es", code=2)
    assert "late@1 en uso" in report.read_text(encoding="utf-8")
    assert again["kept"] == 0 and again["all"] == found["all"]
    assert run(["outcomes", "late", "--lang", "es"]) == 2
    assert "Peor que en el entrenamiento" in capsys.readouterr().out


def test_outcomes_that_cannot_be_joined_say_so(
    platform: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert isinstance(platform.registry, Registry)
    for text, said in (
        ("a,b\n1,2\n", "no column 'request_id'"),
        ("request_id,outcome\na,1\na,2\n", "two outcomes"),
    ):
        table = tmp_path / "t.csv"
        table.write_text(text)
        assert run(["outcomes", "late", str(table)]) == 2
        assert said in capsys.readouterr().err
    assert run(["outcomes", "late@2"]) == 1
    assert "No outcome belongs" in capsys.readouterr().err
