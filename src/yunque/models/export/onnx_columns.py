"""The inputs of an exported model, one per column, and the numbers that dates hold.

A number, integer or truth value comes as a real number, NaN where it is missing; a category as text, "" where
it is missing; a date as days, a timestamp as seconds, since 1970-01-01T00:00:00 UTC, NaN where it is missing.
"""

from onnx import TensorProto

from yunque.data.schema import Column, Kind
from yunque.errors import ModelError
from yunque.models.export.onnx_graph import Graph, Tensor

DAY = 86_400e6  # microseconds
CONVENTIONS = {
    Kind.NUMBER: "a number; NaN where it is missing",
    Kind.INTEGER: "a whole number; NaN where it is missing",
    Kind.BOOLEAN: "1 or 0; NaN where it is missing",
    Kind.CATEGORY: 'text; "" where it is missing',
    Kind.DATE: "days since 1970-01-01; NaN where it is missing",
    Kind.TIMESTAMP: "seconds since 1970-01-01T00:00:00 UTC; NaN where it is missing",
}


class Columns:
    """The inputs of a graph by column name, and the parts of its dates; each is written once.

    Attributes:
        graph: where they are written.
        kinds: of the columns.
    """

    def __init__(self, graph: Graph, columns: tuple[Column, ...]) -> None:
        self.graph = graph
        self.kinds = {column.name: column.kind for column in columns}
        self._inputs: dict[str, Tensor] = {}
        self._parts: dict[tuple[str, str], Tensor] = {}

    def __getitem__(self, name: str) -> Tensor:
        """Give the input of a column; declare it when it is first read.

        Raises:
            ModelError: a text, for which ONNX has no operators that count its characters.
        """
        if name not in self._inputs:
            kind = self.kinds[name]
            if kind not in CONVENTIONS:
                raise no_equivalent(
                    f"the column {name!r} of kind {kind}", "it has no operators that read texts"
                )
            element = TensorProto.STRING if kind is Kind.CATEGORY else self.graph.real_type
            self._inputs[name] = self.graph.take_input(name, element, CONVENTIONS[kind])
        return self._inputs[name]

    @property
    def read(self) -> tuple[str, ...]:
        """Columns that the model reads, in the order of its inputs."""
        return tuple(self._inputs)

    def part(self, name: str, part: str) -> Tensor:
        """Give one number of a value: the value itself, or a part of a date, NaN where it is missing."""
        if part == "value":
            return self[name]
        if (name, part) not in self._parts:
            self._parts |= {(name, key): tensor for key, tensor in self._date_parts(name).items()}
        return self._parts[name, part]

    def microseconds(self, name: str) -> Tensor:
        """Give the microseconds of a date or timestamp since 1970."""
        graph = self.graph
        if self.kinds[name] is Kind.DATE:
            return graph.add("Mul", self[name], graph.constant(DAY))
        return graph.add("Round", graph.add("Mul", self[name], graph.constant(1e6)))

    def _date_parts(self, name: str) -> dict[str, Tensor]:
        graph = self.graph
        if self.kinds[name] is Kind.DATE:
            return {"epoch_days": self[name], **calendar(graph, self[name])}
        micros = self.microseconds(name)
        days = _floor_over(graph, micros, DAY)
        rest = graph.add("Sub", micros, graph.add("Mul", days, graph.constant(DAY)))
        return {
            "hour": _floor_over(graph, rest, 3600e6),
            "minute_of_day": _floor_over(graph, rest, 60e6),
            "epoch_seconds": graph.add("Mul", micros, graph.constant(1e-6)),
            **calendar(graph, days),
        }


def no_equivalent(what: str, why: str) -> ModelError:
    """Build the error for a part that cannot be exported."""
    return ModelError(
        f"The model cannot be written as ONNX: there is no equivalent of {what}; {why}.",
        hint="Serve the bundle itself, or train with --algorithms and --ignore so that the part is not used.",
    )


def calendar(graph: Graph, days: Tensor) -> dict[str, Tensor]:
    """Give year, month, day, weekday and day of the year of days since 1970.

    Source: H. Hinnant, "chrono-compatible low-level date algorithms", civil_from_days; in real numbers, whose
    quotients are exact enough to be cut as long as days are fewer than 2 ** 40.
    """

    def number(value: float) -> Tensor:
        return graph.constant(float(value))

    def minus(left: Tensor, right: Tensor) -> Tensor:
        return graph.add("Sub", left, right)

    def plus(left: Tensor, right: Tensor) -> Tensor:
        return graph.add("Add", left, right)

    def times(left: Tensor, factor: float) -> Tensor:
        return graph.add("Mul", left, number(factor))

    shifted = plus(days, number(719468))  # since 0000-03-01
    era = _floor_over(graph, shifted, 146097)
    of_era = minus(shifted, times(era, 146097))
    leap_free = minus(of_era, _floor_over(graph, of_era, 1460))
    leap_free = plus(leap_free, _floor_over(graph, of_era, 36524))
    year_of_era = _floor_over(graph, minus(leap_free, _floor_over(graph, of_era, 146096)), 365)
    passed = plus(times(year_of_era, 365), _floor_over(graph, year_of_era, 4))
    from_march = minus(of_era, minus(passed, _floor_over(graph, year_of_era, 100)))
    month_from_march = _floor_over(graph, plus(times(from_march, 5), number(2)), 153)
    before = _floor_over(graph, plus(times(month_from_march, 153), number(2)), 5)
    is_late = graph.add("GreaterOrEqual", month_from_march, number(10))  # January, February
    month = plus(month_from_march, graph.where(is_late, number(-9), number(3)))
    year = plus(plus(year_of_era, times(era, 400)), graph.where(is_late, number(1), number(0)))
    since_january = graph.where(
        is_late, minus(from_march, number(305)), plus(plus(from_march, number(60)), _leap_day(graph, year))
    )
    weekday = plus(_modulo(graph, plus(days, number(3)), 7), number(1))
    return {
        "year": year,
        "month": month,
        "day": plus(minus(from_march, before), number(1)),
        "weekday": weekday,
        "day_of_year": since_january,
    }


def _leap_day(graph: Graph, year: Tensor) -> Tensor:
    """Give 1 in leap years, else 0."""
    zero = graph.constant(0.0)
    fourth, hundredth, all_four = (
        graph.add("Equal", _modulo(graph, year, every), zero) for every in (4, 100, 400)
    )
    ordinary = graph.add("And", fourth, graph.add("Not", hundredth))
    return graph.to_real(graph.add("Or", ordinary, all_four))


def _modulo(graph: Graph, tensor: Tensor, divisor: float) -> Tensor:
    whole = graph.add("Mul", _floor_over(graph, tensor, divisor), graph.constant(float(divisor)))
    return graph.add("Sub", tensor, whole)


def _floor_over(graph: Graph, tensor: Tensor, divisor: float) -> Tensor:
    return graph.add("Floor", graph.add("Div", tensor, graph.constant(float(divisor))))
