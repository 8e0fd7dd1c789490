"""An opened model explains rows: columns of the contract, sums that hold, the same bits in any company."""

import numpy as np
import pytest
from bundle_world import World

from yunque.errors import ContractError
from yunque.learning.task import TaskKind

SPACES = {
    TaskKind.BINARY: ("log_odds", ("yes",)),
    TaskKind.MULTICLASS: ("log_probability", (0, 1, 2)),
    TaskKind.REGRESSION: ("value", ()),
}


def test_contributions_of_contract_columns_sum_to_the_score(world: World) -> None:
    predictor = world.predictor
    found = predictor.explain(world.frame)
    space, outputs = SPACES[predictor.task.kind]
    assert (found.space, found.outputs, found.columns) == (space, outputs, predictor.fields)
    assert found.methods == dict.fromkeys(found.methods, "tree") | {list(found.methods)[1]: "linear"}
    mean = predictor.champion.blend.mean(predictor.evaluator.encode(world.frame))
    expected = {
        TaskKind.BINARY: lambda: np.log(mean[:, 1:] / mean[:, :1]),
        TaskKind.MULTICLASS: lambda: np.log(mean),
        TaskKind.REGRESSION: lambda: mean,
    }[predictor.task.kind]()
    np.testing.assert_allclose(found.scores, expected, rtol=0, atol=1e-9)


def test_the_columns_that_made_the_answer_stand_first(world: World) -> None:
    found = world.predictor.explain(world.frame)
    mean = dict(zip(found.columns, np.abs(found.values).mean(axis=(0, 2)), strict=True))
    strongest = sorted(mean, key=lambda name: -mean[name])[:3]
    assert "amount €" in strongest
    row = found.row(0)
    sizes = [
        np.abs(np.array([*value.values()] if isinstance(value, dict) else value)).max()
        for value in row["contributions"].values()
    ]
    assert sizes == sorted(sizes, reverse=True)


def test_one_row_is_explained_as_in_a_batch(world: World) -> None:
    predictor = world.predictor
    records = [predictor.golden.record(i) for i in range(5)]
    together = predictor.explain(records)
    for i, record in enumerate(records):
        np.testing.assert_array_equal(predictor.explain(record).values[0], together.values[i])


def test_a_row_that_breaks_the_contract_is_refused(world: World) -> None:
    with pytest.raises(ContractError):
        world.predictor.explain({"amount €": "plenty"})


def test_no_rows_are_explained_to_nothing(world: World) -> None:
    assert world.predictor.explain(world.frame.head(0)).values.shape[0] == 0
