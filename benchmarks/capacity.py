"""What a day of 10,000 users and a billion rows needs, what breaks first, and what it costs: a simulation.

    python benchmarks/capacity.py                        the plan of docs/scale.md
    python benchmarks/capacity.py --users 500 --rows 5e7 another day

Deterministic: demand comes of a seed, rates are the measured ones below (each names the command that prints
it), prices are assumptions to be replaced by your own. One machine has 8 cores here.
"""

import argparse
import heapq
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

MINUTES = 24 * 60
CORES = 8  # of one machine
FOLLOW_SECONDS = 0.5  # how often a followed job is looked at


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What one core does, measured under load on a shared machine: the slow end of each figure."""

    requests: float = (
        1000 / 3.5
    )  # a second; benchmarks/serving_peers.py, R5's test: 1.7 to 3.5 ms of wall time
    scored_rows: float = 1_250_000 / 19.4 / 2  # a second; benchmarks/orders_truth.py: 1.25 M rows, 2 cores
    job_statements: float = (
        450 / 2
    )  # submissions or claims a second; benchmarks/jobs.py, Postgres, by CPU time
    commits_of_a_job: float = 6  # submit, claim, two heartbeats, complete, webhook answer
    job_start_seconds: float = 1.5  # a child's start and the loading of a model; benchmarks/cold_start.py
    connections: float = 1000.0  # of one core's process; YUNQUE_MAX_CONNECTIONS
    job_reads: float = 450.0  # a second; looking whether a followed job has told something new
    bytes_a_row: float = 100.0  # in and out together, compressed parts and CSV; docs/scale.md says how


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What a day asks for. Shares are of users, and assumptions."""

    users: int = 10_000
    rows: float = 1e9
    seconds_between_requests: float = 10.0  # of a user at work
    at_work: float = 1.0  # all of them at once: that is what concurrent means
    trainings_per_user: float = 0.2  # a day
    training_core_seconds: float = 2 * 300.0  # a budget of five minutes on two cores
    rows_per_file: float = 500_000.0
    followers: float = 0.05  # share of users who follow a job at a time
    peak: float = 3.0  # the busiest hour against the mean


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Assumptions, in US dollars: read your own invoice."""

    core_hour: float = 0.05
    database_month: float = 250.0  # 4 cores, 16 GiB, with a standby
    gigabyte_month: float = 0.023
    gigabyte_out: float = 0.09


@dataclass(frozen=True, kw_only=True)
class Need:
    """One resource: what the busiest hour asks of it, and what one machine (or the one database) gives."""

    name: str
    asked: float
    given: float
    unit: str

    @property
    def share(self) -> float:
        """Machines that the busiest hour fills."""
        return self.asked / self.given


def needs(demand: Demand, rates: Rates) -> list[Need]:
    """What the busiest hour needs of each resource, in units that one machine gives."""
    files = demand.rows / demand.rows_per_file / 86_400 * demand.peak
    trainings = demand.users * demand.trainings_per_user / 86_400 * demand.peak
    requests = demand.users * demand.at_work / demand.seconds_between_requests
    per_file = demand.rows_per_file / rates.scored_rows + rates.job_start_seconds
    return [
        Need(name="predictions by HTTP", asked=requests, given=rates.requests * CORES, unit="requests/s"),
        Need(
            name="open connections", asked=float(demand.users), given=rates.connections * CORES, unit="lines"
        ),
        Need(name="training", asked=trainings * demand.training_core_seconds, given=CORES, unit="cores"),
        Need(name="scoring files", asked=files * per_file, given=CORES, unit="cores"),
        Need(
            name="job table, writes (one core)",
            asked=(files + trainings) * rates.commits_of_a_job,
            given=rates.job_statements,
            unit="commits/s",
        ),
        Need(
            name="job table, followers (one core)",
            asked=demand.users * demand.followers / FOLLOW_SECONDS,
            given=rates.job_reads,
            unit="reads/s",
        ),
        Need(
            name="storage traffic (1 Gbit/s)",
            asked=demand.rows / 86_400 * demand.peak * rates.bytes_a_row / 1e6,
            given=125.0,
            unit="MB/s",
        ),
    ]


# -- the day, job by job ----------------------------------------------------------------------------------


def arrivals(demand: Demand, rates: Rates, seed: int) -> Iterator[tuple[float, float, str]]:
    """Give (second, core seconds, kind) of each job of a day: a bell around two in the afternoon."""
    chance = random.Random(seed)
    files = demand.rows / demand.rows_per_file
    trainings = demand.users * demand.trainings_per_user
    scoring = demand.rows_per_file / rates.scored_rows + rates.job_start_seconds
    height = demand.peak - 1
    for minute in range(MINUTES):
        # Flat at night; the mean over the day is 1.
        bell = max(0.0, math.cos((minute / MINUTES - 14 / 24) * 2 * math.pi)) ** 3
        weight = max(0.0, 1 - height * 0.2122 + height * bell)
        for count, seconds, kind in (
            (files, scoring, "score"),
            (trainings, demand.training_core_seconds, "train"),
        ):
            for _ in range(_poisson(chance, count / MINUTES * weight)):
                yield minute * 60 + chance.random() * 60, seconds * chance.uniform(0.5, 1.5), kind


def _poisson(chance: random.Random, mean: float) -> int:
    if mean > 50:  # the normal form is near enough, and quick
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count


def waits(jobs: list[tuple[float, float, str]], workers: int, threads: int = 2) -> dict[str, list[float]]:
    """Give how long jobs of each kind wait for one of `workers`, each of which has `threads` cores."""
    free = [0.0] * workers
    heapq.heapify(free)
    found: dict[str, list[float]] = {"score": [], "train": []}
    for at, core_seconds, kind in sorted(jobs):
        start = max(at, heapq.heappop(free))
        heapq.heappush(free, start + core_seconds / threads)
        found[kind].append(start - at)
    return found


def fewest_workers(jobs: list[tuple[float, float, str]], most_seconds: float) -> int:
    """Give the fewest workers with which 95 of 100 jobs wait no longer than `most_seconds`."""
    low, high = 1, 4096
    while low < high:
        middle = (low + high) // 2
        found = waits(jobs, middle)
        low, high = (
            (low, middle)
            if percentile(found["score"] + found["train"], 0.95) <= most_seconds
            else (middle + 1, high)
        )
    return low


def percentile(values: list[float], share: float) -> float:
    """Give the value below which `share` of all lie."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else 0.0


