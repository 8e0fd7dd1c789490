"""Real predictors of the bundles that are kept to prove old formats."""

from functools import cache
from pathlib import Path

from yunque.models.predictor import Predictor
from yunque.models.trusted_load import load_bundle
from yunque.monitoring.answered_rows import AnsweredRows, Watched

BUNDLES = Path(__file__).parents[2] / "formats"
KINDS = ("binary", "multiclass", "regression")


@cache
def predictor(kind: str) -> Predictor:
    return Predictor.from_bundle(load_bundle(BUNDLES / f"bundle_1_{kind}"), version_label=f"{kind}@1")


def watched(kind: str = "binary", **changes: object) -> Watched:
    return Watched(name=kind, version=1, predictor=predictor(kind), **changes)  # type: ignore[arg-type]


def answered(
    source: Watched, count: int, at: float = 1_800_000_000.25, request_id: str = "r1"
) -> AnsweredRows:
    model = source.predictor
    rows = [model.read_record(model.golden.record(i % len(model.golden.rows))) for i in range(count)]
    return AnsweredRows(source, at, request_id, rows, model.answer_many_values(rows))
