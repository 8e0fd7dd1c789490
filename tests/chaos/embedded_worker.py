"""The product's own worker, with the kinds of the tests."""

import sys

from yunque.surfaces import worker

worker.KINDS = "job_kinds"  # type: ignore[misc]

if __name__ == "__main__":
    worker.run_worker(until_empty="--until-empty" in sys.argv, kind="echo" if "--echo" in sys.argv else None)
