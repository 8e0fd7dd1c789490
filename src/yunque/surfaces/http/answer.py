"""From predictions to the JSON of R4's contract."""

from collections.abc import Sequence
from typing import Any

from yunque.learning.task import Label
from yunque.models.prediction import Prediction
from yunque.models.predictor import Predictor


def answer_one(prediction: Prediction, predictor: Predictor, *, detailed: bool) -> dict[str, Any]:
    """Give `prediction`, `confidence` or `interval`, and `model_version`.

    Args:
        prediction: the answer for one row.
        predictor: the model that gave it.
        detailed: also the probability of every class; R4's own routes have R4's keys only.
    """
    document: dict[str, Any] = {"prediction": prediction.value}
    if prediction.confidence is not None:
        document["confidence"] = prediction.confidence
    if prediction.interval is not None:
        document["interval"] = {"low": prediction.interval[0], "high": prediction.interval[1]}
    if detailed and prediction.probabilities is not None:
        document["probabilities"] = {
            class_name(label): share
            for label, share in zip(predictor.classes, prediction.probabilities, strict=True)
        }
    document["model_version"] = predictor.version_label
    return document


def answer_many(predictions: Sequence[Prediction], predictor: Predictor, *, detailed: bool) -> dict[str, Any]:
    """Give R4's batch answer."""
    return {
        "predictions": [answer_one(item, predictor, detailed=detailed) for item in predictions],
        "total_instances": len(predictions),
    }


def class_name(label: Label) -> str:
    """Write a label as a JSON key or a metric's label."""
    return str(label).lower() if isinstance(label, bool) else str(label)
