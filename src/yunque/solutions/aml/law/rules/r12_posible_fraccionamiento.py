"""Policy: several operations just under a threshold whose sum would owe a notice although none counts."""

from datetime import date

import polars as pl

from yunque.solutions.aml.law.rule import Rule

RULE = Rule(
    id="R12_posible_fraccionamiento",
    title="Posible fraccionamiento",
    fires=pl.col("fraccionamiento"),
    obligation="revision",
    floor="inusual",
    citation="RCG 26 Bis (montos, frecuencia y formas de pago); política propia, no obligación legal",
    since=date(2016, 1, 28),
    nature="politica",
    reason=(
        "{cerca_30d_n} actos en 30 días quedan a menos de 20 % de un umbral; en seis meses todos suman "
        "{total_6m_c} ({total_6m_umas} UMA) y el aviso procede desde {aviso_uma} UMA."
    ),
    numbers=("cerca_30d_n", "total_6m_c", "total_6m_umas", "acum_umas", "aviso_uma"),
)
