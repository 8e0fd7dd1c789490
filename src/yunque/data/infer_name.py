"""What the name of a column says about it, in English and Spanish."""

import re

_IDENTIFIERS = frozenset(
    {
        "id", "ids", "uuid", "guid", "pk", "identifier", "identificador", "folio", "rowid",
        "rownum", "index", "idx", "unnamed", "key",
    }
)  # fmt: skip
_CODES_LAST = frozenset(
    {
        "id", "ids", "uuid", "guid", "zip", "zipcode", "postcode", "code", "codigo", "código",
        "cod", "cve", "clave", "sku", "ean", "upc", "folio", "phone", "telefono", "teléfono",
        "account", "acct",
    }
)  # fmt: skip
_CODES_FIRST = frozenset(
    {
        "id", "codigo", "código", "cod", "cve", "clave", "folio",
    }
)  # fmt: skip
_DATES = frozenset(
    {
        "date", "dates", "fecha", "fechas", "day", "dia", "día", "dt", "timestamp", "datetime",
        "dob", "nacimiento", "birth", "time", "alta", "vencimiento",
    }
)  # fmt: skip
_CALENDAR = frozenset(
    {
        "year", "yr", "anio", "año", "ano", "month", "mes", "day", "dia", "día", "hour", "hora",
        "week", "semana", "date", "fecha", "time",
    }
)  # fmt: skip


def words_of(name: str) -> tuple[str, ...]:
    """Split a column name into lower-case words: "customerID", "customer_id" and "Customer Id" alike."""
    spaced = re.sub(r"(?<=[a-záéíóúñ0-9])(?=[A-ZÁÉÍÓÚÑ])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return tuple(word.lower() for word in re.findall(r"[^\W_]+", spaced))


def sounds_like_identifier(name: str) -> bool:
    """Whether the name is that of a row's or entity's key: "id", "PassengerId", "id_cliente"."""
    words = words_of(name)
    return bool(words) and (words[0] in _IDENTIFIERS or words[-1] in _IDENTIFIERS)


def sounds_like_code(name: str) -> bool:
    """Whether the name is that of digits that are not counted with: "zip_code", "codigo_postal"."""
    words = words_of(name)
    return bool(words) and (words[-1] in _CODES_LAST or words[0] in _CODES_FIRST)


def sounds_like_date(name: str) -> bool:
    """Whether the name is that of a date: "fecha_alta", "OrderDate"."""
    return any(word in _DATES for word in words_of(name))


def sounds_like_calendar(name: str) -> bool:
    """Whether the name is that of a calendar number, such as a year, which may well be unique per row."""
    return any(word in _CALENDAR for word in words_of(name))
