"""The whole journey once: table, contract, training, bundle, predictor; the same bits at both ends."""

import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from yunque.data.infer import Wishes, infer_contract
from yunque.data.validate import check_table
from yunque.learning.budget import Budget
from yunque.learning.infer_task import infer_task
from yunque.learning.learn import LearnRequest, learn
from yunque.learning.splits import SplitWish
from yunque.models.bundle import PackContext, pack
from yunque.models.gates import check_gates
from yunque.models.golden import check_golden
from yunque.models.predictor import Predictor
from yunque.models.trusted_load import load_bundle


def raw_table(rows: int = 400) -> pl.DataFrame:
    """Text as a CSV gives it: decimal commas, words for truth, gaps, dates."""
    random = np.random.default_rng(11)
    price = np.round(random.gamma(2.0, 40.0, rows), 2)
    region = random.choice(["norte", "sur", "ñandú", "este"], rows)
    vip = random.random(rows) < 0.3
    score = price / 60 + (region == "sur") * 1.2 - vip * 1.1 + random.normal(0, 0.6, rows)
    return pl.DataFrame(
        {
            "pedido": [f"P-{i:05d}" for i in range(rows)],
            "precio": [f"{p:.2f}".replace(".", ",") if i % 13 else "" for i, p in enumerate(price)],
            "región": list(region),
            "vip": np.where(vip, "sí", "no").tolist(),
            "fecha": [f"2023-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(rows)],
            "devuelto": np.where(score > np.median(score), "yes", "no").tolist(),
            "valor": [f"{s:.4f}" for s in score],
        }
    )


@pytest.mark.parametrize(("target", "task"), [("devuelto", "auto"), ("valor", "regression")])
def test_what_was_learnt_is_what_is_answered(tmp_path: Path, target: str, task: str) -> None:
    raw = raw_table().drop("valor" if target == "devuelto" else "devuelto")
    contract, _ = infer_contract(raw, Wishes(target=target), name="pedidos")
    frame = check_table(contract, raw, need_target=True).frame
    question = infer_task(contract, frame, task)
    board = learn(
        LearnRequest(
            frame=frame,
            schema=contract.schema,
            task=question,
            budget=Budget(seconds=3.0, clock=time.monotonic),
            split=SplitWish(holdout=0.25),
            threads=1,
        )
    )
    context = PackContext(name="pedidos", frame=frame, created=datetime(2026, 1, 1, tzinfo=UTC))
    bundle = pack(board, contract, context, tmp_path / "bundle")
    predictor = Predictor.from_bundle(load_bundle(bundle.folder))

    held_out = board.held_out
    assert held_out.kind == "test" and len(held_out.rows) == 100
    table = predictor.predict_table(raw)
    columns = [f"probability_{label}" for label in predictor.classes] or ["prediction"]
    outputs = table.frame[held_out.rows].select(columns).to_numpy()
    assert outputs.tobytes() == held_out.predictions.tobytes()
    rows = raw.select(predictor.fields).head(20).to_dicts()
    assert (
        predictor.evaluate_rows(rows).tobytes() == table.frame.select(columns).head(20).to_numpy().tobytes()
    )
    assert check_golden(predictor) == ()
    assert table.rejected == ()
    gaps = check_gates(bundle.manifest, predictor)
    assert "golden" not in {gap.gate for gap in gaps}
    assert bundle.manifest.candidates and bundle.manifest.plan
