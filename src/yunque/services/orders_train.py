"""Train the channel's model: split, columns by signal, candidates with and without class weights, scores."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from yunque.data.infer import Wishes
from yunque.learning.budget import parse_budget
from yunque.learning.decide_wish import DecisionWish
from yunque.learning.make_split import Means, Rows, make_split
from yunque.learning.progress import Progress, ignore
from yunque.learning.splits import IntArray, SplitWish
from yunque.runtime.clock import Clock
from yunque.services.orders_request import HOLDOUT, METRICS, OrdersRequest
from yunque.services.train import Trained, TrainRequest, train
from yunque.solutions.orders.ceiling import ceilings
from yunque.solutions.orders.columns import TARGET, TIME
from yunque.solutions.orders.costs import Costs, named_costs, read_costs
from yunque.solutions.orders.questions import Question
from yunque.solutions.orders.scores import Scores, scores
from yunque.solutions.orders.select import Doubt, doubts, dropped

Listener = Callable[[Progress], None]


@dataclass(frozen=True, kw_only=True)
class TrainedOrders:
    """A trained model of the channel, not yet published.

    Attributes:
        trained: contract, leaderboard, bundle.
        question: with the columns that were left out.
        doubts: what the rules doubted and the signal decided.
        costs: of errors and calls.
        scores: of the champion on held-out orders.
        held: those orders, as the table has them.
    """

    trained: Trained
    question: Question
    doubts: tuple[Doubt, ...]
    costs: Costs
    scores: Scores
    held: pl.DataFrame


def train_orders(
    request: OrdersRequest, table: pl.DataFrame, folder: Path, clock: Clock, on_progress: Listener = ignore
) -> TrainedOrders:
    """Choose the columns on training rows, train, and judge on rows that nothing was learnt from.

    Raises:
        UsageError, DataError, TrainingError: as `services.train.train`.
    """
    wish = split_wish(request, table)
    found = doubts(table[training_rows(request, table, wish)], request.question.features, request.seed)
    question = replace(request.question, unused=dropped(found))
    contract = question.contract
    costs = read_costs(request.costs) if request.costs else None
    limits = ceilings(round(table.height * HOLDOUT)) if request.has_ceiling else ()
    trained = train(
        TrainRequest(
            source=table.select(contract.schema.names),
            source_name=f"{DESCRIBED[question.asked]}, one row {ROWS[question.rows]}",
            name=request.name,
            wishes=Wishes(target=TARGET),
            contract=contract,
            task="multiclass" if table[TARGET].n_unique() > 2 else "binary",
            metric=METRICS[request.choice],
            budget=request.budget,
            split=wish,
            requirements=(*request.requirements, *limits),
            algorithms=request.algorithms,
            seed=request.seed,
            threads=request.threads,
            varies=request.varies,
            by=request.by,
            language=request.language,
            description=WORDS[request.language][question.asked],
            decision=DecisionWish(costs=costs),
        ),
        folder,
        clock,
        on_progress,
    )
    board = trained.leaderboard
    known = named_costs(costs, [str(label) for label in board.task.classes], request.call)
    return TrainedOrders(
        trained=trained,
        question=question,
        doubts=found,
        costs=known,
        scores=scores(board, known),
        held=table[board.held_out.rows],
    )


DESCRIBED = {"next": "orders with each client's past", "given": "orders with their own amounts"}
ROWS = {"order": "an order", "client": "a client"}
WORDS = {
    "en": {
        "next": "The channel of a client's next order, from the client and what came before.",
        "given": "The channel of an order whose own amounts and day are known.",
    },
    "es": {
        "next": "El canal del próximo pedido de un cliente, por el cliente y lo que pasó antes.",
        "given": "El canal de un pedido del que se conocen sus montos y su día.",
    },
}


def split_wish(request: OrdersRequest, table: pl.DataFrame) -> SplitWish:
    """Hold out the last fifth in time, or a drawn fifth with the channels in proportion."""
    if request.split == "stratified":
        return SplitWish(kind="random", holdout=HOLDOUT)
    cut = table[TIME].quantile(1.0 - HOLDOUT, "nearest")
    is_usable = isinstance(cut, datetime) and bool((table[TIME] < cut).any())
    return SplitWish(kind="time", holdout=cut if is_usable and isinstance(cut, datetime) else HOLDOUT)


def training_rows(request: OrdersRequest, table: pl.DataFrame, wish: SplitWish) -> IntArray:
    """Give the rows that may be looked at before training: those that the same split leaves to it."""
    y = table[TARGET].cast(pl.String).rank("dense").cast(pl.Int64).to_numpy() - 1
    rows = Rows(position=np.arange(table.height), y=y, classification=True, outputs=int(y.max()) + 1)
    means = Means(seconds=parse_budget(request.budget), threads=request.threads, seed=request.seed)
    schema = request.question.contract.schema
    return np.asarray(make_split(table, schema, rows, wish, means).training, np.int64)
