"""One tree that a person can read (Breiman et al., Classification and Regression Trees 1984)."""

from yunque.learning.algorithm import Algorithm, FitRequest, Fitted
from yunque.learning.bagged_trees import fit_tree, flatten_forest, forest_raw, tree_params
from yunque.learning.task import SUPERVISED


def _fit(request: FitRequest) -> Fitted:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    leaf = max(3, min(50, request.train.x.shape[0] // 100))
    params = tree_params(request, {"min_samples_leaf": leaf})
    del params["n_estimators"]
    model = (DecisionTreeClassifier if request.task.is_classification else DecisionTreeRegressor)(**params)
    fitted = fit_tree(model, request)
    if request.task.is_classification:
        tree = model.tree_
        rows = tree.weighted_n_node_samples[:, None, None]
        tree.value[:] = (tree.value * rows + tree.value[0]) / (rows + 1.0)  # one more row, of average classes
    return fitted


ALGORITHM = Algorithm(
    name="decision_tree",
    aliases=("tree", "cart", "decision_tree_classifier", "decision_tree_regressor"),
    family="decision_tree",
    tasks=SUPERVISED,
    view="tree",
    requires=("sklearn",),
    fit=_fit,
    flatten=flatten_forest,
    native_raw=forest_raw,
    stops=False,
    only_when_named=True,
    cost=lambda rows, columns, outputs: 0.02 + 2e-6 * rows * columns * (1 + 0.01 * outputs),
)
