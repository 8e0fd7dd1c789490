"""Words of dates, Spanish and English, folded: months, weekdays, units, ordinals."""

from yunque.assistant.fold import words
from yunque.assistant.number_words import UNITS as NUMBERS


def _numbered(groups: tuple[str, ...], first: int) -> dict[str, int]:
    return {word: number for number, group in enumerate(groups, start=first) for word in words(group)}


MONTHS = _numbered(
    (
        "enero january jan ene",
        "febrero february feb",
        "marzo march mar",
        "abril april apr abr",
        "mayo may",
        "junio june jun",
        "julio july jul",
        "agosto august aug ago",
        "septiembre setiembre september sept sep",
        "octubre october oct",
        "noviembre november nov",
        "diciembre december dec dic",
    ),
    1,
)
SHORT_MONTHS = frozenset(words("mar may ago dic ene dec sep jan feb apr abr jun jul aug oct nov"))
WEEKDAYS = _numbered(
    (
        "lunes monday", "martes tuesday", "miercoles wednesday", "jueves thursday", "viernes friday",
        "sabado saturday", "domingo sunday",
    ),
    0,
)  # fmt: skip
UNIT_WORDS = {
    word: unit
    for unit, group in (
        ("day", "dia dias day days"), ("week", "semana semanas week weeks wk wks"),
        ("fortnight", "quincena quincenas fortnight fortnights"), ("month", "mes meses month months"),
        ("bimester", "bimestre bimestres bimester"), ("quarter", "trimestre trimestres quarter quarters"),
        ("semester", "semestre semestres semester semesters"), ("year", "ano anos year years anio anios"),
    )
    for word in words(group)
}  # fmt: skip
UNIT_WORDS |= dict.fromkeys(("financial year", "fiscal year", "calendar year", "ano fiscal"), "year")
SEASONS = _numbered(("primavera spring", "verano summer", "otono autumn", "invierno winter"), 0)
ORDINALS = {
    **_numbered(
        (
            "primer primero primera 1er 1ro first 1st", "segundo segunda 2do 2o second 2nd",
            "tercer tercero tercera 3er 3ro third 3rd", "cuarto cuarta 4to fourth 4th",
        ),
        1,
    ),
    "ultimo": -1,
    "last": -1,
}  # fmt: skip
NEXT = words("proximo proxima proximos proximas siguiente siguientes entrante next coming following upcoming")
LAST = words(
    "pasado pasada pasados pasadas anterior anteriores ultimo ultima ultimos ultimas last past previous prior"
)
THIS = words("este esta estos estas presente actual this current")
_MORE = words(
    "primer primero segundo tercer cuarto first second third fourth hoy manana ayer today tomorrow yesterday "
    "antes despues hasta desde entre before after until from between viene vienen curso resto rest fin final "
    "finales weekend mediados principios comienzos millon millones million mil thousand pesos dolares "
    "dollars porciento ciento percent"
)
VOCABULARY = frozenset(
    [
        *(word for word in MONTHS if len(word) > 3), *WEEKDAYS, *UNIT_WORDS, *NEXT, *LAST, *THIS, *_MORE,
        *(word for word in NUMBERS if len(word) > 3),
    ]
)  # fmt: skip
