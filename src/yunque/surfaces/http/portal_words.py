"""The portal's refusals in Spanish, for the people who send files; the English words stay beside them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from yunque.errors import LimitError, TableError, UsageError
from yunque.surfaces.http.errors import problem_of
from yunque.surfaces.http.problem import ProblemError

# What reading a table may refuse (`data/`, `intake/read_file.py`): its English words, then what happened and
# what to do about it. A test refuses each of them with a real file.
WORDS = tuple(
    (re.compile(pattern, re.DOTALL), detail, hint)
    for pattern, detail, hint in (
        (
            r"The file is empty",
            "El archivo está vacío.",
            "Una tabla lleva un renglón de encabezados y filas.",
        ),
        (
            r"The table has column names but no rows: (?P<x>.*)\.",
            "La tabla trae encabezados y ninguna fila: {x}.",
            "Agregue al menos una fila bajo los encabezados.",
        ),
        (
            r"The first sheet has no rows",
            "La primera hoja del libro no tiene filas.",
            "Ponga las operaciones en la primera hoja.",
        ),
        (
            r"The file is not text",
            "El archivo no es una tabla: es de otro tipo, aunque su nombre diga otra cosa.",
            "Guárdelo como CSV (UTF-8), Parquet o XLSX, con la extensión que le toca.",
        ),
        (
            r"Row (?P<n>\d+) has (?P<m>\d+) fields?, the header (?P<w>\d+): (?P<x>.*)\.",
            "La fila {n} tiene {m} campos y el encabezado {w}: {x}.",
            "Ponga entre comillas los textos que llevan el separador, o corrija la fila.",
        ),
        (
            r"Column names appear more than once: (?P<x>.*)\.",
            "Hay columnas con el mismo nombre: {x}.",
            "Cambie los nombres para que cada columna tenga el suyo.",
        ),
        (
            r"The first line looks like data, not like column names: (?P<x>.*)\.",
            "El primer renglón parece una operación y no los encabezados: {x}.",
            "Agregue un primer renglón con los nombres de las columnas.",
        ),
        (
            r"The file seems to have one column",
            "El archivo parece tener una sola columna.",
            "Separe las columnas con comas, punto y coma, tabuladores o barras (|).",
        ),
        (
            r"A field is longer than any cell",
            "Una celda es demasiado larga; es probable que unas comillas no se cierren.",
            "Cierre las comillas, o duplíquelas si van dentro de un texto.",
        ),
        (
            r"The workbook unpacks",
            "El libro se descomprime a un tamaño absurdo.",
            "Envíelo como CSV.",
        ),
        (
            r"The workbook|The file is damaged|The file cannot be decompressed",
            "El archivo está dañado o incompleto, o no es de la clase que dice su extensión.",
            "Guárdelo otra vez como XLSX o CSV y vuelva a enviarlo.",
        ),
        (
            r"The file is one JSON list|Row \d+ is not a JSON object|The values of a key",
            "El archivo es JSON y no se lee como tabla.",
            "Envíe CSV, Parquet o XLSX; o un objeto JSON por renglón.",
        ),
        (
            r"Spreadsheets need the optional part",
            "Este servidor no tiene instalada la parte que lee libros de cálculo.",
            "Guarde la hoja como CSV, o pida a quien opera que instale el extra `excel`.",
        ),
    )
)
OTHERWISE = (
    "El archivo no se puede leer como tabla.",
    "Guárdelo otra vez como CSV (UTF-8) y vuelva a enviarlo.",
)


def spanish(message: str) -> tuple[str, str]:
    """Give what a refusal says, and what to do, in Spanish."""
    for pattern, detail, hint in WORDS:
        if found := pattern.match(message):
            return detail.format(**found.groupdict()), hint
    return OTHERWISE


@contextmanager
def told_in_spanish() -> Iterator[None]:
    """Refuse a file in Spanish; the status and the code stay, and the English words follow the advice.

    Raises:
        ProblemError: the file cannot be read as a table.
    """
    try:
        yield
    except (TableError, LimitError, UsageError) as error:
        problem = problem_of(error)
        detail, hint = spanish(error.message)
        raise ProblemError(replace(problem, detail=detail, hint=f"{hint} ({error.message})")) from error
