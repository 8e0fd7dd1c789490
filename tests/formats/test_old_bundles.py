"""Bundles written by older releases still open and still give the same bits."""

from pathlib import Path

import pytest

from yunque.data.table import read_table
from yunque.learning.task import SUPERVISED, TaskKind
from yunque.models.golden import check_golden
from yunque.models.manifest import FORMAT
from yunque.models.predictor import Predictor
from yunque.models.trusted_load import load_bundle

HERE = Path(__file__).parent
BUNDLES = sorted(path for path in HERE.glob("bundle_*") if path.is_dir())
ANSWERS = {TaskKind.BINARY: {"no", "yes"}, TaskKind.MULTICLASS: {0, 1, 2}, TaskKind.REGRESSION: None}


def test_every_format_that_was_ever_written_is_here() -> None:
    names = {path.name for path in BUNDLES}
    assert names == {
        f"bundle_{number}_{kind}" for number in range(1, FORMAT + 1) for kind in sorted(SUPERVISED)
    }


@pytest.mark.parametrize("folder", BUNDLES, ids=lambda path: path.name)
def test_an_old_bundle_opens_and_answers_to_the_bit(folder: Path) -> None:
    loaded = load_bundle(folder)
    predictor = Predictor.from_bundle(loaded)
    assert check_golden(predictor) == ()
    prediction = predictor.predict_row(predictor.example)
    answers = ANSWERS[predictor.task.kind]
    if answers is None:
        assert isinstance(prediction.value, float) and prediction.interval is not None
    else:
        assert prediction.value in answers and prediction.probabilities is not None
    assert loaded.manifest.candidates and loaded.manifest.baselines
    assert read_table(folder / "leaderboard.csv")["name"][0] == "champion"
