"""Near the winner by Optuna: what to try next, learnt from every finished candidate of its algorithm.

Tree-structured Parzen estimators, several parameters at once: Bergstra, Bardenet, Bengio, Kegl: Algorithms
for Hyper-Parameter Optimization (NIPS 2011); Falkner, Klein, Hutter: BOHB (ICML 2018).
"""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from yunque.learning.candidate import Candidate, fit_seed
from yunque.learning.race import Standing
from yunque.learning.refine import FLIPPED, KNOBS, Knob, most_candidates, variation

NearWinner = Literal["nothing", "variations", "tpe"]

FEWEST_SEEN = 4  # finished candidates before which a proposal would be a blind draw
DRAWN = 32  # draws of which the most promising is taken


def near(way: NearWinner, standings: Mapping[str, Standing], rows: int, seed: int) -> Candidate | None:
    """Give the next candidate near the winner in one of the ways; None when there is none to try."""
    if way == "nothing":
        return None
    found = proposal(standings, rows, seed) if way == "tpe" else None
    return found or variation(standings, rows, seed)


def proposal(standings: Mapping[str, Standing], rows: int, seed: int) -> Candidate | None:
    """Give the next candidate; None when enough ran, or when too little is known of the winner's algorithm.

    It depends on the seed, on how many proposals there were and on the losses so far, not on the clock.

    Args:
        standings: all candidates; losses are compared with the winner's on the folds that both finished.
        rows: training rows; they bound how many candidates are worth comparing.
        seed: seeds the draws.
    """
    if len(standings) >= most_candidates(rows):
        return None
    varied = [each for each in standings.values() if each.reach and each.candidate.algorithm.name in KNOBS]
    if not varied:
        return None
    winner = min(varied, key=lambda each: (each.mean_loss, each.name))
    alike = [each for each in varied if each.candidate.algorithm is winner.candidate.algorithm]
    if len(alike) < FEWEST_SEEN:
        return None
    number = sum("~" in name for name in standings) + 1
    asked = _ask(winner, alike, fit_seed(seed, "proposal", number))
    params = {**winner.candidate.params, **asked}
    return Candidate(
        name=f"{winner.candidate.algorithm.name}~{number}",
        algorithm=winner.candidate.algorithm,
        params={key: each for key, each in params.items() if key != "num_iterations"},
        share=winner.candidate.share,
    )


def _ask(winner: Standing, alike: list[Standing], seed: int) -> dict[str, Any]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    name = winner.candidate.algorithm.name
    distributions: dict[str, Any] = {key: _distribution(knob) for key, knob in KNOBS[name].items()}
    if name in FLIPPED:
        distributions[FLIPPED[name]] = optuna.distributions.CategoricalDistribution((False, True))
    sampler = optuna.samplers.TPESampler(
        seed=seed, multivariate=True, n_startup_trials=FEWEST_SEEN, n_ei_candidates=DRAWN
    )
    study = optuna.create_study(sampler=sampler, direction="minimize")
    study.add_trials(
        [
            optuna.trial.create_trial(
                params=_params(each, name), distributions=distributions, value=_behind(each, winner)
            )
            for each in alike
        ]
    )
    found: dict[str, Any] = study.ask(distributions).params
    return {key: float(f"{value:.3g}") if isinstance(value, float) else value for key, value in found.items()}


def _distribution(knob: Knob) -> Any:
    import optuna

    if knob.is_whole:
        return optuna.distributions.IntDistribution(int(knob.low), int(knob.high), log=knob.relative)
    return optuna.distributions.FloatDistribution(knob.low, knob.high, log=knob.relative)


def _params(each: Standing, name: str) -> dict[str, Any]:
    """Give the parameters of a candidate within the ranges of the knobs."""
    given, found = each.candidate.params, {}
    for key, knob in KNOBS[name].items():
        value = float(np.clip(float(given.get(key, knob.start)), knob.low, knob.high))
        found[key] = round(value) if knob.is_whole else value
    if name in FLIPPED:
        found[FLIPPED[name]] = bool(given.get(FLIPPED[name], False))
    return found


def _behind(each: Standing, winner: Standing) -> float:
    """Give how far its mean loss lies behind the winner's on the folds that both finished."""
    shared = max(1, min(each.reach, winner.reach))
    return float(np.mean(each.in_order[:shared]) - np.mean(winner.in_order[:shared]))