# -- the report -------------------------------------------------------------------------------------------


def show_growth(demand: Demand, rates: Rates) -> None:
    """Print the machines that each resource needs while users and rows grow together."""
    print("machines of 8 cores that the busiest hour fills (1.00 is one machine, or the one database core)\n")
    names = [need.name for need in needs(demand, rates)]
    print(f"| users | rows a day | {' | '.join(names)} | first to be full |")
    print("|---|---|" + "---|" * (len(names) + 1))
    for part in (0.01, 0.05, 0.1, 0.25, 0.5, 1.0):
        smaller = Demand(**{**vars(demand), "users": round(demand.users * part), "rows": demand.rows * part})
        found = needs(smaller, rates)
        first = max(found, key=lambda need: need.share).name
        shares = " | ".join(f"{need.share:.2f}" for need in found)
        print(f"| {smaller.users:,} | {smaller.rows:,.0f} | {shares} | {first} |")


def show_plan(demand: Demand, rates: Rates, prices: Prices, seed: int) -> None:
    """Print the plan for the whole demand: workers, waits, bytes, dollars."""
    jobs = list(arrivals(demand, rates, seed))
    workers = fewest_workers(jobs, 60.0)
    busy = math.ceil(needs(demand, rates)[0].asked / rates.requests / 0.6)
    api = max(busy, math.ceil(demand.users / rates.connections))
    cores = api + 2 * workers
    gigabytes = demand.rows * rates.bytes_a_row / 1e9
    print(f"\njobs in the day: {len(jobs):,}; workers of 2 cores: {workers}; cores for HTTP: {api}")
    print("\n| workers | waits, median s | waits, 95 % s | longest s |\n|---|---|---|---|")
    for count in (workers // 2, round(workers * 0.8), workers, workers * 2):
        found = [wait for kind in waits(jobs, max(1, count)).values() for wait in kind]
        row = [percentile(found, share) for share in (0.5, 0.95, 1.0)]
        print(f"| {count} | " + " | ".join(f"{wait:,.0f}" for wait in row) + " |")
    month = {
        f"{cores} cores, all day": cores * prices.core_hour * 730,
        "database": prices.database_month,
        f"{gigabytes * 30:,.0f} GB kept for 30 days": gigabytes * 30 * prices.gigabyte_month,
        "a tenth of it sent out": gigabytes * 30 * 0.1 * prices.gigabyte_out,
    }
    print("\n| a month | US dollars |\n|---|---|")
    for name, price in month.items():
        print(f"| {name} | {price:,.0f} |")
    print(f"| together | {sum(month.values()):,.0f} |")
    print(f"| for a million rows | {sum(month.values()) / (demand.rows * 30 / 1e6):,.3f} |")


def main() -> None:
    """Read the demand, print growth and plan."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--rows", type=float, default=1e9, help="rows scored a day")
    parser.add_argument("--trainings", type=float, default=0.2, help="trainings of a user a day")
    parser.add_argument("--core-hour", type=float, default=Prices().core_hour, help="US dollars")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    demand = Demand(users=options.users, rows=options.rows, trainings_per_user=options.trainings)
    show_growth(demand, Rates())
    show_plan(demand, Rates(), Prices(core_hour=options.core_hour), options.seed)


if __name__ == "__main__":
    main()
