"""Print the PR-AUC of graph and window features on AMLSim 20K, accounts of one alleged alert never divided.

`python benchmarks/aml_amlsim.py FOLDER`: a folder with `nodes.csv` (nodeid, isFraud, init_balance, fraudStep)
and `transactions.csv` (sourceNodeId, targetNodeId, value, time), as IBM's AMLSim writes them.

The data names no alerts, and the graph is one piece, so accounts are grouped by what an alert is made of:
transactions whose amount is not the one that their sender always sends. Accounts that such transactions join
are one group, and a group is learnt from or judged, never both. Labels enter no feature; `fraudStep` is
not read. Features of the neighbours are sums over the graph, which is known without labels.
"""

import platform
import sys
import time
from pathlib import Path

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold

Numbers = npt.NDArray[np.float64]
SIDES = {"sourceNodeId": "o_", "targetNodeId": "i_"}
OTHER = {"sourceNodeId": "targetNodeId", "targetNodeId": "sourceNodeId"}
WINDOWS = (1, 5, 10, 20)
CENT = 0.05  # an ordinary transfer is the sender's amount to a few cents
PICKED = (
    *(
        "o_odd",
        "i_odd",
        "o_n",
        "i_n",
        "o_others",
        "i_others",
        "o_pair",
        "i_pair",
        "o_pair_most",
        "i_pair_most",
    ),
    *("o_sd", "i_sd", "o_same", "i_same", "o_first", "i_first"),
)
HOPPED = ("o_odd", "i_odd", "o_pair", "i_pair")
RESTARTS = (0.15, 0.5)
PARAMS = {
    "n_estimators": 250,
    "num_leaves": 31,
    "learning_rate": 0.05,
    "min_child_samples": 20,
    "colsample_bytree": 0.3,
    "subsample": 0.8,
    "subsample_freq": 1,
    "n_jobs": 1,
    "verbose": -1,
}
FOLDS, SEEDS, DRAWS = 5, 3, 100
PLAIN = ("n", "others", "sum", "mean", "sd", "least", "most")


