"""Where a job's objects stand in storage: every key begins with its tenant, results also carry the fence."""

from yunque.runtime.jobs.job import Job


def upload_key(tenant: str, upload_id: str) -> str:
    """Where an uploaded file stands."""
    return f"tenant/{tenant}/uploads/{upload_id}"


def result_prefix(job: Job) -> str:
    """The folder of this attempt's results; a late attempt writes into a folder that nobody reads."""
    return f"tenant/{job.tenant}/results/{job.id}/{job.fence}"


def log_key(job: Job) -> str:
    """Where the log of this attempt stands; for operators only."""
    return f"tenant/{job.tenant}/logs/{job.id}/{job.fence}.txt"


def work_prefix(tenant: str, job_id: str) -> str:
    """The folder of what a job keeps between its attempts."""
    return f"tenant/{tenant}/work/{job_id}"
