"""Random portfolios written as people write files, split over uploads with repeats and corrections, owe the same.

What the files hold, in whatever spelling, order, time zone, currency or number of uploads, is one list of operations;
the slow second reading of the law judges that list, and the engine judges the files.
"""

import random
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from law_reference import owed
from portfolios import EVERY_RULE, a_portfolio
from test_law_reference import COMPARED, apart

from yunque.solutions.aml.intake.intake import take_in
from yunque.solutions.aml.law.evaluate import evaluate
from yunque.solutions.aml.law.read_catalogue import catalogue
from yunque.solutions.aml.law.warning import Warn
from yunque.solutions.aml.store.history import merged

HOME = ZoneInfo("America/Mexico_City")
AS_OF = date(2027, 12, 31)
COLUMNS = (
    "cliente_id", "id_operacion", "fecha", "hora", "monto", "monto_sin_contribuciones", "moneda", "tipo_cambio",
    "tipo_operacion", "forma_pago", "fraccion", "inciso", "sector_actividad", "id_acto", "id_pagador",
    "cuenta_tarjeta", "contraprestacion", "valor_catastral", "valor_comercial", "monto_garantizado",
    "valor_individual", "en_representacion", "monto_determinable", "pais", "en_lista", "es_pep", "sospecha", "intento",
)  # fmt: skip
IN_CASH = [
    ("efectivo", None), ("Efectivo", "efectivo"), ("transferencia", "Depósito en efectivo"), ("otro", "01"),
    ("efectivo", "contado"), ("cheque", "oro"), ("metales", None), ("deposito", "billetes y monedas"),
    ("deposito en efectivo", None),
]  # fmt: skip
NOT_IN_CASH = [
    ("transferencia", None), ("SPEI", "transferencia"), ("efectivo", "Cheque de caja"), ("tarjeta", "tarjeta oro"),
    ("transferencia_internacional", None), ("deposito", None), ("otro", "03"), ("cheque", "sin efectivo"),
]  # fmt: skip
COUNTRIES = {
    None: [None], "mx": ["México", "MX", "mexico"], "us": ["US", "Estados Unidos"], "mm": ["MM", "Myanmar", "Birmania"],
    "ir": ["IR", "Irán", "Iran", "IRN", "República Islámica de Irán"],
}  # fmt: skip
MONTHS = ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"]


def amount(cents, rng):
    """One exact amount, spelled somehow."""
    if cents is None:
        return None
    whole, rest = divmod(cents, 100)
    plain, commas = f"{whole}.{rest:02d}", f"{whole:,}.{rest:02d}"
    forms = [plain, commas, f"$ {commas}", f"{commas} MXN", f"{plain}0" if whole > 999 else plain]
    forms += [commas.translate(str.maketrans(",.", ".,")), commas.replace(",", " "), commas.replace(",", "'")]
    return rng.choice(forms)


def moment(row, rng):
    """The columns `fecha` and `hora` of one moment of Mexico City."""
    day, hour = row["fecha"], row["hora"]
    if hour not in (None, time(0)) and rng.random() < 0.4:
        local = datetime.combine(day, hour, tzinfo=HOME)
        zone = timezone(timedelta(hours=rng.choice([-8, -5, 0, 1, 9]), minutes=rng.choice([0, 30])))
        forms = [local.replace(tzinfo=None).isoformat(sep=" "), local.astimezone(zone).isoformat()]
        greenwich = local.astimezone(ZoneInfo("UTC")).replace(tzinfo=None).isoformat()
        return rng.choice([*forms, f"{greenwich}Z", f"{greenwich} UTC"]), None
    spelled = [
        f"{day:%Y-%m-%d}",
        f"{day:%d/%m/%Y}",
        f"{day:%Y%m%d}",
        f"{day.day}-{MONTHS[day.month - 1]}-{day.year}",
    ]
    return rng.choice(spelled), None if hour is None else f"{hour:%H:%M:%S}"


