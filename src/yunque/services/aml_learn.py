"""Learn from the officer's decisions: train, hold against the layers in use, and adopt through the gates."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from yunque.learning.progress import Progress, ignore
from yunque.models.registry import Registry
from yunque.services.aml_desk import Desk
from yunque.services.aml_held import ADDED
from yunque.services.aml_labels import labelled
from yunque.services.aml_layers import Layers
from yunque.services.aml_measure import area, by_chance, clients_of, paired_interval, truth_of, weights_of
from yunque.services.aml_train import StackRequest, TrainedStack, train_stack
from yunque.services.publish import publish
from yunque.solutions.aml.layers import FAILURES, RISK, risk
from yunque.solutions.aml.recent import with_recent
from yunque.solutions.aml.stack import FOREST, GROUPS, SUPERVISED, Stack
from yunque.solutions.aml.store.policies import STACK, add_event

WORDS = {SUPERVISED: "sospecha", FOREST: "bosque", GROUPS: "grupos"}
NOISE = 0.005  # of PR-AUC; less than this below the layers in use is a tie
ABOVE_CHANCE = 0.25  # of the prevalence, that the ranking must surely gain on chance
SURE = 0.995  # of rankings by chance, that it must be above


@dataclass(frozen=True, kw_only=True)
class LearnRequest:
    """How to learn: budget of all trainings, the review budget, seed, who asks."""

    by: str
    budget: str | float = "120s"
    alert_share: float = 0.01
    seed: int = 7
    threads: int = 1


@dataclass(frozen=True, kw_only=True)
class LearntStack:
    """What came of it.

    Attributes:
        stack: the record; its models name versions of the registry.
        adopted: whether the tenant's results are scored by it from now on.
        shortfalls: what it fell short of, in words; () when adopted.
        version: of the record of models and policies; "" when not adopted.
        incumbent: PR-AUC of the layers in use on the same rows; NaN where there were none.
    """

    stack: Stack
    adopted: bool
    shortfalls: tuple[str, ...]
    version: str
    incumbent: float


def learn_stack(
    desk: Desk,
    registry: Registry,
    folder: Path,
    request: LearnRequest,
    on_progress: Callable[[Progress], None] = ignore,
) -> LearntStack:
    """Train on the tenant's decisions and adopt what passes every gate.

    The models' own gates (baselines, leak alarm, golden rows) and two more: on the rows of the folds the new
    layers must rank clearly better than chance, and at least as well as those in use.

    Raises:
        DataError: too few decisions of either kind.
    """
    found = labelled(desk)
    made = train_stack(
        StackRequest(
            table=found.table,
            all_rows=found.all_rows,
            name=base_name(desk.tenant),
            origin="cliente",
            by=request.by,
            budget=request.budget,
            alert_share=request.alert_share,
            seed=request.seed,
            threads=request.threads,
        ),
        folder,
        desk.clock,
        on_progress,
    )
    incumbent = rank_of(desk, made, found.all_rows)
    references, gaps = published(made, registry, desk.tenant, request.by)
    stack = replace(
        made.stack, models=references, name=f"{made.stack.name}-{references[SUPERVISED].split('@')[1]}"
    )
    gaps = (*gaps, *above_chance(made.held_out), *shortfall_of(made.measured.pr_auc, incumbent))
    if gaps:
        return LearntStack(stack=stack, adopted=False, shortfalls=gaps, version="", incumbent=incumbent)
    event = adopt(desk, stack, request.by)
    return LearntStack(stack=stack, adopted=True, shortfalls=(), version=event, incumbent=incumbent)


def above_chance(held: pl.DataFrame) -> tuple[str, ...]:
    """Say that a ranking is no better than chance, where verdicts that nothing explains taught nothing.

    The PR-AUC of chance is the prevalence. That of the risk must lie above it by a quarter of it at the lower
    end of an interval over draws of whole clients, and above what 99.5 % of rankings by chance of the very
    same rows reach: of few suspicious rows, one that stands first by luck is worth much.
    """
    y, weight, client, score = truth_of(held), weights_of(held), clients_of(held), held[RISK].to_numpy()
    chance = float(np.average(y, weights=weight))
    low, _ = paired_interval(y, (score, np.zeros(held.height)), client, weight)
    luck = float(np.quantile(by_chance(y, score, client, weight), SURE))
    reached = area(y, score, weight)
    if low > ABOVE_CHANCE * chance and reached > luck:
        return ()
    return (
        f"No ordena claramente mejor que el azar: PR-AUC {reached:.4f}, al menos "
        f"{chance + max(low, -chance):.4f}; el azar {chance:.4f}, y con suerte {luck:.4f}.",
    )


def shortfall_of(challenger: float, incumbent: float) -> tuple[str, ...]:
    """Say that the layers in use rank better, where they do; `incumbent` is NaN where there are none."""
    if not np.isfinite(incumbent) or challenger >= incumbent - NOISE:
        return ()
    return (f"Las capas en uso ordenan mejor: PR-AUC {incumbent:.4f} contra {challenger:.4f}.",)


def adopt(desk: Desk, stack: Stack, by: str) -> str:
    """Put layers in use for a tenant; the audit log holds which and what was measured."""
    told = {"pila": stack.name, "modelos": dict(stack.models), "metricas": dict(stack.metrics)}
    event = add_event(
        desk.database, desk.tenant, STACK, actor=by, content={"pila": stack.document()}, told=told
    )
    return event.label


def base_name(tenant: str) -> str:
    """Give the name that a tenant's models begin with; what a model's name cannot hold becomes a dash."""
    kept = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in tenant.lower())
    return f"aml.{kept.strip('-')[:32] or 'inquilino'}"


def published(
    made: TrainedStack, registry: Registry, tenant: str, by: str
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Publish the three bundles; give their versions and what they fall short of."""
    references: dict[str, str] = {}
    gaps: list[str] = []
    for role, word in WORDS.items():
        done = publish(registry, made.folder(role), name=f"{base_name(tenant)}.{word}", by=by)
        references[role] = done.version.label
        gaps += [f"{word}: {gap.message}" for gap in done.shortfalls]
    return references, tuple(gaps)


def rank_of(desk: Desk, made: TrainedStack, every: pl.DataFrame) -> float:
    """Give the PR-AUC of the layers in use on the rows that the new were measured on; NaN without any."""
    if not isinstance(desk.scorer, Layers):
        return float("nan")
    held = made.held_out.drop(ADDED, strict=False)
    try:
        scores = desk.scorer(with_recent(held.select(every.columns), every))
    except FAILURES:
        return float("nan")
    table = scores.table if RISK in scores.table.columns else scores.table.with_columns(risk().alias(RISK))
    joined = held.join(
        table.select("id_operacion", RISK), on="id_operacion", how="left", maintain_order="left"
    )
    return area(truth_of(held), joined[RISK].to_numpy(), weights_of(held))
