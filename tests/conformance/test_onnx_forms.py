"""What an exported form promises: the numbers that the kernel gives, on ordinary rows and on strange ones."""

import numpy as np
import onnxruntime
import pytest
from small_tables import PAIRS, fit_easy, strange_rows

from yunque.errors import ModelError
from yunque.kernel.blend import Blend, Member
from yunque.kernel.form import Form
from yunque.kernel.link import apply_link
from yunque.learning.registry import algorithm
from yunque.learning.task import TaskKind
from yunque.models.export.onnx_forms import write_blend
from yunque.models.export.onnx_graph import Graph

WRITTEN = {"forest", "oblivious", "linear", "network"}
QUICK = {"lightgbm", "xgboost", "catboost", "random_forest", "logistic_regression", "least_squares", "mlp"}
OTHERS = [pytest.param(*pair, marks=pytest.mark.slow) for pair in PAIRS if pair[0] not in QUICK]


def answers_of(form: Form, x: np.ndarray, precision: str = "float64") -> np.ndarray:
    graph = Graph(precision)  # type: ignore[arg-type]
    names = [graph.take_input(f"x{place}", graph.real_type, "") for place in range(x.shape[1])]
    matrix = graph.add("Concat", *names, axis=1)
    outputs = apply_link(form.link, form.raw(x[:1])).shape[1]
    blend = Blend(members=(Member(name="m", form=form, recipe=0, weight=1.0),), n_outputs=outputs)
    graph.give_output(write_blend(graph, blend, {0: matrix}), "y", graph.real_type, ["rows", outputs])
    session = onnxruntime.InferenceSession(graph.model("m", {}).SerializeToString())
    given = {name: x[:, [place]].astype(precision) for place, name in enumerate(names)}
    return np.asarray(session.run(None, given)[0])


@pytest.mark.parametrize(("name", "kind"), [*(pair for pair in PAIRS if pair[0] in QUICK), *OTHERS])
def test_a_graph_answers_as_the_kernel_does(name: str, kind: TaskKind) -> None:
    request, _, form = fit_easy(name, kind)
    if form.kind not in WRITTEN:
        with pytest.raises(ModelError, match=f"no equivalent of the member 'm' of kind '{form.kind}'"):
            answers_of(form, request.train.x)
        return
    # xgboost sums in float32, as the kernel does after it; a graph sums in float64
    tolerance = 1e-5 if form.to_arrays()[0].get("sums") == "float32" else 1e-9
    for rows in (request.train.x, strange_rows(algorithm(name).view)):
        x = rows.copy()
        x[:, request.categorical] = np.trunc(x[:, request.categorical])  # steps give whole codes
        expected = apply_link(form.link, form.raw(x))
        got = answers_of(form, np.ascontiguousarray(x))
        assert np.isfinite(got).all()
        scale = np.maximum(np.abs(expected), np.abs(expected).std() + 1e-9)
        assert (np.abs(got - expected) / scale).max() <= tolerance
