"""Ten ways of laundering, injected as episodes: how many operations, over how many days, and in what shape.

Degrees and timing follow the 370 laundering patterns of AMLworld HI-Small (Altman et al., NeurIPS 2023):
families there have medians of 3 to 14 operations, 1 to 6 days and gaps of hours. Structuring is stretched
over weeks, as an activity that sells one car at a time needs. An episode is drawn from the client's own
habits; no threshold of the law decides a label.
"""

from dataclasses import dataclass

import numpy as np

Generator = np.random.Generator


@dataclass(frozen=True, kw_only=True)
class Typology:
    """One way.

    Attributes:
        name: for reports.
        operations, days: least and most of an episode.
        weight: how often it is chosen.
    """

    name: str
    operations: tuple[int, int]
    days: tuple[int, int]
    weight: float


TYPOLOGIES: tuple[Typology, ...] = (
    Typology(name="pitufeo_identificacion", operations=(4, 12), days=(5, 25), weight=0.16),
    Typology(name="pitufeo_aviso", operations=(3, 8), days=(8, 40), weight=0.12),
    Typology(name="dividido_en_dias", operations=(3, 7), days=(1, 5), weight=0.12),
    Typology(name="fan_in_terceros", operations=(5, 14), days=(2, 12), weight=0.12),
    Typology(name="paso_rapido", operations=(4, 10), days=(2, 9), weight=0.12),
    Typology(name="reactivacion_dormida", operations=(3, 6), days=(1, 6), weight=0.08),
    Typology(name="cambio_a_efectivo", operations=(4, 10), days=(10, 45), weight=0.10),
    Typology(name="montos_redondos", operations=(4, 9), days=(4, 20), weight=0.06),
    Typology(name="salto_de_sectores", operations=(4, 8), days=(3, 15), weight=0.06),
    Typology(name="valor_discordante", operations=(1, 3), days=(1, 10), weight=0.06),
)


@dataclass(frozen=True, kw_only=True)
class Episode:
    """The operations of one episode: days from its start, amounts as multiples of the client's usual one.

    Attributes:
        kinds, directions: "" keeps what the client usually does.
        others: number of the third party of each operation; 0 keeps the client's usual ones.
        sectors: number of another activity; 0 keeps the client's own.
        step: amounts are rounded down to it, in pesos; 0 for centavos.
    """

    offsets: np.ndarray[tuple[int], np.dtype[np.int64]]
    factors: np.ndarray[tuple[int], np.dtype[np.float64]]
    kinds: tuple[str, ...]
    directions: tuple[str, ...]
    others: np.ndarray[tuple[int], np.dtype[np.int64]]
    sectors: np.ndarray[tuple[int], np.dtype[np.int64]]
    step: int


def draw(typology: Typology, rng: Generator) -> Episode:
    """Draw one episode."""
    low, high = typology.operations
    n = int(rng.integers(low, high + 1))
    span = int(rng.integers(typology.days[0], typology.days[1] + 1))
    offsets = np.sort(rng.integers(0, span + 1, n))
    plain = ("",) * n
    none = np.zeros(n, dtype=np.int64)
    shapes: dict[str, dict[str, object]] = {
        "pitufeo_identificacion": {"factors": rng.uniform(1.6, 2.0, n) * rng.uniform(0.9, 1.1)},
        "pitufeo_aviso": {"factors": rng.uniform(3.2, 3.9, n) * rng.uniform(0.9, 1.1)},
        "dividido_en_dias": {"factors": np.full(n, rng.uniform(1.5, 4.0)) * rng.uniform(0.95, 1.05, n)},
        "fan_in_terceros": {
            "factors": rng.uniform(0.5, 1.8, n),
            "others": np.arange(1, n + 1),
            "directions": ("entrada",) * n,
        },
        "paso_rapido": passing(n, rng),
        "reactivacion_dormida": {"factors": rng.uniform(3.0, 8.0, n)},
        "cambio_a_efectivo": {"factors": rng.uniform(0.8, 2.5, n), "kinds": ("efectivo",) * n},
        "montos_redondos": {"factors": rng.uniform(2.0, 5.0, n), "step": 10_000},
        "salto_de_sectores": {"factors": rng.uniform(0.8, 2.5, n), "sectors": np.arange(1, n + 1)},
        "valor_discordante": {"factors": rng.uniform(6.0, 20.0, n)},
    }
    facts: dict[str, object] = {
        "kinds": plain,
        "directions": plain,
        "others": none,
        "sectors": none,
        "step": 0,
    }
    return Episode(offsets=offsets, **{**facts, **shapes[typology.name]})  # type: ignore[arg-type]


def passing(n: int, rng: Generator) -> dict[str, object]:
    """Money that comes in and leaves again, nearly whole."""
    received = rng.uniform(2.0, 5.0, (n + 1) // 2)
    sent = received[: n // 2] * rng.uniform(0.90, 0.99, n // 2)
    factors = np.empty(n)
    factors[0::2], factors[1::2] = received, sent
    directions = tuple("entrada" if at % 2 == 0 else "salida" for at in range(n))
    return {"factors": factors, "directions": directions, "others": np.arange(1, n + 1)}
