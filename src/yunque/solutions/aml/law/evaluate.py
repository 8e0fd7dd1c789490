"""Run every rule over the prepared operations: a long table of obligations, and each operation's floor."""

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache

import polars as pl

from yunque.solutions.aml.law import rules as rules_folder
from yunque.solutions.aml.law.catalogue import Catalogue
from yunque.solutions.aml.law.deadlines import monthly_due, next_business_day
from yunque.solutions.aml.law.prepare import prepare
from yunque.solutions.aml.law.rule import Floor, Rule

ORDER: tuple[Floor, ...] = ("limpio", "relevante", "inusual", "preocupante")
DAY_17 = "dia_17"
WITHIN_24_HOURS = "24_horas_desde_el_conocimiento"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What the law says of a set of operations.

    Attributes:
        operations: one row an operation, with the numbers compared, `estado` and `piso` (the class below
            which no
            model may answer).
        obligations: one row per operation and rule fired: `orden`, `id_operacion`, `linea`, `regla`
            (id@version),
            `tipo`, `naturaleza`, `fundamento`, `acto_fecha`, `plazo`, `vence`, `vence_habil` (null where no
            day is counted).
        catalogue: the edition that was used.
    """

    operations: pl.DataFrame
    obligations: pl.DataFrame
    catalogue: Catalogue

    def accumulated_ids(self, order: int) -> tuple[str, ...]:
        """Give the operations that the six-month sum of the one with this `orden` counted, oldest first."""
        row = self.operations.row(by_predicate=pl.col("orden") == order, named=True)
        if row["acum_primero"] is None:
            return ()
        only_cash = row["aviso_tipo"] == "uma_efectivo" and row["acto_efectivo_neto_c"] > 0
        cash_only = pl.lit(not only_cash) | (pl.col("acto_efectivo_neto_c") > 0)
        counted = self.operations.filter(
            (pl.col("orden") >= row["acum_primero"])
            & (pl.col("orden") <= order)
            & (pl.col("regla") == row["regla"])
            & pl.col("se_acumula")
            & cash_only
        )
        return tuple(counted["id_operacion"].to_list())


@cache
def rules() -> tuple[Rule, ...]:
    """Find the rules by file, in the order of their ids; a file that does not import is an error."""
    names = sorted(module.name for module in pkgutil.iter_modules(rules_folder.__path__))
    return tuple(importlib.import_module(f"{rules_folder.__name__}.{name}").RULE for name in names)


def due_dates(acts: pl.Series, catalogue: Catalogue) -> pl.DataFrame:
    """Give, for each distinct date of an act, the 17th of the next month and the business day from it."""
    days = acts.drop_nulls().unique().sort().to_list()
    due = [monthly_due(day) for day in days]
    working = [next_business_day(day, catalogue.holidays) for day in due]
    schema = {"acto_fecha": pl.Date, "vence": pl.Date, "vence_habil": pl.Date}
    return pl.DataFrame({"acto_fecha": days, "vence": due, "vence_habil": working}, schema=schema)


def cited(rule: Rule, catalogue: Catalogue) -> pl.Expr:
    """Give the citation of a rule, with the fraction of each row where the rule asks for it."""
    if "{fraccion}" not in rule.citation:
        return pl.lit(rule.citation)
    places = {row.rule: rule.citation.format(fraccion=row.place) for row in catalogue.thresholds}
    return pl.col("_articulo").replace_strict(places, default=rule.citation, return_dtype=pl.String)


def fires(rule: Rule) -> pl.Expr:
    """Whether a rule fires and is in force on the operation's day."""
    return (pl.col("fecha") >= rule.since) & rule.fires.fill_null(value=False)


def fired(rule: Rule, prepared: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Give the obligations of one rule, the dates of its deadlines still open."""
    term = {"mensual": pl.col("plazo"), "24_horas": pl.lit(WITHIN_24_HOURS)}
    return (
        prepared.filter(fires(rule))
        .select(
            "orden",
            "id_operacion",
            "linea",
            "cliente_id",
            "acto_fecha",
            pl.col("regla").alias("_articulo"),
            plazo=term.get(rule.due, pl.lit(None, pl.String)),
            regla=pl.lit(rule.cited),
            tipo=pl.lit(rule.obligation),
            naturaleza=pl.lit(rule.nature),
        )
        .with_columns(fundamento=cited(rule, catalogue))
        .drop("_articulo")
    )


def floors() -> pl.Expr:
    """The highest floor of the rules that fire and are in force on the operation's day."""
    found = pl.lit(ORDER[0])
    for level in ORDER[1:]:
        hits = [fires(rule) for rule in rules() if rule.floor == level]
        found = pl.when(pl.any_horizontal(hits)).then(pl.lit(level)).otherwise(found)
    return found.alias("piso")


def evaluate(operations: pl.DataFrame, catalogue: Catalogue) -> Evaluation:
    """Say what the law obliges to, for all operations of a tenant.

    Nothing of a model, score or policy enters: the answer depends on the operations and the catalogue alone.
    """
    prepared = prepare(operations, catalogue)
    due = due_dates(prepared["acto_fecha"], catalogue)
    found = pl.concat([fired(rule, prepared, catalogue) for rule in rules()]).sort("orden", "regla")
    dated = found.join(due, on="acto_fecha", how="left", maintain_order="left")
    days = [
        pl.when(pl.col("plazo") == DAY_17).then(pl.col(name)).alias(name) for name in ("vence", "vence_habil")
    ]
    return Evaluation(
        operations=prepared.with_columns(floors()), obligations=dated.with_columns(days), catalogue=catalogue
    )
