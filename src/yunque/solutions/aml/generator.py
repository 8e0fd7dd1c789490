"""Make a seeded portfolio: honest clients of every activity, their odd habits, and injected laundering.

The label says that an operation belongs to an injected episode; no threshold of the law enters it.
"""

from datetime import date

import numpy as np
import polars as pl

from yunque.solutions.aml.generator_profiles import LOOK_ALIKES, PROFILES
from yunque.solutions.aml.generator_typologies import TYPOLOGIES, Episode, draw

Ints = np.ndarray[tuple[int], np.dtype[np.int64]]
Numbers = np.ndarray[tuple[int], np.dtype[np.float64]]
FIRST, LAST = date(2024, 1, 1), date(2026, 10, 31)
PREVALENCE = 0.012
DORMANT_DAYS = 220
YEAR = 365
COUNTERPARTIES = 6
LABEL = "clasificacion_lfpiorpi"
UNUSUAL, ORDINARY = "inusual", "limpio"


def generate(rows: int, seed: int, *, prevalence: float = PREVALENCE) -> pl.DataFrame:
    """Make a table in R1's columns, with `sospechosa`, `tipologia` and R1's label beside them.

    Args:
        rows: how many operations, give or take an episode.
        seed: the same seed gives the same table.
        prevalence: share of operations in laundering episodes, 0.005 to 0.02.
    """
    rng = np.random.default_rng(seed)
    clients = make_clients(max(20, rows // 9), rng)
    odd = inject(clients, int(rows * prevalence), rng)
    honest = silent_before(ordinary(clients, max(0, rows - odd.height), rng), odd)
    whole = pl.concat([honest, odd], how="diagonal")
    named = whole.sort("fecha", "hora", "cliente_id", "monto").with_row_index("n", offset=1)
    return named.select(
        id_operacion=pl.format("G{}-{}", pl.lit(seed), "n"),
        **{name: pl.col(name) for name in COLUMNS},
        **{LABEL: pl.when("sospechosa").then(pl.lit(UNUSUAL)).otherwise(pl.lit(ORDINARY))},
    )


COLUMNS = (
    *("cliente_id", "monto", "fecha", "hora", "tipo_operacion", "sector_actividad", "fraccion", "inciso"),
    *(
        "id_acto",
        "id_contraparte",
        "sentido",
        "pais",
        "es_pep",
        "contraprestacion",
        "sospechosa",
        "tipologia",
    ),
)


def make_clients(n: int, rng: np.random.Generator) -> pl.DataFrame:
    """Make clients: activity, usual amount, rhythm, habit, first day."""
    shares = np.array([profile.share for profile in PROFILES])
    activity = rng.choice(len(PROFILES), n, p=shares / shares.sum())
    medians = np.array([profile.median for profile in PROFILES])[activity]
    rates = np.array([profile.rate for profile in PROFILES])[activity]
    habits = ["", *(name for name, _ in LOOK_ALIKES)]
    weights = [1 - sum(share for _, share in LOOK_ALIKES), *(share for _, share in LOOK_ALIKES)]
    span = (LAST - FIRST).days
    return pl.DataFrame(
        {
            "cliente": np.arange(n),
            "actividad": activity,
            "usual": medians * np.exp(rng.normal(0, 0.6, n)),
            "ritmo": rates * np.exp(rng.normal(0, 0.5, n)),
            "habito": np.array(habits)[rng.choice(len(habits), n, p=weights)],
            "desde": rng.integers(0, int(span * 0.7), n),
            "pep": rng.random(n) < 0.01,
        }
    )


def ordinary(clients: pl.DataFrame, n: int, rng: np.random.Generator) -> pl.DataFrame:
    """Make the operations of honest days."""
    weight = clients["ritmo"].to_numpy()
    owner = rng.choice(clients.height, n, p=weight / weight.sum())
    mine = clients[owner]
    activity, habit = mine["actividad"].to_numpy(), mine["habito"].to_numpy()
    span = (LAST - FIRST).days
    day = (mine["desde"].to_numpy() + rng.random(n) * (span - mine["desde"].to_numpy())).astype(np.int64)
    day = in_season(day, activity, habit, rng)
    spread = np.array([profile.spread for profile in PROFILES])[activity]
    pesos = mine["usual"].to_numpy() * np.exp(rng.normal(0, 1, n) * spread)
    pesos = with_habits(pesos, mine["usual"].to_numpy(), habit, owner)
    day = np.where(np.isin(habit, ["renta_fija", "nomina", "exhibiciones"]), day // 30 * 30 + owner % 5, day)
    return operations(mine, np.minimum(day, span), pesos, rng)


def in_season(day: Ints, activity: Ints, habit: Numbers, rng: np.random.Generator) -> Ints:
    """Move some operations into the busy month of their activity; seasonal clients have one month.

    A month that has not come yet by the last day is that of the year before: nothing piles up at the end.
    """
    peak = np.array([profile.peak_month for profile in PROFILES])[activity]
    month = (day % YEAR) // 31 + 1
    moved = (peak > 0) & (rng.random(len(day)) < 0.12)
    seasonal = habit == "temporada"
    target = np.where(seasonal, 12, peak)
    shift = np.where(moved | seasonal, (target - month) * 30, 0)
    then = day + shift
    return np.maximum(np.where(then > (LAST - FIRST).days, then - YEAR, then), 0)


def with_habits(pesos: Numbers, usual: Numbers, habit: Numbers, owner: Ints) -> Numbers:
    """Shape amounts by the habits of honest clients."""
    price = usual * (0.9 + 0.02 * (owner % 9))
    found = np.where(np.isin(habit, ["renta_fija", "exhibiciones"]), np.round(usual, 2), pesos)
    found = np.where(habit == "nomina", np.round(usual * 0.15 * (1 + owner % 3), 2), found)
    found = np.where(habit == "precio_de_lista", np.floor(price / 100) * 100 - 1, found)
    found = np.where(habit == "cuenta_redonda", np.maximum(1_000, np.round(pesos / 1_000) * 1_000), found)
    return np.maximum(found, 50.0)


def operations(mine: pl.DataFrame, day: Ints, pesos: Numbers, rng: np.random.Generator) -> pl.DataFrame:
    """Write operations of given clients, days and amounts in the columns of a file."""
    n = mine.height
    activity = mine["actividad"].to_numpy()
    seconds = np.clip(rng.normal(13 * 3600, 3 * 3600, n), 0, 86_399).astype(np.int64)
    payee = rng.integers(0, COUNTERPARTIES, n) + mine["cliente"].to_numpy() * COUNTERPARTIES
    in_parts = mine["habito"].to_numpy() == "exhibiciones"
    fee = np.where(activity == asset_activity(), np.round(pesos * 0.004, 2), np.nan)
    return pl.DataFrame(
        {
            "cliente_id": pl.Series(mine["cliente"]).cast(pl.String).str.zfill(6).str.replace("^", "C"),
            "monto": money(pesos),
            "fecha": pl.Series(day + (FIRST - date(1970, 1, 1)).days).cast(pl.Int32).cast(pl.Date),
            "hora": pl.Series(seconds * 1_000_000_000).cast(pl.Time),
            "tipo_operacion": kinds(activity, rng),
            "sector_actividad": np.array([profile.sector for profile in PROFILES])[activity],
            "fraccion": np.array([profile.fraction for profile in PROFILES])[activity],
            "inciso": pl.Series(np.array([profile.clause for profile in PROFILES])[activity]).replace(
                "", None
            ),
            "id_acto": pl.Series(
                [f"A{c}" if p else None for c, p in zip(mine["cliente"], in_parts, strict=True)]
            ),
            "id_contraparte": pl.Series(payee).cast(pl.String).str.replace("^", "K"),
            "sentido": np.where(rng.random(n) < 0.8, "entrada", "salida"),
            "pais": np.where(rng.random(n) < 0.03, "US", "MX"),
            "es_pep": pl.Series(np.where(mine["pep"].to_numpy(), "si", "no")),
            "contraprestacion": pl.Series(fee).fill_nan(None).round(2).cast(pl.String),
            "sospechosa": pl.Series([False] * n, dtype=pl.Boolean),
            "tipologia": pl.Series([None] * n, dtype=pl.String),
        }
    )


def asset_activity() -> int:
    """Give the number of the activity that charges a fee of its own."""
    return next(at for at, profile in enumerate(PROFILES) if profile.fraction == "XVI")


def kinds(activity: Ints, rng: np.random.Generator) -> pl.Series:
    """Draw ways of paying, activity by activity."""
    found = np.empty(len(activity), dtype=object)
    for number, profile in enumerate(PROFILES):
        mine = activity == number
        names, weights = zip(*profile.kinds, strict=True)
        found[mine] = np.array(names)[rng.choice(len(names), int(mine.sum()), p=np.array(weights))]
    return pl.Series(found.tolist(), dtype=pl.String)


def money(pesos: Numbers) -> pl.Series:
    """Write pesos with two decimals."""
    return pl.Series([f"{cents // 100}.{cents % 100:02d}" for cents in np.rint(pesos * 100).astype(np.int64)])


def inject(clients: pl.DataFrame, wanted: int, rng: np.random.Generator) -> pl.DataFrame:
    """Make laundering episodes until there are about as many operations as wanted."""
    weights = np.array([typology.weight for typology in TYPOLOGIES])
    parts: list[pl.DataFrame] = []
    made, number = 0, 0
    while made < wanted:
        typology = TYPOLOGIES[int(rng.choice(len(TYPOLOGIES), p=weights / weights.sum()))]
        episode = draw(typology, rng)
        client = clients[int(rng.integers(0, clients.height))]
        part = perform(client, episode, rng).with_columns(
            sospechosa=pl.lit(value=True), tipologia=pl.lit(typology.name)
        )
        parts.append(part)
        made, number = made + part.height, number + 1
    return pl.concat(parts) if parts else ordinary(clients, 0, rng)


def silent_before(honest: pl.DataFrame, odd: pl.DataFrame) -> pl.DataFrame:
    """Drop what clients did in the months before they wake up: that silence is the typology."""
    woken = odd.filter(pl.col("tipologia") == "reactivacion_dormida")
    begins = woken.group_by("cliente_id").agg(_despierta=pl.col("fecha").min())
    joined = honest.join(begins, on="cliente_id", how="left", maintain_order="left")
    asleep = pl.col("fecha").is_between(
        pl.col("_despierta") - pl.duration(days=DORMANT_DAYS), pl.col("_despierta"), closed="both"
    )
    return joined.filter(~asleep.fill_null(value=False)).drop("_despierta")


def perform(client: pl.DataFrame, episode: Episode, rng: np.random.Generator) -> pl.DataFrame:
    """Write one episode of one client; it begins after the client is known, at times after a long silence."""
    n = len(episode.factors)
    end = (LAST - FIRST).days - int(episode.offsets.max())
    begin = int(rng.integers(min(end, client["desde"].item() + DORMANT_DAYS // 4), end + 1))
    pesos = client["usual"].item() * episode.factors
    if episode.step:
        pesos = np.maximum(episode.step, np.floor(pesos / episode.step) * episode.step)
    hops = (client["actividad"].item() + episode.sectors) % len(PROFILES)
    mine = pl.concat([client] * n).with_columns(
        actividad=pl.Series(np.where(episode.sectors > 0, hops, client["actividad"].item())),
        habito=pl.lit(""),
    )
    plain = operations(mine, begin + episode.offsets, pesos, rng)
    third = pl.Series(
        [f"T{begin}{client['cliente'].item()}{other}" if other else None for other in episode.others]
    )
    return plain.with_columns(
        tipo_operacion=pl.coalesce(
            pl.Series(episode.kinds, dtype=pl.String).replace("", None), "tipo_operacion"
        ),
        sentido=pl.coalesce(pl.Series(episode.directions, dtype=pl.String).replace("", None), "sentido"),
        id_contraparte=pl.coalesce(third.cast(pl.String), "id_contraparte"),
    )