def place(rule, rng):
    """Fraction and clause of one rule, in one of the ways in which files tell them."""
    if rule == "V-BIS":
        return rng.choice(["V Bis", "v bis", "Fracción V Bis", "5 bis"]), None
    if rule in ("X-a", "X-b", "XVI-a"):
        return rng.choice([rule.split("-")[0], rule]), None
    parts = rule.split("-")
    clause = parts[-1] if parts[-1].islower() else None
    fraction = "-".join(part for part in parts if part != clause)
    if clause is None:
        return rng.choice([fraction, f"fr. {fraction}", f"Art. 17 fracción {fraction}"]), None
    return rng.choice([(rule, None), (fraction, clause), (fraction.replace("-", " "), f"inciso {clause})")])


def yes(value, rng):
    """A flag: yes, no, or nothing said."""
    words = {None: [None, ""], True: ["si", "Sí", "1", "X"], False: ["no", "0", "falso"]}
    return rng.choice(words[value])


def written(row, rng):
    """One operation as the cells of a file."""
    fraction, clause = place(row["regla"], rng)
    day, hour = moment(row, rng)
    kind, instrument = rng.choice(IN_CASH if row["es_efectivo"] else NOT_IN_CASH)
    rate = rng.choice([1, 2, 4, 20]) if rng.random() < 0.2 else None
    names = ("monto_c", "monto_sin_c", "contraprestacion_c", "valor_mayor_c", "valor_individual_c")
    cents = {name: row[name] for name in names}
    if rate and all(value is None or value % rate == 0 for value in cents.values()):
        cents = {name: value if value is None else value // rate for name, value in cents.items()}
    else:
        rate = None
    deed = rng.choice(["valor_catastral", "valor_comercial", "monto_garantizado"])
    cells = dict.fromkeys(COLUMNS) | {
        "cliente_id": row["cliente_id"], "id_operacion": row["id_operacion"], "fecha": day, "hora": hour,
        "monto": amount(cents["monto_c"], rng) if rate is None else f"{cents['monto_c'] / 100:.2f}",
        "monto_sin_contribuciones": amount(cents["monto_sin_c"], rng),
        "moneda": None if rate is None else rng.choice(["USD", "dólares", "EUR"]),
        "tipo_cambio": None if rate is None else f"{rate}.0000",
        "tipo_operacion": kind, "forma_pago": instrument, "fraccion": fraction, "inciso": clause,
        "id_acto": row["id_acto"], "id_pagador": row["id_pagador"], "cuenta_tarjeta": row["cuenta"],
        "contraprestacion": amount(cents["contraprestacion_c"], rng), deed: amount(cents["valor_mayor_c"], rng),
        "valor_individual": amount(cents["valor_individual_c"], rng),
        "pais": rng.choice(COUNTRIES[row["jurisdiccion"]]),
        "en_representacion": yes(row["en_representacion"], rng),
        "monto_determinable": {"X-a": "si", "X-b": "no"}.get(row["regla"]),
    }  # fmt: skip
    flags = {name: yes(row[name] or rng.choice([None, False]), rng) for name in COLUMNS[-4:]}
    if rate is not None:
        without = ("monto_sin_contribuciones", "contraprestacion", "valor_individual", deed)
        cells |= {name: cells[name] and cells[name].replace(" MXN", "") for name in without}
    return cells | flags


def wrong_version(row, rng):
    """An operation as somebody first told it, wrongly."""
    other = {
        "monto_c": row["monto_c"] * rng.choice([1, 2, 100]) + 7,
        "fecha": row["fecha"] - timedelta(days=rng.choice([1, 40])),
        "cliente_id": row["cliente_id"].partition(":")[0] + ":" + rng.choice(["ana", "beto", "ñandú"]),
        "intento": not row["intento"],
        "es_efectivo": not row["es_efectivo"],
    }
    names = rng.sample(sorted(other), k=rng.randint(1, 3))
    return row | {name: other[name] for name in names} | {"valor_individual_c": None}


def unreadable(row, rng):
    """A row that must be refused, whatever else it says; its id is nobody's."""
    cells = written(row | {"es_efectivo": True}, rng) | {"id_operacion": f"junk-{row['id_operacion']}"}
    faults = [
        {"monto": "180.000"}, {"monto": "5 pesos 30"}, {"monto": "-5"}, {"monto": "cien"}, {"fecha": "31/02/2026"},
        {"moneda": "USD", "tipo_cambio": None}, {"tipo_operacion": "trueque"}, {"monto": "0"}, {"en_lista": "quizá"},
    ]  # fmt: skip
    changed = rng.choice(faults) | {"intento": "no"}
    return cells | changed if "moneda" in changed else cells | {"moneda": None} | changed


def uploads(rows, rng):
    """The rows as files: a list of cells each, shuffled, with repeats, earlier wrong versions and junk.

    Returns:
        the files, and how many of their rows must be refused.
    """
    count = rng.randint(1, 4)
    files = [[] for _ in range(count)]
    refused = 0
    for row in rows:
        at = rng.randrange(count)
        if at and rng.random() < 0.25:
            files[rng.randrange(at)].append(written(wrong_version(row, rng), rng))
        files[at].append(written(row, rng))
        for later in range(at + 1, count):
            if rng.random() < 0.15:
                files[later].append(written(row, rng))
    for file in files:
        junk = [unreadable(rng.choice(rows), rng) for _ in range(rng.randint(0, 2))]
        refused += len({cells["id_operacion"] + str(n) for n, cells in enumerate(junk)})
        file.extend(junk)
        rng.shuffle(file)
        again = [dict(rng.choice(file)) for _ in range(2) if file]
        file.extend(cells for cells in again if not cells["id_operacion"].startswith("junk"))
        refused += sum(not cells["id_operacion"].startswith("junk") for cells in again)
    return [file for file in files if file], refused


def read(files):
    """All files taken in one after the other, as the module keeps them."""
    parts, refused = [], 0
    for number, cells in enumerate(files, start=1):
        taken = take_in(pl.DataFrame(cells, schema=dict.fromkeys(COLUMNS, pl.String)), catalogue(), AS_OF)
        refused += taken.rejected_rows
        parts.append(taken.operations.with_columns(parte=pl.lit(number, pl.Int64)))
    return merged(parts).operations, refused


def portfolio(seed):
    """One portfolio with clients, payers and ids of its own."""
    rows = apart(a_portfolio(seed, among=EVERY_RULE), seed)
    return [row | {"id_operacion": f"s{seed}-op{row['linea']}"} for row in rows]


def compare(seeds):
    """Write the portfolios as files, read them, and compare with the second reading of what was meant."""
    rng = random.Random(f"files {min(seeds)}")
    rows = [row for seed in seeds for row in portfolio(seed)]
    files, expected = uploads(rows, rng)
    operations, refused = read(files)
    assert refused == expected
    found = evaluate(operations, catalogue()).obligations
    records = found.filter(found["regla"].str.slice(0, 3).is_in(COMPARED)).to_dicts()
    mine = {(r["cliente_id"], r["id_operacion"], r["regla"][:3], r["vence"]) for r in records}
    theirs, _ = owed(rows)
    assert mine == theirs, sorted(map(str, mine ^ theirs))[:10]
    return operations


def test_files_owe_what_their_operations_owe():
    operations = compare(range(60))
    told = operations["marcas"].to_list()
    for warn in (
        Warn.CURRENCY_CONVERTED,
        Warn.MOMENT_CONVERTED,
        Warn.INSTRUMENT_UNKNOWN,
        Warn.DEPOSIT_UNKNOWN,
    ):
        assert sum(bool(bits & warn) for bits in told) > 20


@pytest.mark.parametrize("seed", range(100, 104))
def test_a_few_small_files_owe_the_same(seed):
    compare([seed])


@pytest.mark.slow
def test_a_thousand_portfolios_in_files_owe_what_their_operations_owe():
    for first in range(20_000, 21_000, 25):
        compare(range(first, first + 25))
