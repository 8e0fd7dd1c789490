"""Open the learnt layers of a tenant and score operations; each layer fails alone and says so."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from yunque.errors import BundleError
from yunque.models.predictor import Predictor
from yunque.models.registry import Registry
from yunque.models.trusted_load import load_bundle
from yunque.runtime.database import Database
from yunque.services.aml_reasons import reasons_of
from yunque.solutions.aml.combine import calibrated, risk_of
from yunque.solutions.aml.features.names import MODEL_COLUMNS
from yunque.solutions.aml.features.peers import frozen_peers
from yunque.solutions.aml.layers import ANOMALY_SHARE, FAILURES, LAYERS, Layer, Scorer, Scores
from yunque.solutions.aml.policy import Policy, active_policy, segments
from yunque.solutions.aml.recent import highest_before
from yunque.solutions.aml.stack import (
    FOREST,
    GROUPS,
    ROLES,
    SUPERVISED,
    Stack,
    behaviour,
    over_scale,
    read_stack,
    share_below,
)
from yunque.solutions.aml.store.policies import STACK, PolicyEvent, newest, read_events

Numbers = npt.NDArray[np.float64]
BASE = "yunque.solutions.aml"
BASE_FOLDER, RECORD = "base_model", "pila.json"
DRAWS = 2**32
PERCENT = 100.0


@dataclass(frozen=True, kw_only=True)
class Layers:
    """The layers of one tenant, ready to answer.

    Attributes:
        stack: their record.
        opened: role -> predictor, of those that could be opened.
        faults: role -> why it could not.
        policy: thresholds by segment; the model's own where nobody approved any.
        policy_fault: why another policy is not used, where there is one.
    """

    stack: Stack
    opened: Mapping[str, Predictor]
    faults: Mapping[str, str] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    policy_fault: str = ""

    def __call__(self, enriched: pl.DataFrame) -> Scores:
        """Score operations; the client's last days are those among the rows given.

        Raises:
            BundleError: no layer could answer.
        """
        rows = with_frozen_peers(enriched, self.stack)
        faults = dict(self.faults)
        p = self._try(SUPERVISED, faults, lambda: self.suspicion(rows))
        anomaly = self._try(FOREST, faults, lambda: self.anomaly(rows))
        if p is None and anomaly is None:
            raise BundleError("No learnt layer could answer.", hint="; ".join(faults.values()))
        recent = np.zeros(rows.height) if p is None else highest_before(rows, p)
        table = rows.select("id_operacion").with_columns(
            p_sospecha=pl.lit(None, pl.Float64) if p is None else pl.Series(p),
            anomalia=pl.lit(None, pl.Float64) if anomaly is None else pl.Series(anomaly),
            antecedente=pl.Series(recent),
            riesgo=pl.Series(self.risk(p, anomaly, recent)),
        )
        return Scores(
            table=self.with_policy(table, rows),
            unusual=self.stack.unusual,
            worrying=self.stack.worrying,
            layers=self.told(faults),
            model=self.stack.facts(),
            policy=self.policy.facts(),
            why=lambda alerts, past: reasons_of(self, with_frozen_peers(alerts, self.stack), past),
        )

    def suspicion(self, rows: pl.DataFrame) -> Numbers:
        """Give `p_sospecha` of each row: the model's answer as a probability, the class weight taken out."""
        return calibrated(self.answer(rows), self.stack.combination)

    def answer(self, rows: pl.DataFrame) -> Numbers:
        """Give what the supervised model answers, on the scale of the weighted classes."""
        wanted = supervised_columns(rows)
        return np.asarray(self.opened[SUPERVISED].predict_proba(wanted)[:, 1], dtype=np.float64)

    def risk(self, p: Numbers | None, anomaly: Numbers | None, recent: Numbers) -> Numbers:
        """Join the layers as the stack's record says; a layer that did not run adds nothing."""
        if self.stack.combination is not None:
            return risk_of(p, anomaly, recent, self.stack.combination)
        nothing = np.zeros(len(recent))
        kept = 1.0 - ANOMALY_SHARE * (nothing if anomaly is None else anomaly)
        return np.asarray(1.0 - (1.0 - (nothing if p is None else p)) * kept, dtype=np.float64)

    def anomaly(self, rows: pl.DataFrame) -> Numbers:
        """Give `anomalia` of each row: the higher of two percentiles among the training rows."""
        wanted = behaviour(rows)
        forest = self.opened[FOREST].predict_table(wanted).frame["percentile"].to_numpy() / PERCENT
        groups = self.opened[GROUPS].predict_table(wanted).frame
        cluster = groups["prediction"].cast(pl.Float64).to_numpy()
        distance = groups["distance"].to_numpy()
        beyond = over_scale(cluster, distance, np.asarray(self.stack.scales))
        return np.maximum(forest, share_below(beyond, np.asarray(self.stack.knots)))

    def _try(self, role: str, faults: dict[str, str], answer: Callable[[], Numbers]) -> Numbers | None:
        needed = (FOREST, GROUPS) if role == FOREST else (role,)
        if any(name in faults for name in needed):
            return None
        try:
            found = answer()
        except FAILURES as error:
            faults[role] = f"fallo: {type(error).__name__}"
            return None
        if not np.isfinite(found).all():
            faults[role] = "fallo: puntajes que no son números"
            return None
        return np.clip(found, 0.0, 1.0)

    def told(self, faults: Mapping[str, str]) -> tuple[Layer, ...]:
        """Say of each layer whether it ran, and in which version."""
        versions = {role: f"{self.stack.label}/{self.stack.models[role]}" for role in ROLES}
        loose = faults.get(FOREST) or faults.get(GROUPS) or ""
        supervised, unsupervised, thresholds = LAYERS
        return (
            layer(supervised, versions[SUPERVISED], faults.get(SUPERVISED, "")),
            layer(unsupervised, f"{versions[FOREST]}+{self.stack.models[GROUPS]}", loose),
            layer(thresholds, f"{self.stack.label}/{self.policy.version}", self.policy_fault),
        )

    def with_policy(self, table: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
        """Add each row's segment, its thresholds, and whether it is drawn for review below the line."""
        policy = self.policy
        placed = table.with_columns(segmento=segments(rows))
        low = {name: pair[0] for name, pair in policy.thresholds.items()}
        high = {name: pair[1] for name, pair in policy.thresholds.items()}
        name = pl.col("segmento")
        return placed.with_columns(
            umbral_inusual=name.replace_strict(low, default=self.stack.unusual, return_dtype=pl.Float64),
            umbral_preocupante=name.replace_strict(
                high, default=self.stack.worrying, return_dtype=pl.Float64
            ),
            sorteada=drawn(placed["id_operacion"], policy.settings.sample_share, policy.settings.seed),
        )


def supervised_columns(rows: pl.DataFrame) -> pl.DataFrame:
    """Give the columns of the supervised layer, as numbers."""
    return rows.select(pl.col(MODEL_COLUMNS).cast(pl.Float64))


def layer(name: str, version: str, fault: str) -> Layer:
    """Say of one layer that it ran, or why it did not."""
    return Layer(name=name, ran=not fault, version=version, reason=fault)


def drawn(ids: pl.Series, share: float, seed: int) -> pl.Series:
    """Draw operations for review by their ids: the same id and seed are always drawn the same."""
    limit = int(share * DRAWS)
    key = str(seed).encode()
    made = [
        int.from_bytes(hashlib.blake2b(name.encode(), key=key, digest_size=4).digest(), "big") < limit
        for name in ids.to_list()
    ]
    return pl.Series(made, dtype=pl.Boolean)


def with_frozen_peers(enriched: pl.DataFrame, stack: Stack) -> pl.DataFrame:
    """Compare with the peers of training, so that no upload changes what a model reads of another's."""
    table = stack.peer_table()
    if table is None:
        return enriched
    keyed = enriched.with_columns(regla=pl.col("fraccion"))
    peers = frozen_peers(keyed, table).drop("orden")
    return enriched.with_columns(peers.get_columns())


def scorer_of(database: Database, registry: Registry, tenant: str) -> Scorer | None:
    """Give what scores a tenant's operations: its own layers, else those that ship; None without any.

    A record that cannot be read gives a scorer that fails, so that the result tells it.
    """
    events = read_events(database, tenant)
    try:
        found = newest(events, STACK)
        stack = base_stack() if found is None else read_stack(found.content["pila"])
    except FAILURES as error:
        return broken(error)
    return None if stack is None else open_layers(stack, registry, events)


def open_layers(stack: Stack, registry: Registry | None, events: tuple[PolicyEvent, ...] = ()) -> Layers:
    """Open what can be opened; the rest is told."""
    opened: dict[str, Predictor] = {}
    faults: dict[str, str] = {}
    for role, reference in stack.models.items():
        try:
            opened[role] = open_model(reference, stack, registry)
        except FAILURES as error:
            faults[role] = f"fallo: {type(error).__name__}"
    policy, fault = active_policy(events, stack.name)
    return Layers(stack=stack, opened=opened, faults=faults, policy=policy, policy_fault=fault)


def open_model(reference: str, stack: Stack, registry: Registry | None) -> Predictor:
    """Open a bundle: of the registry, or of the package where the stack ships with it."""
    if "@" in reference:
        if registry is None:
            raise BundleError("There is no registry to open the model from.")
        return registry.open(reference)
    loaded = load_bundle(base_folder() / reference, private=True)
    return Predictor.from_bundle(loaded, version_label=f"{stack.label}/{reference}")


def base_folder() -> Path:
    """Give the folder of the models that ship with the product."""
    return Path(str(files(BASE) / BASE_FOLDER))


def base_stack() -> Stack | None:
    """Give the record of the models that ship with the product; None where it was removed.

    Raises:
        BundleError: it is not what was written.
    """
    path = base_folder() / RECORD
    if not path.is_file():
        return None
    try:
        return read_stack(msgspec.json.decode(path.read_bytes(), type=dict))
    except msgspec.DecodeError as error:
        raise BundleError("The record of the base model cannot be read.") from error


def broken(error: BaseException) -> Scorer:
    """Give a scorer that fails as reading its record failed."""

    def fail(_: pl.DataFrame) -> Scores:
        raise BundleError("The record of the learnt layers cannot be used.") from error

    return fail
