"""What an officer must know about how an answer was reached: one bit each, cheap on a million rows."""

from dataclasses import dataclass
from enum import IntFlag
from functools import cache

import polars as pl


class Warn(IntFlag):
    """Warnings of one operation."""

    ONE_AMOUNT = 1
    SECTOR_ASSUMED = 2
    AMOUNT_KNOWN_ASSUMED = 4
    CURRENCY_CONVERTED = 8
    MOMENT_CONVERTED = 16
    CASH_BEFORE_RULE = 32
    CASH_WITHOUT_UMA = 64
    CASH_V_BIS = 128
    CASH_WITHOUT_PAYER = 256
    EARLY_ACCUMULATION = 512
    HISTORY_WITHOUT_UMA = 1024
    ONLY_PRICE = 2048
    SERIES_REACHES_NOTICE = 4096
    SERIES_WITHOUT_HOUR = 8192
    INSTALMENTS_REACHED_BEFORE = 16384
    OTHER_TERM = 32768
    ALREADY_NOTIFIED = 65536
    PIECE_VALUE_ASSUMED = 131072
    CASH_ONLY_WITH_TAXES = 262144
    CLAUSE_ASSUMED = 524288
    FRACTION_AND_SECTOR_DIFFER = 1048576
    DEPOSIT_UNKNOWN = 2097152
    INSTRUMENT_UNKNOWN = 4194304
    KIND_AND_INSTRUMENT_DIFFER = 8388608
    JURISDICTION_LISTED = 16777216
    NO_AMOUNT = 33554432


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """A warning's name in results and its text for people."""

    code: str
    text: str


