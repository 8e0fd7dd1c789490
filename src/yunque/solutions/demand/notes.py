"""What the data lack or what was assumed, in words that a buyer reads, in Spanish and English."""

from collections.abc import Iterable, Sequence

from yunque.solutions.demand.plan_values import DataNote

MOST_EXAMPLES = 5

# code -> (English, Spanish); {n} is the count, {x} the examples. "What: how many (examples). What was done."
TEXTS: dict[str, tuple[str, str]] = {
    "personal_dropped": ("Columns about persons, left out and not kept: {n}{x}.",
                         "Columnas con datos personales, que no se guardan: {n}{x}."),
    "column_ignored": ("Columns that are not used: {n}{x}.", "Columnas que no se usan: {n}{x}."),
    "unreadable": ("Cells that could not be read: {n}{x}. Where one is needed its row is left out.",
                   "Celdas que no se pudieron leer: {n}{x}. Si la celda hace falta, su fila queda fuera."),
    "row_without_key": ("Rows left out for want of an article, a date or a quantity: {n}{x}.",
                        "Filas que quedan fuera por falta de artículo, fecha o cantidad: {n}{x}."),
    "duplicates": ("Lines that stand twice in the same document: {n}{x}. One of each is counted.",
                   "Líneas repetidas en el mismo documento: {n}{x}. Se cuenta una de cada una."),
    "future_dates": ("Movements dated after the day of the plan, left out: {n}{x}.",
                     "Movimientos con fecha posterior al día del plan, que quedan fuera: {n}{x}."),
    "ancient_dates": ("Movements 15 years and more before the last one, left out: {n}{x}.",
                      "Movimientos 15 años o más antes del último, que quedan fuera: {n}{x}."),
    "mixed_units": ("Articles counted in several units of measure: {n}{x}. Only the commonest one is used.",
                    "Artículos que vienen en varias unidades de medida: {n}{x}. Solo se usa la más común."),
    "negative_units": ("Sales of a negative quantity, read as returns: {n}{x}.",
                       "Ventas con cantidad negativa, leídas como devoluciones: {n}{x}."),
    "returns_unmatched": ("Returns without a sale before them, left out: {n}{x}.",
                          "Devoluciones sin una venta anterior, que quedan fuera: {n}{x}."),
    "transfers_out": ("Internal transfers, which are no demand: {n}.",
                      "Traslados internos, que no son demanda: {n}."),
    "bulk_lines": ("One-off bulk lines, far above the article's ordinary ones: {n}{x}.",
                   "Pedidos especiales, muy por encima de lo normal del artículo: {n}{x}."),
    "bulk_separated": ("One-off bulk lines that were counted as ordinary ones: {n}{x}.",
                       "Pedidos especiales que se contaron como pedidos normales: {n}{x}."),
    "stock_unknown_code": ("Articles of the stock file that nothing else knows, left out: {n}{x}.",
                           "Artículos del archivo de existencias que no se conocen y quedan fuera: {n}{x}."),
    "stock_unknown": ("Articles of unknown stock: {n}{x}. 0 was assumed; add a stock file.",
                      "Artículos sin existencias conocidas: {n}{x}. Se supuso 0; añada ese archivo."),
    "stock_negative": ("Articles of negative stock: {n}{x}. 0 was assumed.",
                       "Artículos con existencias negativas: {n}{x}. Se supuso 0."),
    "lead_time_unknown": ("Articles of unknown lead time: {n}{x}. Their lines say what was assumed.",
                          "Artículos sin tiempo de entrega conocido: {n}{x}. Su línea dice cuál se supuso."),
    "lead_time_zero": ("Articles delivered the same day: {n}{x}. Only the review period is covered.",
                       "Artículos que llegan el mismo día: {n}{x}. Solo se cubre el periodo de revisión."),
    "cost_unknown": ("Articles of unknown cost: {n}{x}. Their lines say what was assumed.",
                     "Artículos sin costo conocido: {n}{x}. Su línea dice qué se supuso."),
    "price_unknown": ("Articles of unknown price: {n}{x}. The cost and a quarter was assumed.",
                      "Artículos sin precio conocido: {n}{x}. Se supuso el costo y un cuarto."),
    "no_supplier": ("Articles that nobody is named to order from: {n}{x}.",
                    "Artículos sin proveedor: {n}{x}."),
    "no_sales": ("Articles that never sold in these days: {n}{x}.",
                 "Artículos que no se vendieron en estos días: {n}{x}."),
    "short_history": ("The history is short{x}: forecasts are wide.",
                      "La historia es corta{x}: los pronósticos son amplios."),
    "minimum_above_budget": ("Articles whose minimum order costs more than the whole budget: {n}{x}.",
                             "Artículos cuyo pedido mínimo cuesta más que todo el presupuesto: {n}{x}."),
    "review_unknown": ("How often is ordered is not known; days assumed{x}.",
                       "No se conoce cada cuánto se pide; días supuestos{x}."),
    "old_data": ("Days between the last sale and the day of the plan: {n}.",
                 "Días entre la última venta y el día del plan: {n}."),
    "order_late": ("Open orders that should have arrived by now: {n}{x}. They still count as coming.",
                   "Pedidos abiertos que ya deberían haber llegado: {n}{x}. Se cuentan como por llegar."),
    "forecast_note": ("The forecast left out or shortened something{x}: {n}.",
                      "El pronóstico dejó fuera o acortó algo{x}: {n}."),
    "below_floor": ("Articles whose quantities were cut to whole packs within the budget: {n}.",
                    "Artículos cuya cantidad se recortó a paquetes enteros dentro del presupuesto: {n}."),
}  # fmt: skip


def note(code: str, count: int, examples: Iterable[object] = ()) -> DataNote:
    """Make a note of that code."""
    shown = tuple(str(one)[:80] for one, _ in zip(examples, range(MOST_EXAMPLES), strict=False))
    said = ", ".join(shown) + (", …" if count > len(shown) > 0 else "")
    examples_told = f" ({said})" if said else ""
    texts = {
        name: text.format(n=f"{count:,}", x=examples_told)
        for name, text in zip(("en", "es"), TEXTS[code], strict=True)
    }
    return DataNote(code=code, count=count, examples=shown, text=texts)


def noted(*found: tuple[str, int, Sequence[object]]) -> tuple[DataNote, ...]:
    """Make notes of those that happened."""
    return tuple(note(code, count, examples) for code, count, examples in found if count)
