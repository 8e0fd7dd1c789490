"""Names of R3's upstream that are not offered, each with the reason a person is told."""

DEEP = "deep networks need torch, and on tables they do not earn the seconds they cost: ask for mlp"
SERIES = "forecasts of series are a task of their own, not an algorithm of this one"
NO_NEW_ROWS = "it places the rows it was given and cannot answer for a new one: ask for k_means"
TOO_LARGE = (
    "its memory grows with the square of the rows, and it cannot answer for a new one: ask for k_means"
)
MEDIAN = "its answer is a weighted median of trees, which no served form gives: ask for lightgbm"

NOT_OFFERED = {
    "cnn": DEEP,
    "autoencoder": DEEP,
    "lstm": SERIES,
    "gru": SERIES,
    "rnn": SERIES,
    "bilstm": SERIES,
    "transformer": SERIES,
    "prophet": SERIES,
    "arima": SERIES,
    "sarimax": SERIES,
    "var": SERIES,
    "theta": SERIES,
    "agglomerative": NO_NEW_ROWS,
    "agglomerative_clustering": NO_NEW_ROWS,
    "optics": NO_NEW_ROWS,
    "spectral": TOO_LARGE,
    "spectral_clustering": TOO_LARGE,
    "affinity": TOO_LARGE,
    "affinity_propagation": TOO_LARGE,
    "mean_shift": TOO_LARGE,
    "meanshift": TOO_LARGE,
    "birch": "it is k_means with a memory limit that is not needed here: ask for k_means",
    "lda": "topics of texts: there is no recipe for word counts",
    "als": "recommendations from users and items are another kind of table",
    "tsne": "it draws the rows it was given and cannot place a new one",
    "t_sne": "it draws the rows it was given and cannot place a new one",
    "ada_boost_regressor": MEDIAN,
    "adaboost_regressor": MEDIAN,
}
