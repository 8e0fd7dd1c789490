"""Cells that cannot be read: collected by row, column and reason; the other rows go on."""

from dataclasses import dataclass, field

import polars as pl

SHOWN = 80  # characters of a cell that are told back
SCHEMA = {
    "linea": pl.Int64,
    "columna": pl.String,
    "valor": pl.String,
    "motivo": pl.String,
    "detalle": pl.String,
}

REASONS: dict[str, str] = {
    "falta": "La celda está vacía y el dato es obligatorio.",
    "monto_ilegible": "No se lee como un monto en pesos y centavos.",
    "monto_ambiguo": "«180.000» puede ser 180 pesos o 180 mil; escríbalo como 180.00 o 180,000.",
    "mas_de_dos_decimales": "El monto tiene fracciones de centavo.",
    "monto_negativo": "El monto es negativo.",
    "monto_cero": "El monto es cero.",
    "monto_fuera_de_rango": "El monto es de diez billones de pesos o más.",
    "neto_mayor_que_total": "El monto sin contribuciones es mayor que el monto.",
    "fecha_ilegible": "No se lee como fecha (ISO o día/mes/año).",
    "fecha_futura": "La fecha es posterior al día del análisis.",
    "fecha_sin_uma": "La fecha es anterior al 28-01-2016: entonces no había UMA.",
    "hora_ilegible": "No se lee como hora.",
    "tipo_operacion_desconocido": "El tipo de operación no es uno de los conocidos.",
    "moneda_sin_tipo_de_cambio": "La moneda no es peso mexicano y la fila no trae tipo_cambio.",
    "moneda_contradictoria": "El monto y la columna moneda dicen monedas distintas.",
    "tipo_cambio_ilegible": "El tipo de cambio no se lee como un número mayor que cero.",
    "si_o_no_ilegible": "No se lee como sí o no.",
    "caracter_de_formula": "El identificador empieza con un carácter que una hoja de cálculo ejecutaría.",
    "caracter_de_control": "El identificador contiene caracteres de control o es demasiado largo.",
    "id_repetido": "La misma operación aparece antes en el archivo; se cuenta una vez.",
    "id_repetido_distinto": "El mismo id_operacion aparece antes en el archivo con otro contenido.",
}


@dataclass(kw_only=True)
class Faults:
    """Collects the faults of a table; `line` numbers its rows as an editor does (the header is line 1)."""

    line: pl.Series
    found: list[pl.DataFrame] = field(default_factory=list)

    def add(self, mask: pl.Series, values: pl.Series, column: str, reason: str) -> None:
        """Record the rows where `mask` holds."""
        hits = mask.fill_null(value=False)
        if not hits.any():
            return
        shown = values.filter(hits).cast(pl.String).str.slice(0, SHOWN)
        self.found.append(
            pl.DataFrame({"linea": self.line.filter(hits).cast(pl.Int64), "valor": shown}).select(
                "linea",
                pl.lit(column).alias("columna"),
                "valor",
                pl.lit(reason).alias("motivo"),
                pl.lit(REASONS[reason]).alias("detalle"),
            )
        )

    def table(self) -> pl.DataFrame:
        """Give every fault, by line."""
        if not self.found:
            return pl.DataFrame(schema=SCHEMA)
        return pl.concat(self.found).sort("linea", "columna", "motivo")
