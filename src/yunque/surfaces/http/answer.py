"""From predictions to the JSON of R4's contract."""

from collections.abc import Sequence
from typing import Any

from yunque.learning.task import Label
from yunque.models.prediction import Prediction
from yunque.models.predictor import Predictor


class AnswerWriter:
    """Writes the answers of one model.

    Attributes:
        detailed: also the probability of every class; R4's own routes have R4's keys only.
    """

    def __init__(self, predictor: Predictor, *, detailed: bool) -> None:
        self.detailed = detailed
        self._version = predictor.version_label
        self._names = tuple(class_name(label) for label in predictor.classes)

    def one(self, prediction: Prediction) -> dict[str, Any]:
        """Give `prediction`, what is known beside it (confidence, interval, score …), and `model_version`."""
        document: dict[str, Any] = {"prediction": prediction.value}
        if prediction.confidence is not None:
            document["confidence"] = prediction.confidence
        if prediction.interval is not None:
            document["interval"] = {"low": prediction.interval[0], "high": prediction.interval[1]}
        if prediction.percentile is not None:
            document["score"], document["percentile"] = prediction.score, prediction.percentile
        if prediction.distance is not None:
            document["distance"] = prediction.distance
        if self.detailed and prediction.probabilities is not None:
            document["probabilities"] = dict(zip(self._names, prediction.probabilities, strict=True))
        document["model_version"] = self._version
        return document

    def many(self, predictions: Sequence[Prediction]) -> dict[str, Any]:
        """Give R4's batch answer."""
        return {
            "predictions": [self.one(prediction) for prediction in predictions],
            "total_instances": len(predictions),
        }


def class_name(label: Label) -> str:
    """Write a label as a JSON key or a metric's label."""
    return str(label).lower() if isinstance(label, bool) else str(label)
