"""Random forest: best cuts on bootstrap samples, averaged (Breiman, Machine Learning 2001)."""

from yunque.learning.algorithm import Algorithm, FitRequest, Fitted
from yunque.learning.bagged_trees import fit_forest, flatten_forest, forest_raw, tree_params
from yunque.learning.task import SUPERVISED


def _fit(request: FitRequest) -> Fitted:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    is_classification = request.task.is_classification
    params = tree_params(request, {"max_features": "sqrt" if is_classification else 0.5})
    model = RandomForestClassifier(**params) if is_classification else RandomForestRegressor(**params)
    return fit_forest(model, request, params["n_estimators"])


ALGORITHM = Algorithm(
    name="random_forest",
    aliases=("rf", "random_forest_classifier", "random_forest_regressor"),
    family="random_forest",
    tasks=SUPERVISED,
    view="tree",
    requires=("sklearn",),
    fit=_fit,
    flatten=flatten_forest,
    native_raw=forest_raw,
    refit_params=lambda rounds: {"n_estimators": rounds},
    cost=lambda rows, columns, outputs: 0.5 + 2e-4 * rows * (columns**0.5 if outputs > 1 else columns / 2),
)
