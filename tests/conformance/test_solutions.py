"""What every solution promises: a new folder is tested by this file."""

import math
from functools import cache
from importlib import import_module
from pathlib import Path

import polars as pl
import pytest

from yunque.data.contract import Contract
from yunque.data.infer import Wishes
from yunque.learning.splits import SplitWish
from yunque.models.predictor import Predictor
from yunque.models.trusted_load import load_bundle
from yunque.runtime.clock import REAL_CLOCK
from yunque.services.train import Trained, TrainRequest, train
from yunque.solution import Solution
from yunque.solutions.registry import names, solution

ROWS, SEED = 4_000, 5
LEARNT_ROWS = 16_000  # enough for a baseline to be beaten by more than noise
QUICK = ("logistic_regression",)  # one candidate that ends by itself, long before the minute
LEARNING = [name for name in names() if solution(name).learns]
each_solution = pytest.mark.parametrize("name", names())
each_that_learns = pytest.mark.parametrize("name", LEARNING)


@cache
def generated(name: str) -> pl.DataFrame:
    return solution(name).generate(ROWS, SEED)


@cache
def learnt_table(name: str) -> pl.DataFrame:
    one = solution(name)
    return one.enrich(one.accept(one.generate(LEARNT_ROWS, SEED)).accepted)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory):
    """Train each solution once, on its generator."""

    @cache
    def make(name: str) -> Trained:
        one: Solution = solution(name)
        request = TrainRequest(
            source=learnt_table(name), name=f"{name}-promises", wishes=Wishes(target=one.target),
            contract=one.to_learn, task=one.task, metric=one.metric, budget="60s", varies=False,
            split=SplitWish(holdout=0.3), algorithms=QUICK, by="a test",
        )  # fmt: skip
        return train(request, tmp_path_factory.mktemp(name) / "bundle", REAL_CLOCK)

    return make


@each_solution
def test_its_contract_is_a_document_that_people_can_edit(name: str) -> None:
    for contract in {
        solution(name).contract.digest(): solution(name).contract,
        "": solution(name).to_learn,
    }.values():
        assert Contract.from_yaml(contract.to_yaml()) == contract


@each_solution
def test_its_generator_meets_its_contract_and_repeats_itself(name: str) -> None:
    one = solution(name)
    assert generated(name).equals(one.generate(ROWS, SEED), null_equal=True)
    assert not generated(name).equals(one.generate(ROWS, SEED + 1), null_equal=True)
    taken = one.accept(generated(name))
    assert taken.rejected.is_empty() and taken.accepted.height == generated(name).height
    needed = {column.name for column in one.contract.schema if column.required}
    assert needed <= set(generated(name).columns)


@each_solution
def test_bad_rows_come_back_with_their_reasons(name: str) -> None:
    one, table = solution(name), generated(name).head(50)
    for column in (column.name for column in one.contract.schema if not column.nullable):
        holed = table.with_columns(
            pl.when(pl.int_range(pl.len()) == 2).then(None).otherwise(pl.col(column)).alias(column)
        )
        taken = one.accept(holed)
        told = taken.rejected.row(0, named=True)
        assert (told["row"], told["column"]) == (3, column) and told["reason"]
        assert taken.rejected["row"].unique().to_list() == [3]
        assert taken.accepted.height == 49


@each_solution
def test_what_it_names_is_there(name: str) -> None:
    one = solution(name)
    entries = [
        *one.jobs.values(),
        *(route.entry for route in one.routes),
        *filter(None, [one.job_options, one.trainer]),
    ]
    for entry in entries:
        module, _, function = entry.partition(":")
        assert callable(getattr(import_module(module), function))
    for page in one.pages:
        assert {"en", "es"} <= set(page.title)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in names() if solution(name).trainer])
def test_its_own_training_repeats_itself_and_its_result_has_its_shape(name: str, tmp_path: Path) -> None:
    one = solution(name)
    module, _, function = one.trainer.partition(":")
    train_it = getattr(import_module(module), function)
    first, again = (train_it(generated(name), SEED, tmp_path / turn) for turn in ("first", "again"))
    assert one.result_faults(first) == () and one.result_faults({}) != ()
    assert first == again


@each_that_learns
def test_it_beats_its_baselines_or_ties_with_the_one_column_it_declares(name: str, trained) -> None:
    """Where a policy says that one column is all there is, a tie within noise is all that can be asked."""
    board = trained(name).leaderboard
    constant, single = board.baselines
    noise = 2.0 * math.hypot(board.champion_loss_error, single.loss_error)
    assert board.champion_loss < constant.loss - 2.0 * math.hypot(
        board.champion_loss_error, constant.loss_error
    )
    declared = solution(name).policy.ceiling_column
    if declared is None:
        assert board.champion_loss < single.loss
    else:
        assert single.column == declared and board.champion_loss <= single.loss + noise
    assert not board.alarms


@each_that_learns
def test_its_result_has_its_shape(name: str, trained) -> None:
    one = solution(name)
    predictor = Predictor.from_bundle(load_bundle(trained(name).bundle.folder))
    answers = predictor.predict_table(learnt_table(name).head(40)).frame
    if one.make_result is not None:
        document = one.make_result(answers)
        assert one.result_faults(document) == ()
        assert one.result_faults({}) != ()


@each_that_learns
def test_a_row_of_the_table_never_changes_when_later_rows_come(name: str) -> None:
    one = solution(name)
    time = next((column.name for column in one.contract.schema if column.role == "time"), None)
    if time is None:
        pytest.skip("its rows have no time")
    raw = one.accept(generated(name)).accepted
    cut = raw[time].quantile(0.6, "nearest")
    early = one.enrich(raw.filter(pl.col(time) <= cut))
    whole = one.enrich(raw).filter(pl.col(time) <= cut)
    strings = [pl.col(n).cast(pl.String) for n, kind in early.schema.items() if kind == pl.Categorical]
    keys = [*early.columns]
    left, right = (frame.with_columns(strings).sort(keys) for frame in (early, whole))
    assert left.equals(right, null_equal=True)
