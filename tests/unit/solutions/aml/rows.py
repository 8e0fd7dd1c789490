"""Short ways to say operations and to ask what is owed on them."""

from datetime import date

from portfolios import frame_of

from yunque.solutions.aml.law.evaluate import Evaluation, evaluate
from yunque.solutions.aml.law.read_catalogue import catalogue
from yunque.solutions.aml.law.warning import meanings


def cents(text: str | int) -> int:
    """ "376,565.10" as centavos."""
    whole, _, rest = str(text).replace(",", "").partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0") or 0)


def op(rule: str, day: str, amount: str | int, **facts: object) -> dict[str, object]:
    """One operation of client "a"."""
    row: dict[str, object] = {
        "cliente_id": "a",
        "fecha": date.fromisoformat(day),
        "monto_c": cents(amount),
        "regla": rule,
    }
    return row | facts


class Said:
    """The answer for a list of operations, by their position."""

    def __init__(self, *rows: dict[str, object], **readings: str) -> None:
        numbered = [{"id_operacion": f"o{n}", "linea": n} | row for n, row in enumerate(rows)]
        self.all: Evaluation = evaluate(frame_of(numbered), catalogue().with_readings(**readings))
        self.ids = [str(row["id_operacion"]) for row in numbered]

    def rules(self, at: int = 0) -> list[str]:
        """The rules fired, short: ["R01", "R02"]."""
        return [text[:3] for text in self._owed(at)["regla"].to_list()]

    def due(self, at: int, rule: str) -> str:
        """The day an obligation is due, or what counts instead."""
        row = next(r for r in self._owed(at).to_dicts() if r["regla"].startswith(rule))
        return str(row["vence"] or row["plazo"])

    def floor(self, at: int = 0) -> str:
        """The class below which nothing may go."""
        return str(self.row(at)["piso"])

    def state(self, at: int = 0) -> str | None:
        """Why the law gives no full answer."""
        return self.row(at)["estado"]

    def row(self, at: int = 0) -> dict[str, object]:
        """Every number computed for one operation."""
        frame = self.all.operations
        return frame.filter(frame["id_operacion"] == self.ids[at]).row(0, named=True)

    def warnings(self, at: int = 0) -> set[str]:
        """The codes of the warnings."""
        return {meaning.code for meaning in meanings(self.row(at)["marcas"])}

    def _owed(self, at: int):
        frame = self.all.obligations
        return frame.filter(frame["id_operacion"] == self.ids[at])
