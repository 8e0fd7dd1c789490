"""What the data lack or what was assumed, in words that a buyer reads, in Spanish and English."""

from collections.abc import Iterable, Sequence

from yunque.solutions.demand.plan_values import DataNote

MOST_EXAMPLES = 5

# code -> (English, Spanish); {n} is the count, {x} the examples
TEXTS: dict[str, tuple[str, str]] = {
    "personal_dropped": ("{n} columns about persons were left out and not kept: {x}.",
                         "Se dejaron fuera, sin guardarlas, {n} columnas con datos personales: {x}."),
    "column_ignored": ("{n} columns are not used: {x}.", "{n} columnas no se usan: {x}."),
    "unreadable": ("{n} cells could not be read and their rows were left out: {x}.",
                   "No se pudieron leer {n} celdas y sus filas se dejaron fuera: {x}."),
    "row_without_key": ("{n} rows lack an article, a date or a quantity and were left out: {x}.",
                        "{n} filas sin artículo, fecha o cantidad se dejaron fuera: {x}."),
    "duplicates": ("{n} lines stand twice in the same document; one of each is counted: {x}.",
                   "{n} líneas están repetidas en el mismo documento; se cuenta una de cada una: {x}."),
    "future_dates": ("{n} movements are dated after the day of the plan and were left out: {x}.",
                     "{n} movimientos con fecha posterior al día del plan se dejaron fuera: {x}."),
    "mixed_units": ("{n} articles are counted in several units; only the commonest was kept: {x}.",
                    "{n} artículos vienen en varias unidades de medida; solo se usa la más común: {x}."),
    "negative_units": ("{n} sales have a negative quantity and were read as returns: {x}.",
                       "{n} ventas con cantidad negativa se leyeron como devoluciones: {x}."),
    "returns_unmatched": ("{n} returns have no sale before them and were left out: {x}.",
                          "{n} devoluciones sin una venta anterior se dejaron fuera: {x}."),
    "transfers_out": ("{n} internal transfers are not demand and were left out.",
                      "{n} traslados internos no son demanda y se dejaron fuera."),
    "bulk_lines": ("{n} one-off bulk lines, far above the article's ordinary ones: {x}.",
                   "{n} pedidos especiales, muy por encima de lo normal del artículo: {x}."),
    "bulk_separated": ("{n} one-off bulk lines were counted as ordinary ones: {x}.",
                       "{n} pedidos especiales se contaron como pedidos normales: {x}."),
    "stock_unknown_code": ("{n} articles of the stock file are unknown and were left out: {x}.",
                           "{n} artículos del archivo de existencias no se conocen y se dejaron fuera: {x}."),
    "stock_unknown": ("No stock is known of {n} articles; 0 was assumed. Add a stock file: {x}.",
                      "No se conocen las existencias de {n} artículos; se supuso 0. Añada un archivo de "
                      "existencias: {x}."),
    "stock_negative": ("{n} articles have a negative stock; 0 was assumed: {x}.",
                       "{n} artículos tienen existencias negativas; se supuso 0: {x}."),
    "lead_time_unknown": ("No lead time is known of {n} articles; see each line for what was assumed: {x}.",
                          "No se conoce el tiempo de entrega de {n} artículos; su línea dice cuál: {x}."),
    "lead_time_zero": ("{n} articles are delivered the same day; only the review period is covered: {x}.",
                       "{n} artículos llegan el mismo día; solo se cubre el periodo de revisión: {x}."),
    "cost_unknown": ("No cost is known of {n} articles; see each line for what was assumed: {x}.",
                     "No se conoce el costo de {n} artículos; cada línea dice qué se supuso: {x}."),
    "price_unknown": ("No price is known of {n} articles; the cost and a quarter was assumed: {x}.",
                      "No se conoce el precio de {n} artículos; se supuso costo y cuarto: {x}."),
    "no_supplier": ("Nobody is named to order {n} articles from: {x}.",
                    "Nadie figura como proveedor de {n} artículos: {x}."),
    "no_sales": ("{n} articles never sold in these days: {x}.",
                 "{n} artículos no se vendieron en estos días: {x}."),
    "short_history": ("The history covers {x}: forecasts are wide.",
                      "La historia cubre {x}: los pronósticos son amplios."),
    "minimum_above_budget": ("The minimum order of {n} articles costs more than the whole budget: {x}.",
                             "El pedido mínimo de {n} artículos cuesta más que todo el presupuesto: {x}."),
    "review_unknown": ("No review period is known; {x} days were assumed.",
                       "No se conoce cada cuánto se pide; se supusieron {x} días."),
    "old_data": ("The last sale is {n} days before the day of the plan.",
                 "La última venta es {n} días anterior al día del plan."),
    "order_late": ("{n} open orders should have arrived by now; they still count as coming: {x}.",
                   "{n} pedidos abiertos ya deberían haber llegado; se cuentan como por llegar: {x}."),
    "forecast_note": ("The forecast left out or shortened something: {x} ({n}).",
                      "El pronóstico dejó fuera o acortó algo: {x} ({n})."),
    "below_floor": ("The quantities were cut to whole packs within the budget: {n} articles.",
                    "Las cantidades se recortaron a paquetes enteros dentro del presupuesto: {n} artículos."),
}  # fmt: skip


def note(code: str, count: int, examples: Iterable[object] = ()) -> DataNote:
    """Make a note of that code."""
    shown = tuple(str(one)[:80] for one, _ in zip(examples, range(MOST_EXAMPLES), strict=False))
    english, spanish = TEXTS[code]
    said = ", ".join(shown) + (" …" if count > len(shown) > 0 and "{n}" in english else "")
    texts = {
        name: text.format(n=count, x=said).replace(": .", ".")
        for name, text in (("en", english), ("es", spanish))
    }
    return DataNote(code=code, count=count, examples=shown, text=texts)


def noted(*found: tuple[str, int, Sequence[object]]) -> tuple[DataNote, ...]:
    """Make notes of those that happened."""
    return tuple(note(code, count, examples) for code, count, examples in found if count)
