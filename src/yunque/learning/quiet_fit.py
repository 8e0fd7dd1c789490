"""Fits of scikit-learn without its advice to whoever wrote the program: iteration limits are chosen here."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_fit() -> Iterator[None]:
    """Silence warnings of convergence and of deprecated spellings while a library fits."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield
