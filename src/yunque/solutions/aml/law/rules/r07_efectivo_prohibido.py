"""Article 32: cash of the act at or above the limit may not be accepted."""

from datetime import date

import polars as pl

from yunque.solutions.aml.law.rule import Rule

RULE = Rule(
    id="R07_efectivo_prohibido",
    title="Efectivo prohibido",
    fires=pl.col("efectivo_prohibido"),
    obligation="prohibicion_efectivo",
    floor="preocupante",
    citation="LFPIORPI 32; Reglamento 6 párr. 3 y 42",
    since=date(2025, 7, 17),
    reason=(
        "El efectivo o los metales del acto suman {efectivo_c} ({efectivo_umas} UMA); desde {limite_uma} "
        "UMA está prohibido (Art. 32 fr. {limite_fraccion})."
    ),
    numbers=(
        "efectivo_c",
        "efectivo_umas",
        "efectivo_pagador_c",
        "efectivo_pagador_umas",
        "limite_uma",
        "limite_fraccion",
        "uma_c",
    ),
)
