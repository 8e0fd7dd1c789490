"""R5's pipeline from end to end: real files, a real training, a real server on loopback, R5's names."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from yunque.errors import TableError, UsageError
from yunque.services.orders_artifacts import RECORD, REPORT
from yunque.services.orders_inference import Door, ask_samples
from yunque.services.orders_options import check_options
from yunque.services.orders_request import OrdersRequest
from yunque.services.orders_run import OrdersHouse, run_orders
from yunque.services.pipeline_house import Served
from yunque.settings import Settings
from yunque.solutions.orders.columns import TARGET, TIME
from yunque.solutions.orders.generator import generate
from yunque.solutions.orders.questions import Question
from yunque.solutions.orders.result import DISTRIBUTIONS, RESULTS, faults
from yunque.surfaces.bootstrap import Platform, open_platform
from yunque.surfaces.loopback import loopback_server
from yunque.tracking.run_store import list_runs, read_run

ROWS = 8_000


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("orders")
    for number, part in enumerate(generate(ROWS, 6).iter_slices(2_000)):
        part.write_parquet(place / f"orders-{number}.parquet")
    return place


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    platform = open_platform(Settings(home=tmp_path_factory.mktemp("orders-home")))
    yield platform
    platform.database.engine.dispose()


def asked(source: Path, **changes: object) -> OrdersRequest:
    quick = OrdersRequest(
        source=source, budget="120s", algorithms=("logistic_regression", "logistic_regression_balanced"),
        varies=False, requirements=(), samples=12, max_concurrent=4, threads=1, by="a test", language="es",
    )  # fmt: skip
    return replace(quick, **changes)


def house(platform: Platform, scratch: Path, serve: object = None) -> OrdersHouse:
    return OrdersHouse(
        registry=platform.registry, clock=platform.clock, place=platform.settings.home / "orders",
        serve=serve or (lambda: loopback_server(platform.settings)), scratch=scratch,
        tracking=platform.tracking,
    )  # fmt: skip


@pytest.fixture(scope="module")
def out(files: Path, here: Platform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("out")
    return run_orders(asked(files), house(here, place / "scratch"), place / "run").folder


def read(folder: Path, name: str) -> dict:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def test_every_file_of_r5_is_there_by_its_name(out: Path) -> None:
    record = read(out, RECORD)
    assert record["run"] == "async_inference_run" and record["experiment"] == "digital_orders_new"
    assert record["model"]["name"] == "digital_orders_xgboost" and record["model"]["version"] == 1
    assert all((out / name).is_file() for name in record["artifacts"])
    metrics = record["metrics"]
    assert metrics["inference_samples"] == 12 and metrics["inference_success_rate"] == 1.0
    assert metrics["inference_avg_time_ms"] > 0 and metrics["inference_total_time_ms"] > 0
    counts = {name: metrics[f"pred_count_{name}"] for name in ("DIGITAL", "TELEFONO", "VENDEDOR")}
    assert sum(counts.values()) == 12
    document = read(out, DISTRIBUTIONS)
    assert faults(document) == () and document["predictions"] == counts
    results = json.loads((out / RESULTS).read_text())
    assert len(results) == 12 and all(0.99 < sum(r["probabilities"].values()) < 1.01 for r in results)
    assert not [path for path in out.parent.iterdir() if path.name.endswith(".part")]


def test_the_run_is_recorded_under_the_home_with_its_candidates(out: Path, here: Platform) -> None:
    record = next(
        found
        for folder in list_runs(here.settings.home / "runs")
        if (found := read_run(folder)).tags["model"] == "digital_orders_xgboost@1"
    )
    assert (record.experiment, record.name, record.kind) == (
        "digital_orders_new",
        "async_inference_run",
        "orders",
    )
    own = read(out, RECORD)
    assert record.metrics.items() >= own["metrics"].items()
    assert record.params["question"] == "next" and record.params["scoring_metric"] == "log_loss"
    assert {child.name for child in record.children} >= {
        "trial_logistic_regression", "trial_logistic_regression_balanced"
    }  # fmt: skip
    assert {RESULTS, DISTRIBUTIONS, "report.html", "model_report.html", "MODEL_CARD.md"} <= set(record.files)
    kept = here.settings.home / "runs"
    predictions = pl.read_csv(next(kept.glob("*/predictions.csv")))
    assert {"row", "truth", "prediction", "probability_DIGITAL"} <= set(predictions.columns)
    assert "mlflow_run_id" not in own  # absent, not null, where there is no MLflow


def test_the_table_is_split_in_time_and_judged_on_what_came_last(out: Path) -> None:
    table = pl.read_parquet(out / "data" / "processed" / "data_final.parquet")
    assert table.height == ROWS and TARGET in table.columns
    split = read(out, "split.json")
    assert split["kind"] == "time" and split["holdout"]["from"] > str(table[TIME].quantile(0.7))
    assert set(split["test_shares"]) == {"DIGITAL", "TELEFONO", "VENDEDOR"}


def test_candidates_are_compared_with_and_without_class_weights_both_ways(out: Path) -> None:
    document = read(out, "candidates.json")
    assert {row["class_weights"] for row in document["candidates"]} == {"none", "balanced"}
    finished = [row for row in document["candidates"] if row["f1_macro"] is not None]
    by_f1 = max(finished, key=lambda row: row["f1_macro"])
    assert document["picks"] == {"f1": by_f1["name"], "log_loss": "logistic_regression"}
    assert {baseline["name"] for baseline in document["baselines"]} == {"constant", "single_column"}


def test_a_tie_with_the_declared_column_is_put_on_record_by_name(out: Path, here: Platform) -> None:
    record = read(out, RECORD)
    version = here.registry.resolve("digital_orders_xgboost@1")
    history = here.registry.history("digital_orders_xgboost")
    promoted = [event for event in history if event.event == "promote"]
    assert record["model"]["promoted"] == ("champion" in version.aliases) == bool(promoted)
    assert promoted and "madurez_digital_cd" in json.dumps(promoted[0].details, default=str) + str(
        promoted[0]
    )


def test_the_call_list_ranks_every_client_with_reasons(out: Path) -> None:
    ranked = pl.read_csv(out / "a_quien_llamar.csv")
    assert ranked["ganancia_esperada"].is_sorted(descending=True)
    assert ranked["cliente_id"].n_unique() == ranked.height
    assert (ranked["llamar"] == (ranked["ganancia_esperada"] > 0)).all()
    first = ranked.row(0, named=True)
    assert "madurez_digital_cd = ALTA lo hace más probable" in first["motivos"]
    assert "madurez_digital_cd = ALTA makes it likelier" in first["reasons"]
    assert first["motivos"] in (out / "informe.html").read_text(encoding="utf-8")
    assert first["reasons"] in (out / "report.html").read_text(encoding="utf-8")
    lines = ranked.select(pl.sum_horizontal("^probabilidad_.*$")).to_series()
    assert lines.is_between(0.999, 1.001).all()


def test_the_report_stands_alone_in_both_languages(out: Path) -> None:
    for language, name in REPORT.items():
        text = (out / name).read_text(encoding="utf-8")
        assert f'<html lang="{language}">' in text and "<script" not in text and "://" not in text
    assert "A quién llamar" in (out / "informe.html").read_text(encoding="utf-8")


def test_nothing_is_left_of_a_run_that_fails_half_way(files: Path, here: Platform, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in files.iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    (broken / "orders-2.parquet").write_bytes(b"PAR1 cut off")
    before = len(here.registry.all_versions())
    with pytest.raises(TableError) as told:
        run_orders(asked(broken), house(here, tmp_path / "scratch"), tmp_path / "run")
    assert told.value.place["file"] == "orders-2.parquet"
    assert len(here.registry.all_versions()) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken"]


def test_a_server_that_does_not_answer_is_told_and_the_model_not_put_to_use() -> None:
    door = Door(address="http://127.0.0.1:9", path="/", headers={})
    tested = ask_samples(door, [({"a": 1}, "DIGITAL")] * 3, ("DIGITAL",), 2)
    assert tested.success_rate == 0.0 and tested.metrics()["inference_success_rate"] == 0.0
    assert all(answer.error for answer in tested.answers)
    assert faults(tested.distributions()) == ()


@pytest.mark.slow
def test_r5s_own_question_and_rows_are_a_switch(files: Path, here: Platform, tmp_path: Path) -> None:
    question = Question(asked="given", rows="client")

    @contextmanager
    def nowhere() -> Iterator[Served]:
        yield Served(address="http://127.0.0.1:9", headers={})

    request = asked(files, question=question, split="stratified", name="champion", choice="f1", samples=3)
    done = run_orders(request, house(here, tmp_path / "scratch", nowhere), tmp_path / "run")
    assert done.published.version.name.startswith("digital_orders_logistic_regression")
    assert not done.published.promoted  # nobody answered
    assert done.etl.table.height == done.etl.intake.orders["cliente_id"].n_unique()
    assert not (tmp_path / "run" / "a_quien_llamar.csv").exists()
    assert read(tmp_path / "run", "split.json")["kind"] == "random"


def test_options_of_a_job_are_looked_at_before_the_upload() -> None:
    check_options({"question": "given", "budget": "30s"})
    for wrong in (
        {"colour": 1},
        {"budget": "5m"},
        {"question": "why"},
        {"costs": "costs.csv"},
        {"samples": 0},
    ):
        with pytest.raises(UsageError):
            check_options(wrong)
