"""Amounts as people write them, to exact centavos: never through a floating-point number."""

from decimal import ROUND_HALF_UP, Decimal, localcontext

import polars as pl

from yunque.solutions.aml.intake.faults import Faults

TOO_MUCH = 10**15  # centavos: ten million million pesos
MEXICAN = r"^[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?$|^[0-9]+(?:\.[0-9]*)?$|^\.[0-9]+$"
EUROPEAN = r"^[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]{1,2}$|^[0-9]{1,3}(?:\.[0-9]{3}){2,}$|^[0-9]+,[0-9]{1,2}$"
SCIENTIFIC = r"^[0-9]+(?:\.[0-9]+)?[eE]\+?[0-9]{1,2}$"
CURRENCIES = r"(?i)(MXN|MXP|M\.?N\.?|PESOS?|USD|US|DLLS?|D[OÓ]LARES|EUROS?|EUR|GBP|CNY|CAD|JPY)"
SIGNS = r"[\s\u00a0\u202f'_$€£¥]"
GAP = r"[\s\u00a0\u202f'_]"
# what may stand before or after a number; the words are those of CURRENCIES
ENDS = rf"(?:{CURRENCIES}|[\s\u00a0\u202f$€£¥])"
GROUPED = rf"^[0-9]{{1,3}}(?:[,.]?{GAP}[0-9]{{3}}|,[0-9]{{3}})+(?:[.,][0-9]*)?$"
# "180.000": a hundred and eighty, or a hundred and eighty thousand? Nobody knows, so nobody is told either
AMBIGUOUS = r"^[1-9][0-9]{0,2}\.[0-9]{2}0$"
WHOLE_DIGITS = 14
DECIMALS = 2
PESOS = ("MXN", "MXP", "MN", "M.N.", "M.N", "MN.", "PESO", "PESOS", "MXN$", "NACIONAL", "MEX")
NAMES = {
    "US": "USD",
    "DLL": "USD",
    "DLLS": "USD",
    "DOLAR": "USD",
    "DOLARES": "USD",
    "DÓLARES": "USD",
    "EURO": "EUR",
}
NAMES |= {"EUROS": "EUR", "€": "EUR", "US$": "USD", "$": "MXN", "": "MXN"}


def read_cents(texts: pl.Series, column: str, faults: Faults) -> pl.Series:
    """Read amounts as centavos; a cell that cannot be read becomes null and a fault."""
    bare = without_signs(texts)
    is_negative = bare.str.starts_with("-")
    number = ungrouped(bare.str.replace("^[-+]", ""))
    is_mexican = number.str.contains(MEXICAN)
    is_european = ~is_mexican & number.str.contains(EUROPEAN)
    is_scientific = number.str.contains(SCIENTIFIC)
    spelled = pl.DataFrame({"raw": number, "european": is_european, "scientific": is_scientific}).select(
        pl.when("european")
        .then(pl.col("raw").str.replace_all(".", "", literal=True).str.replace(",", "."))
        .when("scientific")
        .then(pl.col("raw").map_elements(expanded, return_dtype=pl.String))
        .otherwise(pl.col("raw").str.replace_all(",", ""))
    )
    readable = is_mexican | is_european | is_scientific
    ambiguous = number.str.contains(AMBIGUOUS)
    parts = spelled.to_series().str.split_exact(".", 1).struct.unnest()
    whole, decimals = parts["field_0"].fill_null(""), parts["field_1"].fill_null("").str.strip_chars_end("0")
    too_fine = readable & ~ambiguous & (decimals.str.len_chars() > DECIMALS)
    too_big = readable & (whole.str.strip_chars_start("0").str.len_chars() > WHOLE_DIGITS)
    usable = readable & ~too_fine & ~too_big & ~ambiguous
    centavos = (whole + decimals.str.pad_end(DECIMALS, "0")).zip_with(
        usable, pl.Series([None], dtype=pl.String)
    )
    value = centavos.cast(pl.Int64, strict=False)
    too_big = too_big | (value >= TOO_MUCH)
    value = value.set((value >= TOO_MUCH).fill_null(value=False), None)
    faults.add(texts.is_not_null() & ~readable.fill_null(value=False), texts, column, "monto_ilegible")
    faults.add(ambiguous, texts, column, "monto_ambiguo")
    faults.add(too_fine, texts, column, "mas_de_dos_decimales")
    faults.add(too_big, texts, column, "monto_fuera_de_rango")
    faults.add(is_negative & usable & (value > 0), texts, column, "monto_negativo")
    return value.set((is_negative & (value > 0)).fill_null(value=False), None)


def without_signs(texts: pl.Series) -> pl.Series:
    """Take currency names and signs off both ends; brackets around a number mean minus."""
    inside = texts.str.strip_chars().str.replace(r"^\((.*)\)$", "-${1}")
    minus = inside.str.replace(rf"^{ENDS}*(-){ENDS}*", "-")
    return minus.str.replace(rf"^([-+]?){ENDS}+", "${1}").str.replace(rf"{ENDS}+$", "")


def ungrouped(number: pl.Series) -> pl.Series:
    """Take out blanks, apostrophes and underscores between thousands; elsewhere they stay and are refused."""
    grouped = number.str.contains(GROUPED)
    return number.str.replace_all(GAP, "").zip_with(grouped.fill_null(value=False), number)


def expanded(text: str) -> str:
    """Write "1.8E+05" without its exponent, exactly."""
    return f"{Decimal(text):f}"


def read_rate(texts: pl.Series, faults: Faults) -> pl.Series:
    """Read exchange rates as text of a decimal number above zero."""
    bare = texts.str.replace_all(SIGNS, "")
    usable = bare.str.contains(r"^[0-9]{1,7}(?:\.[0-9]{1,12})?$") & bare.str.contains("[1-9]")
    faults.add(texts.is_not_null() & ~usable, texts, "tipo_cambio", "tipo_cambio_ilegible")
    return bare.zip_with(usable.fill_null(value=False), pl.Series([None], dtype=pl.String))


def converted(cents: pl.Series, rates: pl.Series, faults: Faults) -> pl.Series:
    """Multiply centavos of another currency by their row's rate: exact decimals, half a centavo up."""
    values = [
        None if amount is None or rate is None else times(amount, rate)
        for amount, rate in zip(cents.to_list(), rates.to_list(), strict=True)
    ]
    too_big = pl.Series([value is not None and value >= TOO_MUCH for value in values], dtype=pl.Boolean)
    faults.add(too_big, rates, "tipo_cambio", "monto_fuera_de_rango")
    kept = [None if value is not None and value >= TOO_MUCH else value for value in values]
    return pl.Series(cents.name, kept, dtype=pl.Int64)


def times(amount: int, rate: str) -> int:
    """Multiply exactly and round half a centavo up."""
    with localcontext(prec=60):
        return int((Decimal(amount) * Decimal(rate)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def currency_in(texts: pl.Series) -> pl.Series:
    """Give the currency that an amount's own text names, null where it names none; a bare $ is none."""
    found = texts.str.extract(CURRENCIES).str.to_uppercase()
    euro = texts.str.contains("€", literal=True).fill_null(value=False)
    return currency_code(found).set(euro, "EUR")


def currency_code(texts: pl.Series) -> pl.Series:
    """Bring names of currencies to codes of three letters; null stays null."""
    upper = texts.str.strip_chars().str.to_uppercase()
    pesos = upper.is_in(PESOS).fill_null(value=False)
    return upper.replace(NAMES).set(pesos, "MXN")
