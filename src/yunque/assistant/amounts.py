"""How numbers, money, shares and days are written: by the company's country and the reader's language.

Rounding, half away from zero: money to whole pesos in Colombia and to cents in Mexico and elsewhere; units to
whole ones from ten on, below with one decimal; shares to whole per cents, with one decimal near 0 and 100 %;
durations to whole days.
"""

import math
from dataclasses import dataclass
from datetime import date
from typing import Literal

Language = Literal["es", "en"]
_MONTHS = {
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "en": "January February March April May June July August September October November December",
}
_COMMA_DECIMAL = frozenset({"CO", "AR", "CL", "ES", "EC", "UY", "PY", "VE", "CR", "BR"})
_NO_CENTS = frozenset({"COP", "CLP", "PYG", "CRC"})
HOME = {"CO": "COP", "MX": "MXN", "US": "USD", "EC": "USD"}
MANY = 10.0  # from which units are whole


def rounded(value: float, decimals: int = 0) -> float:
    """Round half away from zero, as people do with money."""
    scale = 10.0**decimals
    return math.copysign(math.floor(abs(value) * scale + 0.5 + 1e-9), value) / scale


@dataclass(frozen=True, kw_only=True)
class Style:
    """How one company's numbers are written for one reader.

    Attributes:
        country: ISO code of the company's country.
        currency: ISO code of its money.
        language: of the reader.
    """

    country: str = "CO"
    currency: str = "COP"
    language: Language = "es"

    def number(self, value: float, decimals: int = 0) -> str:
        """Write a number with so many decimals, grouped by thousands."""
        text = f"{rounded(value, decimals):,.{decimals}f}"
        text = "0" if text.strip("-0.,") == "" and decimals == 0 else text
        return text.translate(str.maketrans(",.", ".,")) if self.country in _COMMA_DECIMAL else text

    def units(self, value: float) -> str:
        """Write a quantity of units."""
        whole = abs(value) >= MANY or abs(value - rounded(value)) < 0.05
        return self.number(value, 0 if whole else 1)

    def money(self, value: float) -> str:
        """Write money: $ 1.234.567 in Colombia, $1,234.50 in Mexico; another currency by its code."""
        decimals = 0 if self.currency in _NO_CENTS else 2
        sign = "-" if rounded(value, decimals) < 0 else ""
        text = self.number(abs(value), decimals)
        if HOME.get(self.country, self.currency) != self.currency:
            return f"{sign}{self.currency} {text}"
        return f"{sign}$ {text}" if self.country in _COMMA_DECIMAL else f"{sign}${text}"

    def share(self, value: float) -> str:
        """Write a fraction as per cent."""
        percent = value * 100
        fine = 0 < abs(percent) < 1 or 99 < abs(percent) < 100
        exact = abs(percent - rounded(percent)) < 1e-6
        return f"{self.number(percent, 1 if fine and not exact else 0)} %"

    def day(self, value: date) -> str:
        """Write a day."""
        month = _MONTHS[self.language].split()[value.month - 1]
        return (
            f"{value.day} de {month} de {value.year}"
            if self.language == "es"
            else f"{month} {value.day}, {value.year}"
        )

    def month(self, value: date) -> str:
        """Write a month with its year."""
        month = _MONTHS[self.language].split()[value.month - 1]
        return f"{month} de {value.year}" if self.language == "es" else f"{month} {value.year}"
