"""Algorithms that we fit ourselves agree with scikit-learn's of the same name."""

import numpy as np
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from yunque.learning.algorithm import FitRequest, Matrix
from yunque.learning.algorithms.k_nearest import ALGORITHM as K_NEAREST
from yunque.learning.algorithms.k_nearest import SMOOTHING
from yunque.learning.algorithms.naive_bayes import fit_bells
from yunque.learning.task import Task, TaskKind

RNG = np.random.default_rng(4)
X = RNG.normal(size=(300, 5))
Y = np.digitize(X[:, 0] + 0.5 * RNG.normal(size=300), [-0.5, 0.7])
WEIGHT = RNG.random(300) + 0.5


def test_bells_are_those_of_gaussian_naive_bayes() -> None:
    library = GaussianNB().fit(X, Y, sample_weight=WEIGHT)
    ours = fit_bells(X, Y, WEIGHT)
    np.testing.assert_allclose(ours.means, library.theta_, atol=1e-12)
    np.testing.assert_allclose(ours.variances, library.var_, atol=1e-12)
    np.testing.assert_allclose(ours.scores(X), library.predict_joint_log_proba(X), atol=1e-9)


def test_neighbours_are_those_of_the_library_but_for_one_row_of_average_classes() -> None:
    task = Task(kind=TaskKind.MULTICLASS, target="t", classes=(0, 1, 2), metric="any")
    request = FitRequest(task=task, train=Matrix(x=X, y=Y), params={"n_neighbors": 9}, seed=1)
    form = K_NEAREST.flatten(K_NEAREST.fit(request), request)
    library = KNeighborsClassifier(9, algorithm="kd_tree").fit(X, Y)
    asked = RNG.normal(size=(50, 5))
    average = np.bincount(Y) / Y.size
    expected = (library.predict_proba(asked) * 9 + average * SMOOTHING) / (9 + SMOOTHING)
    np.testing.assert_allclose(form.raw(asked), expected, atol=1e-12)
