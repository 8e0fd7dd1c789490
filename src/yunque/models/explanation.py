"""Why a model answers as it does: what each column of a row adds to the score, and the model that asks it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from yunque.features.recipe import Recipe
from yunque.kernel.explain_blend import BlendExplanation, Space, explain_blend
from yunque.kernel.explain_form import Groups, Method
from yunque.kernel.form import FloatArray
from yunque.learning.task import Label, Task
from yunque.models.trusted_load import LoadedBundle

BACKGROUND_ROWS = 32
NUMBERS = 4e6  # that one block of rows may hold


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """What each column adds to the score of each row: base + sum over columns = score.

    Attributes:
        columns: features of the contract, C of them.
        outputs: what is scored: the positive class, or every class, or nothing in regression.
        space: the score's scale, before calibration: "value", "log_value", "probability", "log_odds",
            "softmax_score" (log-odds of the classes up to a number common to all) or "log_probability".
        base: (S,) score of a row of which nothing is known.
        values: (n, C, S).
        methods: per member: "tree" and "linear" are exact, "sampled" shares by sampled orders of the columns.
        evaluations: rows that sampled members evaluated per explained row.
    """

    columns: tuple[str, ...]
    outputs: tuple[Label, ...]
    space: Space
    base: FloatArray
    values: FloatArray
    methods: dict[str, Method]
    evaluations: int

    @property
    def scores(self) -> FloatArray:
        """The scores that are explained, (n, S)."""
        return np.asarray(self.base + self.values.sum(axis=1))

    def row(self, position: int) -> dict[str, Any]:
        """Give one row's explanation as JSON values; the columns that add most stand first."""
        values, scores = self.values[position], self.scores[position]
        order = np.argsort(-np.abs(values).max(axis=1), kind="stable").tolist()
        return {
            "space": self.space,
            "base": self._by_output(self.base),
            "contributions": {self.columns[i]: self._by_output(values[i]) for i in order},
            "score": self._by_output(scores),
        }

    def _by_output(self, numbers: FloatArray) -> Any:
        if len(self.outputs) < 2:
            return float(numbers[0])
        names = (str(o).lower() if isinstance(o, bool) else str(o) for o in self.outputs)
        return dict(zip(names, numbers.tolist(), strict=True))

    def frame(self, of: Sequence[int] | None = None) -> pl.DataFrame:
        """Give `explained_base`, `contribution_<column>` … and `explained_score` per row.

        Args:
            of: with one score per class: which class is explained, per row; 0 for all otherwise.
        """
        rows = np.arange(len(self.values))
        output = np.zeros(len(rows), np.int64) if of is None or len(self.base) == 1 else np.asarray(of)
        chosen = self.values[rows, :, output]
        columns = {f"contribution_{name}": chosen[:, i] for i, name in enumerate(self.columns)}
        facts = {"explained_base": self.base[output], **columns}
        return pl.DataFrame({**facts, "explained_score": self.scores[rows, output]})


class Explainer:
    """Explains one opened model's rows; it holds no state between calls, so threads may share it."""

    def __init__(
        self, bundle: LoadedBundle, background: Sequence[FloatArray], recipes: Sequence[Recipe]
    ) -> None:
        """Take a model with its golden rows encoded, one matrix per recipe.

        Members explained by sampling start from the first of them: an even spread of real rows, while edge
        cases come last.
        """
        self._task: Task = bundle.task
        self._blend = bundle.champion.blend
        count = max(1, min(BACKGROUND_ROWS, len(background[0]) // 2, bundle.manifest.dataset.rows))
        self._background = [np.ascontiguousarray(matrix[:count]) for matrix in background]
        self.columns = tuple(column.name for column in bundle.contract.schema.features)
        sources = [tuple(output.sources) for recipe in recipes for output in recipe.outputs]
        distinct = tuple(dict.fromkeys(sources))
        place = {each: i for i, each in enumerate(distinct)}
        self._groups = [
            Groups(
                of=np.array([place[tuple(output.sources)] for output in recipe.outputs], np.int64),
                count=len(distinct),
            )
            for recipe in recipes
        ]
        self._share = np.zeros((len(self.columns), len(distinct)))
        for each, group in place.items():
            for name in each:  # what is computed from several columns counts to all of them alike
                self._share[self.columns.index(name), group] += 1.0 / len(each)

    def explain(self, matrices: Sequence[FloatArray]) -> Explanation:
        """Explain rows: one (n, F_r) matrix per recipe."""
        rows = matrices[0].shape[0]
        groups, width = self._share.shape[1], max(1, self._blend.n_outputs)
        step = max(1, int(NUMBERS / max(1, groups * width)))
        parts = [
            explain_blend(self._blend, [m[at : at + step] for m in matrices], self._groups, self._background)
            for at in range(0, max(rows, 1), step)
        ]
        return self._joined(parts)

    def _joined(self, parts: Sequence[BlendExplanation]) -> Explanation:
        first = parts[0]
        classes = self._task.classes
        return Explanation(
            columns=self.columns,
            outputs=classes[1:] if len(first.base) == 1 else classes,
            space=first.space,
            base=first.base,
            values=np.concatenate([np.einsum("cg,ngs->ncs", self._share, part.values) for part in parts]),
            methods=first.methods,
            evaluations=first.evaluations,
        )
