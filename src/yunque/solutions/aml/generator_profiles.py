"""What ordinary clients of each activity do: amounts, rhythm, payment, and habits that look odd."""

from dataclasses import dataclass

Kinds = tuple[tuple[str, float], ...]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One activity.

    Attributes:
        sector, fraction, clause: as a file of R1 has them.
        median: of amounts, in pesos; `spread`: of their logarithm within a client.
        rate: operations of a client in a month.
        kinds: ways of paying and how often each is used.
        share: of all clients.
        peak_month: the month with twice the traffic; 0 for none.
    """

    sector: str
    fraction: str
    clause: str = ""
    median: float
    spread: float
    rate: float
    kinds: Kinds
    share: float
    peak_month: int = 0


TRANSFERS: Kinds = (
    ("transferencia_nacional", 0.75),
    ("cheque", 0.12),
    ("efectivo", 0.08),
    ("transferencia_internacional", 0.05),
)
COUNTER: Kinds = (("efectivo", 0.40), ("tarjeta", 0.45), ("transferencia_nacional", 0.15))
MIXED: Kinds = (("transferencia_nacional", 0.55), ("tarjeta", 0.25), ("efectivo", 0.15), ("cheque", 0.05))
ONLINE: Kinds = (("transferencia_nacional", 0.85), ("transferencia_internacional", 0.15))

PROFILES: tuple[Profile, ...] = (
    Profile(
        sector="juegos_sorteos",
        fraction="I",
        median=4_000,
        spread=0.9,
        rate=2.5,
        kinds=COUNTER,
        share=0.12,
    ),
    Profile(
        sector="tarjetas_credito",
        fraction="II",
        clause="a",
        median=9_000,
        spread=0.8,
        rate=3.0,
        kinds=MIXED,
        share=0.05,
    ),
    Profile(
        sector="tarjetas_prepagadas",
        fraction="II",
        clause="b",
        median=3_000,
        spread=0.7,
        rate=1.5,
        kinds=COUNTER,
        share=0.05,
    ),
    Profile(
        sector="prestamos",
        fraction="IV",
        median=60_000,
        spread=0.9,
        rate=0.5,
        kinds=TRANSFERS,
        share=0.08,
    ),
    Profile(
        sector="inmobiliaria",
        fraction="V",
        median=350_000,
        spread=1.1,
        rate=0.4,
        kinds=TRANSFERS,
        share=0.12,
    ),
    Profile(
        sector="desarrollo_inmobiliario",
        fraction="V Bis",
        median=280_000,
        spread=1.0,
        rate=0.5,
        kinds=TRANSFERS,
        share=0.04,
    ),
    Profile(
        sector="joyeria_metales",
        fraction="VI",
        median=18_000,
        spread=1.1,
        rate=0.6,
        kinds=COUNTER,
        share=0.13,
        peak_month=12,
    ),
    Profile(
        sector="arte_antiguedades",
        fraction="VII",
        median=90_000,
        spread=1.2,
        rate=0.3,
        kinds=MIXED,
        share=0.04,
    ),
    Profile(
        sector="automotriz",
        fraction="VIII",
        median=260_000,
        spread=0.6,
        rate=0.3,
        kinds=MIXED,
        share=0.13,
        peak_month=11,
    ),
    Profile(
        sector="blindaje",
        fraction="IX",
        median=450_000,
        spread=0.5,
        rate=0.2,
        kinds=TRANSFERS,
        share=0.02,
    ),
    Profile(
        sector="traslado_valores",
        fraction="X",
        clause="a",
        median=220_000,
        spread=0.9,
        rate=3.0,
        kinds=TRANSFERS,
        share=0.03,
    ),
    Profile(
        sector="notaria",
        fraction="XII",
        clause="A-a",
        median=700_000,
        spread=0.8,
        rate=0.2,
        kinds=TRANSFERS,
        share=0.05,
    ),
    Profile(
        sector="donativos",
        fraction="XIII",
        median=12_000,
        spread=1.3,
        rate=0.8,
        kinds=MIXED,
        share=0.05,
    ),
    Profile(
        sector="arrendamiento",
        fraction="XV",
        median=22_000,
        spread=0.2,
        rate=1.0,
        kinds=MIXED,
        share=0.06,
    ),
    Profile(
        sector="activos_virtuales",
        fraction="XVI",
        clause="a",
        median=6_000,
        spread=1.3,
        rate=3.5,
        kinds=ONLINE,
        share=0.08,
    ),
)

# Habits of honest clients that a careless model would call suspicious, and how many clients have each.
LOOK_ALIKES: tuple[tuple[str, float], ...] = (
    ("exhibiciones", 0.05),  # one purchase in equal monthly instalments
    ("nomina", 0.02),  # many small payments to many people on the same day of the month
    ("renta_fija", 0.06),  # the same amount every month
    ("precio_de_lista", 0.05),  # list prices that happen to lie just under something
    ("temporada", 0.04),  # much in one month, nothing in others
    ("cuenta_redonda", 0.08),  # always whole thousands
)