MEANINGS: dict[Warn, Meaning] = {
    Warn.ONE_AMOUNT: Meaning(
        code="monto_unico",
        text="Un solo monto sirve con y sin contribuciones: la comparación del Art. 17 yerra hacia arriba.",
    ),
    Warn.SECTOR_ASSUMED: Meaning(
        code="fraccion_supuesta", text="La fracción se dedujo del sector; confírmela con su asesor."
    ),
    Warn.AMOUNT_KNOWN_ASSUMED: Meaning(
        code="monto_determinable_supuesto",
        text="Fracción X: el archivo trae monto y no dice si es determinable; se tomó el inciso a.",
    ),
    Warn.CURRENCY_CONVERTED: Meaning(
        code="moneda_convertida", text="El monto se convirtió con el tipo de cambio del archivo."
    ),
    Warn.MOMENT_CONVERTED: Meaning(
        code="zona_horaria_convertida", text="La fecha traía zona horaria y se llevó a la Ciudad de México."
    ),
    Warn.CASH_BEFORE_RULE: Meaning(
        code="efectivo_sin_regla_para_la_fecha",
        text=(
            "Pago en efectivo anterior al 17-07-2025: las tablas no tienen el límite del Art. 32 de esa "
            "fecha."
        ),
    ),
    Warn.CASH_WITHOUT_UMA: Meaning(
        code="efectivo_uma_no_disponible",
        text="Pago en efectivo en una fecha sin UMA cargada: no se comparó con el Art. 32.",
    ),
    Warn.CASH_V_BIS: Meaning(
        code="efectivo_v_bis_dudoso",
        text="Es dudoso que el límite de inmuebles del Art. 32 fr. I alcance a la fr. V Bis; se aplicó.",
    ),
    Warn.CASH_WITHOUT_PAYER: Meaning(
        code="efectivo_sin_pagador",
        text="Sin id_pagador no se suman los actos que paga una misma persona (Reglamento 42 fr. II).",
    ),
    Warn.EARLY_ACCUMULATION: Meaning(
        code="acumulacion_anterior_a_rcg_2026",
        text="Las reglas generales nombran esta fracción entre las que se acumulan desde el 30-11-2026; "
        "antes se acumula por lectura prudente.",
    ),
    Warn.HISTORY_WITHOUT_UMA: Meaning(
        code="historia_sin_uma",
        text="En los seis meses hay actos en fechas sin UMA cargada que no entraron en la suma.",
    ),
    Warn.ONLY_PRICE: Meaning(
        code="solo_precio",
        text=(
            "Fracción XII A a: sin valor catastral, comercial ni monto garantizado se comparó solo el precio."
        ),
    ),
    Warn.SERIES_REACHES_NOTICE: Meaning(
        code="serie_alcanza_umbral_de_aviso",
        text="La serie de 24 horas alcanza el umbral de aviso: revise si procede avisarla como un acto.",
    ),
    Warn.SERIES_WITHOUT_HOUR: Meaning(
        code="serie_sin_hora",
        text="Sin hora, la serie de 24 horas se contó por día; el día anterior pudo entrar en ella.",
    ),
    Warn.INSTALMENTS_REACHED_BEFORE: Meaning(
        code="exhibicion_previa_alcanza_umbral",
        text=(
            "El acto alcanzaba el umbral de aviso desde una exhibición anterior; el plazo se cuenta desde "
            "la última conocida (RCG 24 Bis)."
        ),
    ),
    Warn.OTHER_TERM: Meaning(
        code="plazo_distinto_del_dia_17",
        text="El plazo no es el día 17: sigue las disposiciones fiscales (Reglamento 17) o el pedimento "
        "(Reglamento 16).",
    ),
    Warn.ALREADY_NOTIFIED: Meaning(
        code="suma_con_actos_ya_avisados",
        text="La suma de seis meses incluye actos que ya dieron lugar a un aviso; se muestran ambas sumas.",
    ),
    Warn.PIECE_VALUE_ASSUMED: Meaning(
        code="valor_individual_supuesto",
        text="Fracción XIV: sin valor_individual se tomó el monto de la fila como valor de una pieza.",
    ),
    Warn.CASH_ONLY_WITH_TAXES: Meaning(
        code="efectivo_alcanza_con_contribuciones",
        text=(
            "Antes del 28-03-2026 el efectivo se compara sin contribuciones; con ellas alcanzaría el límite."
        ),
    ),
    Warn.CLAUSE_ASSUMED: Meaning(
        code="inciso_supuesto", text="Sin inciso se tomó el a; los de esta fracción obligan a lo mismo."
    ),
    Warn.FRACTION_AND_SECTOR_DIFFER: Meaning(
        code="fraccion_y_sector_distintos",
        text="El sector corresponde a otra fracción; se tomó la fracción que trae el archivo.",
    ),
    Warn.DEPOSIT_UNKNOWN: Meaning(
        code="deposito_sin_instrumento",
        text="Un depósito sin forma_pago puede ser en efectivo: sin ese dato no se comparó con el Art. 32.",
    ),
    Warn.JURISDICTION_LISTED: Meaning(
        code="jurisdiccion_en_lista",
        text="El país está en la lista de jurisdicciones de las tablas; confírmela con la que publica la UIF "
        "(RCG 23 Bis 4).",
    ),
    Warn.NO_AMOUNT: Meaning(
        code="sin_monto", text="La fila no dice un monto; en este supuesto no decide ningún umbral."
    ),
    Warn.INSTRUMENT_UNKNOWN: Meaning(
        code="forma_pago_desconocida",
        text="No se conoce la forma_pago: decidió el tipo de operación si el pago fue en efectivo.",
    ),
    Warn.KIND_AND_INSTRUMENT_DIFFER: Meaning(
        code="tipo_y_forma_pago_distintos",
        text="El tipo de operación dice efectivo y la forma_pago no: se creyó a la forma_pago; revíselo.",
    ),
}


@cache
def meanings(bits: int) -> tuple[Meaning, ...]:
    """Give the warnings that a number stands for, in a fixed order."""
    return tuple(meaning for warn, meaning in MEANINGS.items() if bits & int(warn))


def flag(condition: pl.Expr, warn: Warn) -> pl.Expr:
    """Give the bit of a warning where a condition holds, 0 elsewhere."""
    return pl.when(condition.fill_null(value=False)).then(pl.lit(int(warn), pl.Int64)).otherwise(0)
