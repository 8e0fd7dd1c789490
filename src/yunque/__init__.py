"""Turn a table into decisions that can be trusted."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from yunque.version import __version__

if TYPE_CHECKING:
    from yunque.data.contract import Contract
    from yunque.data.finding import Finding
    from yunque.data.infer import infer_contract
    from yunque.data.table import read_table, write_table
    from yunque.data.validate import check_table
    from yunque.errors import YunqueError
    from yunque.learning.leaderboard import Leaderboard
    from yunque.learning.task import Task
    from yunque.models.prediction import Prediction
    from yunque.models.predictor import Predictor
    from yunque.surfaces.estimators import YunqueClassifier, YunqueRegressor
    from yunque.surfaces.python import TrainedModel, check, load, train

# Where each public name lives; imported when it is asked for, so that `import yunque` costs nothing.
_HOMES = {
    "Contract": "yunque.data.contract",
    "Finding": "yunque.data.finding",
    "Leaderboard": "yunque.learning.leaderboard",
    "Prediction": "yunque.models.prediction",
    "Predictor": "yunque.models.predictor",
    "Task": "yunque.learning.task",
    "TrainedModel": "yunque.surfaces.python",
    "YunqueClassifier": "yunque.surfaces.estimators",
    "YunqueError": "yunque.errors",
    "YunqueRegressor": "yunque.surfaces.estimators",
    "check": "yunque.surfaces.python",
    "check_table": "yunque.data.validate",
    "infer_contract": "yunque.data.infer",
    "load": "yunque.surfaces.python",
    "read_table": "yunque.data.table",
    "train": "yunque.surfaces.python",
    "write_table": "yunque.data.table",
}

__all__ = [
    "Contract",
    "Finding",
    "Leaderboard",
    "Prediction",
    "Predictor",
    "Task",
    "TrainedModel",
    "YunqueClassifier",
    "YunqueError",
    "YunqueRegressor",
    "__version__",
    "check",
    "check_table",
    "infer_contract",
    "load",
    "read_table",
    "train",
    "write_table",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'yunque' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
