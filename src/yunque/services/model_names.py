"""Names of models that a request may use, and what is said about those that are not offered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from yunque.learning.registry import algorithm, algorithms, missing_libraries
from yunque.services.job_fields import FieldsError, WrongField

_KERNEL = "its time grows with the square of the rows; use lightgbm, xgboost or random_forest"
_MEMORY = "it keeps and searches the training rows to answer one row; use lightgbm, xgboost or random_forest"
_COVERED = "the linear models, random_forest and the boosted trees stand for its kind here; use one of these"
_NETWORK = "neural networks are not part of this service; use lightgbm, xgboost or catboost"
_UNSUPERVISED = "it learns without a target; this service trains models that predict a column"
_SERIES = "series are forecast by the demand side not by a model of rows"

# Names of R3's own catalogue and of scikit-learn that people will try, each with the reason it is not here.
NOT_OFFERED: Mapping[str, str] = {
    **dict.fromkeys(("svm", "svc", "svr", "svm_classifier", "svm_regressor"), _KERNEL),
    **dict.fromkeys(("knn", "knn_classifier", "knn_regressor", "k_nearest_neighbors"), _MEMORY),
    **dict.fromkeys(
        ("naive_bayes", "gaussian_nb", "decision_tree", "decision_tree_classifier", "decision_tree_regressor",
         "adaboost", "adaboost_classifier", "perceptron", "passive_aggressive",
         "passive_aggressive_classifier",
         "sgd", "sgd_classifier", "bayesian_ridge", "huber", "huber_regressor"),
        _COVERED,
    ),
    **dict.fromkeys(
        ("gradient_boosting", "gradient_boosting_classifier", "gradient_boosting_regressor", "gbm",
         "hist_gradient_boosting"),
        "lightgbm, xgboost and catboost are its kind here; use one of these",
    ),
    **dict.fromkeys(("lasso", "elastic_net", "elasticnet"), "use linear, which is penalised"),
    **dict.fromkeys(
        ("mlp", "mlp_classifier", "dense_nn", "neural_network", "cnn", "autoencoder", "lstm", "gru", "rnn",
         "bilstm", "transformer"),
        _NETWORK,
    ),
    **dict.fromkeys(
        ("kmeans", "k_means", "dbscan", "agglomerative", "birch", "optics", "mean_shift", "meanshift",
         "spectral", "affinity_propagation", "gmm", "gaussian_mixture",
         "isolation_forest", "lda", "pca", "als", "tsne"),
        _UNSUPERVISED,
    ),
    **dict.fromkeys(("prophet", "arima", "sarimax", "sarima", "var", "theta"), _SERIES),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One algorithm as a client sees it; `missing` names libraries without which it cannot run here."""

    name: str
    family: str
    tasks: tuple[str, ...]
    aliases: tuple[str, ...]
    missing: tuple[str, ...]


def offers() -> tuple[Offer, ...]:
    """Give every algorithm, by name."""
    return tuple(
        Offer(
            name=entry.name,
            family=entry.family,
            tasks=tuple(sorted(entry.tasks)),
            aliases=entry.aliases,
            missing=missing_libraries(entry),
        )
        for entry in algorithms()
    )


def not_offered(known: Sequence[Offer]) -> dict[str, str]:
    """Give the names that are asked for elsewhere and not offered here, each with its reason."""
    answers = {answer for offer in known for answer in (offer.name, *offer.aliases)}
    return {name: reason for name, reason in sorted(NOT_OFFERED.items()) if name not in answers}


def check_models(names: Sequence[str], *, pointer: str) -> tuple[str, ...]:
    """Give the canonical names of the models asked for, each once, in the order they were named.

    Args:
        names: canonical names or aliases ("xgb_classifier").
        pointer: JSON pointer to the list in the request.

    Raises:
        FieldsError: a name is unknown, not offered, or needs a library that is not installed; all of them
            are told, each with its place and reason.
    """
    if not names:
        detail = "The list of models is empty."
        raise FieldsError(
            [WrongField(pointer=pointer, code="empty", detail=detail)],
            hint="Leave the field out to let every model compete.",
        )
    known = {answer: offer for offer in offers() for answer in (offer.name, *offer.aliases)}
    found: list[str] = []
    wrong: list[WrongField] = []
    for place, name in enumerate(names):
        reason = _reason(name, known)
        if reason is None:
            found.append(algorithm(name).name)
        else:
            wrong.append(WrongField(pointer=f"{pointer}/{place}", code=reason[0], detail=reason[1]))
    if wrong:
        raise FieldsError(
            wrong, hint=f"Offered: {', '.join(sorted({offer.name for offer in known.values()}))}."
        )
    return tuple(dict.fromkeys(found))


def _reason(name: str, known: Mapping[str, Offer]) -> tuple[str, str] | None:
    """Give a code and a sentence why a name cannot be used; None when it can."""
    word = name.strip().lower().replace("-", "_").replace(" ", "_")
    offer = known.get(word)
    if offer is not None:
        if not offer.missing:
            return None
        libraries = ", ".join(offer.missing)
        return (
            "not_installed",
            f"The model {name!r} needs {libraries}, which is not installed on this server.",
        )
    if word in NOT_OFFERED:
        return "not_offered", f"The model {name!r} is not offered: {NOT_OFFERED[word]}."
    near = get_close_matches(word, list(known), n=3, cutoff=0.6)
    guess = f" Did you mean {', '.join(near)}?" if near else ""
    return "unknown_model", f"There is no model named {name[:60]!r}.{guess}"
