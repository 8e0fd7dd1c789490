"""One boosting library, tuned by Optuna on a holdout and fitted again: `lightgbm` or `catboost`."""

import sys
import time
import warnings

import numpy as np
import optuna
import pandas as pd
from automl_protocol import Job, Model, run
from sklearn.model_selection import train_test_split

TUNING_SHARE = 0.75


def fit(job: Job) -> Model:
    """Search until three quarters of the time are gone, then fit the best on all rows."""
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    until = time.monotonic() + TUNING_SHARE * job.seconds
    y = job.train[job.target]
    positions = y if job.kind == "regression" else y.map({label: i for i, label in enumerate(job.labels)})
    x = job.train.drop(columns=[job.target])
    texts = [name for name in x.columns if not pd.api.types.is_numeric_dtype(x[name])]
    levels = {name: pd.CategoricalDtype(x[name].astype(str).unique()) for name in texts}
    prepare = _prepared(sys.argv[2], levels)
    x, positions = prepare(x), positions.to_numpy()
    strata = None if job.kind == "regression" else positions
    kept, away = train_test_split(np.arange(len(x)), test_size=0.2, random_state=7, stratify=strata)
    learner = {"lightgbm": _LightGBM, "catboost": _CatBoost}[sys.argv[2]]
    best: list[tuple[float, dict[str, object], int]] = []

    def trial(drawn: optuna.Trial) -> float:
        params = learner.space(drawn)
        model = learner(job, params, texts)
        loss, rounds = model.early(x.iloc[kept], positions[kept], x.iloc[away], positions[away], until)
        best.append((loss, params, rounds))
        return loss

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=7))
    while time.monotonic() < until or not best:
        study.optimize(trial, n_trials=1)
    _, params, rounds = min(best, key=lambda each: each[0])
    final = learner(job, params, texts)
    final.whole(x, positions, max(1, rounds))
    artifact = job.scratch / "model"
    final.save(artifact)
    return Model(
        answer=lambda rows: final.answer(prepare(rows)), artifact=artifact, note=f"{len(best)} trials"
    )


def _prepared(library: str, levels: dict[str, pd.CategoricalDtype]):
    def prepare(rows: pd.DataFrame) -> pd.DataFrame:
        rows = rows.copy()
        for name, dtype in levels.items():
            text = rows[name].astype(str)
            rows[name] = text if library == "catboost" else text.astype(dtype)
        return rows

    return prepare


class _LightGBM:
    def __init__(self, job: Job, params: dict[str, object], _texts: list[str]) -> None:
        import lightgbm

        self.library, self.job = lightgbm, job
        objective = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}[job.kind]
        self.params = {"objective": objective, "num_threads": 2, "verbosity": -1, "seed": 7, **params}
        if job.kind == "multiclass":
            self.params["num_class"] = len(job.labels)

    @staticmethod
    def space(drawn: optuna.Trial) -> dict[str, object]:
        return {
            "learning_rate": drawn.suggest_float("learning_rate", 0.01, 0.2, log=True),
            "num_leaves": drawn.suggest_int("num_leaves", 4, 200, log=True),
            "min_data_in_leaf": drawn.suggest_int("min_data_in_leaf", 2, 60, log=True),
            "feature_fraction": drawn.suggest_float("feature_fraction", 0.4, 1.0),
            "bagging_fraction": drawn.suggest_float("bagging_fraction", 0.7, 1.0),
            "bagging_freq": 1,
            "lambda_l2": drawn.suggest_float("lambda_l2", 1e-3, 10.0, log=True),
        }

    def early(self, x, y, x_valid, y_valid, until):
        def timer(env) -> None:
            if time.monotonic() > until:
                raise self.library.callback.EarlyStopException(env.iteration, env.evaluation_result_list)

        train = self.library.Dataset(x, y)
        model = self.library.train(
            self.params,
            train,
            num_boost_round=5000,
            valid_sets=[self.library.Dataset(x_valid, y_valid, reference=train)],
            callbacks=[self.library.early_stopping(50, verbose=False), timer],
        )
        return next(iter(model.best_score["valid_0"].values())), model.best_iteration

    def whole(self, x, y, rounds: int) -> None:
        self.model = self.library.train(self.params, self.library.Dataset(x, y), num_boost_round=rounds)

    def save(self, path) -> None:
        self.model.save_model(str(path))

    def answer(self, x: pd.DataFrame) -> np.ndarray:
        found = self.model.predict(x)
        return np.column_stack([1.0 - found, found]) if self.job.kind == "binary" else found


class _CatBoost:
    def __init__(self, job: Job, params: dict[str, object], texts: list[str]) -> None:
        import catboost

        self.library, self.job, self.texts = catboost, job, texts
        loss = {"binary": "Logloss", "multiclass": "MultiClass", "regression": "RMSE"}[job.kind]
        self.params = {
            "loss_function": loss,
            "thread_count": 2,
            "verbose": 0,
            "random_seed": 7,
            "allow_writing_files": False,
            **params,
        }

    @staticmethod
    def space(drawn: optuna.Trial) -> dict[str, object]:
        return {
            "learning_rate": drawn.suggest_float("learning_rate", 0.02, 0.2, log=True),
            "depth": drawn.suggest_int("depth", 4, 8),
            "l2_leaf_reg": drawn.suggest_float("l2_leaf_reg", 0.5, 10.0, log=True),
        }

    def early(self, x, y, x_valid, y_valid, until):
        class Timer:
            def after_iteration(self, _info: object) -> bool:
                return time.monotonic() <= until

        model = self.library.CatBoost({**self.params, "iterations": 3000, "early_stopping_rounds": 50})
        pools = [self.library.Pool(a, b, cat_features=self.texts) for a, b in ((x, y), (x_valid, y_valid))]
        model.fit(pools[0], eval_set=pools[1], callbacks=[Timer()])
        return min(
            next(iter(model.get_evals_result()["validation"].values()))
        ), model.get_best_iteration() + 1

    def whole(self, x, y, rounds: int) -> None:
        self.model = self.library.CatBoost({**self.params, "iterations": rounds})
        self.model.fit(self.library.Pool(x, y, cat_features=self.texts))

    def save(self, path) -> None:
        self.model.save_model(str(path))

    def answer(self, x: pd.DataFrame) -> np.ndarray:
        kind = "RawFormulaVal" if self.job.kind == "regression" else "Probability"
        return self.model.predict(x, prediction_type=kind)


if __name__ == "__main__":
    run(fit)
