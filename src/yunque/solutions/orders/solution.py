"""The orders solution as one value: what it reads, asks, demands and offers."""

from datetime import datetime

import polars as pl

from yunque.solution import Policy, Solution, TakenIn
from yunque.solutions.orders.columns import CONTRACT, MATURITY, TARGET
from yunque.solutions.orders.generator import bayes_ceiling, generate
from yunque.solutions.orders.intake import by_client
from yunque.solutions.orders.intake_file import take_in_frame
from yunque.solutions.orders.questions import Question, to_learn
from yunque.solutions.orders.result import faults, from_answers

NEXT = Question()
FOREVER = datetime(9999, 1, 1)  # noqa: DTZ001 - a frame alone has no present; the pipeline passes its own
CEILING = bayes_ceiling()


def take_in(table: pl.DataFrame) -> TakenIn:
    """Take orders in: usable rows, and the reasons of the others."""
    found = take_in_frame(table, "table", FOREVER)
    return TakenIn(accepted=found.frame, rejected=found.rejected.drop("file"))


def enrich(orders: pl.DataFrame) -> pl.DataFrame:
    """Give the table that the next order's channel is learnt from."""
    return to_learn(by_client(orders), NEXT)


SOLUTION = Solution(
    name="orders",
    title={"en": "Channel of the next order", "es": "Canal del próximo pedido"},
    contract=CONTRACT,
    generate=generate,
    take_in=take_in,
    enrich=enrich,
    learnt=NEXT.contract,
    target=TARGET,
    task="multiclass",
    metric="log_loss",
    policy=Policy(
        requirements=("log_loss<=0.99", "accuracy>=0.495", "ece<=0.01"),
        ceilings=("accuracy<=0.512", "log_loss>=0.975"),
        ceiling_column=MATURITY,
        costs={"call_value": 1.0, "call_cost": 0.5},
        facts=(
            f"the digital maturity is all that can be learnt: log-loss {CEILING.log_loss:.4f}, "
            f"accuracy {CEILING.accuracy:.4f}, lift {CEILING.lift:.2f}; measured on 1,250,000 orders",
        ),
    ),
    result_faults=faults,
    make_result=from_answers,
    jobs={"orders": "yunque.services.orders_job:run_orders_job"},
    job_options="yunque.services.orders_options:check_options",
)
