"""A whole blend explained: its members' contributions carried through their links into one score.

A blend averages predictions, so its score is no sum of its members' raw scores. What a member's column adds
to its raw score is carried through the link as Aumann and Shapley share a function of several causes: along
the straight line from base to row, every cause gets its partial derivative, integrated ("integrated
gradients", Sundararajan et al., ICML 2017; for one raw score this is the rescale rule by which Chen, Lundberg
and Lee, Nature Communications 2022, explain series of models). It sums exactly, and a linear link changes
nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from yunque.kernel.blend import Blend, Member
from yunque.kernel.explain_form import Contributions, Groups, Method, explain_form
from yunque.kernel.form import FloatArray, Link
from yunque.kernel.link import apply_link

Space = Literal["value", "log_value", "probability", "log_odds", "softmax_score", "log_probability"]
SINGLE: dict[Link, Space] = {
    "sigmoid": "log_odds",
    "softmax": "softmax_score",
    "exp": "log_value",
    "expm1": "log_value",
    "complement": "probability",
}
POINTS = 32  # of Gauss and Legendre, along the line
NARROW = 1e-6  # closer than this a difference quotient is its derivative
SMALLEST = 1e-12  # probabilities are cut here before a logarithm is taken


@dataclass(frozen=True, kw_only=True, eq=False)
class BlendExplanation:
    """What every group of columns adds, before calibration.

    Attributes:
        space: what is explained: "value"; "log_value"; "probability"; "log_odds" of the positive class;
            "softmax_score" of each class (its log-odds up to a number common to all classes);
            "log_probability" of each class.
        base: (S,) S = 1 in regression and binary tasks (the positive class), else one per class.
        values: (n, G, S).
        methods: per member, how it was explained.
        evaluations: rows that sampled members evaluated per explained row.
    """

    space: Space
    base: FloatArray
    values: FloatArray
    methods: dict[str, Method]
    evaluations: int

    @property
    def scores(self) -> FloatArray:
        """The scores that are explained, (n, S): base + sum over groups."""
        return np.asarray(self.base + self.values.sum(axis=1))


def explain_blend(
    blend: Blend,
    matrices: Sequence[FloatArray],
    groups: Sequence[Groups],
    backgrounds: Sequence[FloatArray],
) -> BlendExplanation:
    """Explain rows.

    Args:
        blend: the members; the calibration is not part of what is explained.
        matrices: one (n, F_r) per recipe.
        groups: per recipe, which of its columns belong together; the same groups for all recipes.
        backgrounds: one (B, F_r) per recipe: ordinary rows, for members that are explained by sampling.
    """
    made = {}
    for place, member in enumerate(blend.members):
        r = member.recipe
        made[place] = explain_form(member.form, matrices[r], groups[r], backgrounds[r])
    space, base, values = _joint(blend, made)
    return BlendExplanation(
        space=space,
        base=base,
        values=values,
        methods={member.name: made[i].method for i, member in enumerate(blend.members)},
        evaluations=sum(each.evaluations for each in made.values()),
    )


def _joint(blend: Blend, made: Mapping[int, Contributions]) -> tuple[Space, FloatArray, FloatArray]:
    """Choose the space, and bring the members' contributions into it."""
    if len(made) == 1:
        link, only = blend.members[0].form.link, made[0]
        identity: Space = "value" if blend.n_outputs == 1 else "probability"
        base, values = _of_positive(only.base, only.values, blend.n_outputs)
        return SINGLE.get(link, identity), base, values
    base, values = np.zeros(blend.n_outputs), np.zeros(())
    for place, member in enumerate(blend.members):
        start, added = _predictions(member, made[place])
        base, values = base + member.weight * start, values + member.weight * added
    base, values = _of_positive(base, values, blend.n_outputs)
    if blend.n_outputs == 1:
        return "value", base, values
    if all(member.form.link in ("identity", "complement") for member in blend.members):
        return "probability", base, values
    space: Space = "log_odds" if blend.n_outputs == 2 else "log_probability"
    return space, *_logarithms(base, values, odds=blend.n_outputs == 2)


def _of_positive(base: FloatArray, values: FloatArray, n_outputs: int) -> tuple[FloatArray, FloatArray]:
    """Keep the positive class of two."""
    return (base[1:], values[:, :, 1:]) if n_outputs == 2 and base.size == 2 else (base, values)


def _predictions(member: Member, made: Contributions) -> tuple[FloatArray, FloatArray]:
    """Carry a member's contributions through its link: to base (C,) and values (n, G, C)."""
    link, base = member.form.link, made.base[None]
    start = apply_link(link, base)[0]
    if link == "identity":
        return start, made.values
    if link == "softmax":
        return start, _through_softmax(made)
    if link == "complement":
        return start, np.concatenate((-made.values, made.values), axis=2)
    end, before = apply_link(link, made.scores)[:, -1:], start[-1:]
    middle = 0.5 * (made.scores + base)
    slope = _slope(made.scores - base, end - before, _derivative(link, middle))
    values = made.values * slope[:, None]
    return start, np.concatenate((-values, values), axis=2) if link == "sigmoid" else values


def _derivative(link: Link, raw: FloatArray) -> FloatArray:
    """Give the derivative of a link of one raw score."""
    given = apply_link(link, raw)[:, -1:]
    if link == "sigmoid":
        return given * (1.0 - given)
    return given + 1.0 if link == "expm1" else given


def _slope(
    change: FloatArray, effect: FloatArray, derivative: FloatArray, size: FloatArray | float = 1.0
) -> FloatArray:
    """Give effect / change, or the derivative where the change is next to nothing beside `size`."""
    narrow = np.abs(change) < NARROW * size
    return np.where(narrow, derivative, effect / np.where(narrow, 1.0, change))


def _through_softmax(made: Contributions) -> FloatArray:
    """Integrate the softmax's derivative along the line; what quadrature misses is shared as the changes."""
    values, scores = made.values, made.scores
    change = scores - made.base
    out = np.zeros_like(values)
    points, weights = np.polynomial.legendre.leggauss(POINTS)
    for point, weight in zip(points, weights, strict=True):
        p = apply_link("softmax", np.ascontiguousarray(made.base + 0.5 * (point + 1.0) * change))
        moved = np.einsum("ngk,nk->ng", values, p)
        out += 0.5 * weight * p[:, None] * (values - moved[:, :, None])
    effect = apply_link("softmax", scores) - apply_link("softmax", made.base[None])
    missed = effect - out.sum(axis=1)
    size = (change**2).sum(axis=1, keepdims=True)
    share = np.einsum("ngk,nk->ng", values, change / np.where(size > 0.0, size, 1.0))
    return np.asarray(out + share[:, :, None] * missed[:, None])


def _logarithms(base: FloatArray, values: FloatArray, *, odds: bool) -> tuple[FloatArray, FloatArray]:
    """Carry contributions to probabilities on to their log-odds or logarithms."""
    start = np.clip(base, SMALLEST, 1.0 - SMALLEST)
    end = np.clip(base + values.sum(axis=1), SMALLEST, 1.0 - SMALLEST)

    def score(p: FloatArray) -> FloatArray:
        return np.asarray(np.log(p) - np.log1p(-p) if odds else np.log(p))

    middle = 0.5 * (start + end)
    derivative = 1.0 / (middle * (1.0 - middle)) if odds else 1.0 / middle
    # between cut ends the slope is that of the probabilities as they were, so that the sum stays exact
    size = np.minimum(middle, 1.0 - middle)
    slope = _slope(values.sum(axis=1), score(end) - score(start), derivative, size)
    return score(start), values * slope[:, None]