def read(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give accounts by id, and transactions with what each says beside its sender's usual amount."""
    nodes = pl.read_csv(folder / "nodes.csv").sort("nodeid")
    moves = pl.read_csv(folder / "transactions.csv", schema_overrides={"value": pl.Float64})
    owner = nodes.select(sourceNodeId="nodeid", usual="init_balance")
    told = moves.join(owner, on="sourceNodeId", how="left").sort("time")
    pair = ("sourceNodeId", "targetNodeId")
    return nodes, told.with_columns(
        odd=((pl.col("value") - pl.col("usual")).abs() > CENT).cast(pl.Int8),
        off=((pl.col("value") / pl.col("value").mode().min().over("sourceNodeId") - 1).abs() > 0.02).cast(
            pl.Int8
        ),
        pair=pl.len().over(pair),
        same=pl.len().over(*pair, "time", "value"),
    )


def sums(moves: pl.DataFrame, side: str) -> pl.DataFrame:
    """Give what an account's transactions of one direction are like."""
    value, gap = pl.col("value"), pl.col("time").diff()
    found = moves.group_by(nodeid=side).agg(
        n=pl.len(),
        others=pl.col(OTHER[side]).n_unique(),
        sum=value.sum(),
        mean=value.mean(),
        sd=value.std(),
        least=value.min(),
        most=value.max(),
        amounts=value.n_unique(),
        odd=pl.col("odd").sum(),
        off=pl.col("off").sum(),
        same=pl.col("same").max(),
        pair=pl.col("pair").mean(),
        pair_most=pl.col("pair").max(),
        pair_least=pl.col("pair").min(),
        first=pl.col("time").min(),
        last=pl.col("time").max(),
        when_sd=pl.col("time").std(),
        gap_least=gap.min(),
        gap_mean=gap.mean(),
    )
    return found.rename({name: SIDES[side] + name for name in found.columns if name != "nodeid"})


def windows(moves: pl.DataFrame, side: str, days: int) -> pl.DataFrame:
    """Give the busiest window of so many days: transactions, amount, other accounts."""
    rolled = moves.sort(side, "time").rolling(index_column="time", period=f"{days}i", group_by=side)
    each = rolled.agg(n=pl.len(), sum=pl.col("value").sum(), others=pl.col(OTHER[side]).n_unique())
    name = f"{SIDES[side]}{days}d_"
    return each.group_by(nodeid=side).agg(pl.col("n", "sum", "others").max().name.prefix(name))


def own(nodes: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """Give the features of each account's own transactions."""
    found = nodes.select("nodeid", "init_balance")
    for side in SIDES:
        found = found.join(sums(moves, side), on="nodeid", how="left")
        for days in WINDOWS:
            found = found.join(windows(moves, side, days), on="nodeid", how="left")
    return found.sort("nodeid").fill_null(0).drop("nodeid").cast(pl.Float64)


def graph(features: pl.DataFrame, moves: pl.DataFrame) -> Numbers:
    """Give what the neighbours, their neighbours and the wider surroundings of each account are like."""
    n = features.height
    source, target = moves["sourceNodeId"].to_numpy(), moves["targetNodeId"].to_numpy()
    out = csr_matrix((np.ones(len(source)), (source, target)), shape=(n, n))
    out.data[:] = 1.0
    back = out.T.tocsr()
    ways = [(way, np.maximum(np.asarray(way.sum(axis=1)).ravel(), 1.0)[:, None]) for way in (out, back)]
    near = features.select(PICKED).to_numpy()
    odd, far = near[:, :2], features.select(HOPPED).to_numpy()
    two = out @ out
    parts = [np.asarray(out.multiply(back).sum(axis=1)), np.asarray(two.multiply(back).sum(axis=1))]
    parts.append(np.asarray(two.multiply(two.T).sum(axis=1)))  # cycles of two, three and four
    for way, degree in ways:
        parts += [highest(way, near), (way @ near) / degree, way @ odd]
        for other, width in ways:
            parts += [(way @ ((other @ far) / width)) / degree, way @ (other @ odd)]
    parts += [walks(out, back, odd.sum(axis=1), restart) for restart in RESTARTS]
    return np.column_stack(parts)


def highest(way: csr_matrix, values: Numbers) -> Numbers:
    """Give the highest value of each column among an account's neighbours."""
    found = np.zeros_like(values)
    for row in range(values.shape[0]):
        mine = way.indices[way.indptr[row] : way.indptr[row + 1]]
        if len(mine):
            found[row] = values[mine].max(axis=0)
    return found


def walks(out: csr_matrix, back: csr_matrix, odd: Numbers, restart: float) -> Numbers:
    """Give how often walks from accounts with odd transactions come by, their own beginnings left out."""
    both = (out + back).tocsr()
    spread = csr_matrix(both.multiply(1.0 / np.maximum(np.asarray(both.sum(axis=1)), 1.0)))
    start = (odd > 0).astype(np.float64)
    at, came = start.copy(), np.zeros_like(start)
    for _ in range(20):
        at = (1.0 - restart) * (spread.T @ at)
        came += at
    return came


def groups(nodes: pl.DataFrame, moves: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Join accounts that odd transactions join."""
    odd = moves.filter(pl.col("odd") == 1)
    ends = (odd["sourceNodeId"].to_numpy(), odd["targetNodeId"].to_numpy())
    joined = coo_matrix((np.ones(odd.height), ends), shape=(nodes.height, nodes.height))
    return np.asarray(connected_components(joined, directed=False)[1], dtype=np.int64)


def cross_validated(x: Numbers, y: npt.NDArray[np.int64], group: npt.NDArray[np.int64]) -> Numbers:
    """Score every account by the mean of boosted models that saw no account of its group."""
    p = np.zeros(len(y))
    for learnt, judged in StratifiedGroupKFold(FOLDS, shuffle=True, random_state=1).split(x, y, group):
        for seed in range(SEEDS):
            model = lgb.LGBMClassifier(**PARAMS, random_state=seed).fit(x[learnt], y[learnt])
            p[judged] += model.predict_proba(x[judged])[:, 1] / SEEDS
    return p


def interval(y: npt.NDArray[np.int64], p: Numbers, group: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Give the middle 95 % of the PR-AUC over draws of whole groups."""
    rng = np.random.default_rng(1)
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(group.max() + 2))
    found = []
    for _ in range(DRAWS):
        drawn = rng.integers(0, group.max() + 1, group.max() + 1)
        rows = np.concatenate([order[ends[g] : ends[g + 1]] for g in drawn])
        found.append(average_precision_score(y[rows], p[rows]))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def main() -> None:
    """Measure and print a table."""
    start = time.process_time()
    nodes, moves = read(Path(sys.argv[1]))
    y = nodes["isFraud"].to_numpy()
    features, group = own(nodes, moves), groups(nodes, moves)
    plain = features.select(f"{side}{name}" for side in SIDES.values() for name in PLAIN).to_numpy()
    whole = np.column_stack([features.to_numpy(), graph(features, moves)])
    forest = IsolationForest(n_estimators=200, random_state=1, n_jobs=1).fit(plain)
    found = {
        "isolation forest, plain sums": -forest.score_samples(plain),
        "boosting, plain sums": cross_validated(plain, y, group),
        "boosting, with windows, habits and graph": cross_validated(whole, y, group),
    }
    spent = time.process_time() - start
    print(f"{platform.machine()}, LightGBM {lgb.__version__}, 1 thread, {spent:.0f} s of CPU")
    print(f"{nodes.height:,} accounts, {y.mean():.2%} suspicious, {moves.height:,} transactions, ", end="")
    print(f"{np.bincount(group)[np.bincount(group) > 1].size} groups of more than one account, {FOLDS} folds")
    print("| ranking | PR-AUC | 95 % interval | ROC AUC |\n|---|---|---|---|")
    for name, p in found.items():
        low, high = interval(y, p, group)
        area = average_precision_score(y, p)
        print(f"| {name} | {area:.3f} | {low:.3f} to {high:.3f} | {roc_auc_score(y, p):.3f} |")


if __name__ == "__main__":
    main()
