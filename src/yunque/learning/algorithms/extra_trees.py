"""Extremely randomised trees: random cuts, whole sample, averaged (Geurts et al., Machine Learning 2006)."""

from yunque.learning.algorithm import Algorithm, FitRequest, Fitted
from yunque.learning.bagged_trees import fit_forest, flatten_forest, forest_raw, tree_params
from yunque.learning.task import SUPERVISED


def _fit(request: FitRequest) -> Fitted:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    is_classification = request.task.is_classification
    params = tree_params(request, {"max_features": "sqrt" if is_classification else 1.0})
    model = ExtraTreesClassifier(**params) if is_classification else ExtraTreesRegressor(**params)
    return fit_forest(model, request, params["n_estimators"])


ALGORITHM = Algorithm(
    name="extra_trees",
    aliases=("et", "extra_trees_classifier", "extra_trees_regressor"),
    family="extra_trees",
    tasks=SUPERVISED,
    view="tree",
    requires=("sklearn",),
    fit=_fit,
    flatten=flatten_forest,
    native_raw=forest_raw,
    refit_params=lambda rounds: {"n_estimators": rounds},
    cost=lambda rows, columns, outputs: 0.3 + 5e-5 * rows * (columns**0.5 if outputs > 1 else columns),
)
