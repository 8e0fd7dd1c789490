"""Codes that say why a model was used and what was left out, with their sentence in English and Spanish."""

REASONS: dict[str, dict[str, str]] = {
    "combination": {
        "en": "the mean of several models, which erred least in past periods of such articles",
        "es": "el promedio de varios modelos, el que menos se equivocó en el pasado con artículos parecidos",
    },
    "floor": {
        "en": "a simple rule, because no combination beat it in past periods of such articles",
        "es": "una regla simple, porque ninguna combinación la superó en el pasado con artículos parecidos",
    },
    "few_periods": {
        "en": "the article's own mean with that of others at the same age, because its history is short",
        "es": "su propio promedio junto al de otros artículos a la misma edad, porque su historia es corta",
    },
    "category_prior": {
        "en": "what new articles of its category sell, because it has hardly sold yet",
        "es": "lo que venden los artículos nuevos de su categoría, porque casi no tiene ventas todavía",
    },
    "ended": {
        "en": "zero: it has not sold for far longer than its usual pause",
        "es": "cero: lleva sin venderse mucho más que su pausa habitual",
    },
    "never_sold": {
        "en": "what new articles of its category sell: it has never sold",
        "es": "lo que venden los artículos nuevos de su categoría: nunca se ha vendido",
    },
    "no_backtest": {
        "en": "a mean of simple models: there is too little history to choose by past errors",
        "es": "un promedio de modelos simples: hay muy poca historia para elegir por errores pasados",
    },
}

NOTES: dict[str, dict[str, str]] = {
    "open_period_lines": {
        "en": "sale lines in the period that is still open were left out",
        "es": "se dejaron fuera líneas de venta del período aún abierto",
    },
    "netted_below_zero": {
        "en": "periods had more returns than sales and count as zero",
        "es": "períodos con más devoluciones que ventas cuentan como cero",
    },
    "masked_without_stock": {
        "en": "periods without stock were not read as absence of demand",
        "es": "períodos sin existencias no se leyeron como falta de demanda",
    },
    "candidates_out_of_time": {
        "en": "models were left out because the time was over",
        "es": "se dejaron fuera modelos porque se acabó el tiempo",
    },
    "origins_out_of_time": {
        "en": "origins of the backtest were left out because the time was over",
        "es": "se dejaron fuera orígenes de la prueba con el pasado porque se acabó el tiempo",
    },
    "backtest_sampled": {
        "en": "articles whose costly models were tried on the past; the other ones share their weights",
        "es": "artículos cuyos modelos costosos se probaron con el pasado; los demás comparten sus pesos",
    },
    "fallback_fits": {
        "en": "fits of one article failed and were replaced by its mean of recent periods",
        "es": "ajustes de un artículo fallaron y se reemplazaron por su promedio reciente",
    },
    "few_residuals": {
        "en": "groups of articles had too few past errors and took the intervals of a wider group",
        "es": "grupos de artículos con pocos errores pasados tomaron los intervalos de un grupo mayor",
    },
    "theoretical_intervals": {
        "en": "articles have intervals from theory (negative binomial), because no past errors exist",
        "es": "artículos con intervalos teóricos (binomial negativa), porque no hay errores pasados",
    },
    "no_booster": {
        "en": "the global learner was left out: not asked for, not installed, or too little data",
        "es": "se dejó fuera el modelo global: no se pidió, no está instalado o hay pocos datos",
    },
}
