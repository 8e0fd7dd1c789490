"""Says what it was told."""

from yunque.runtime.jobs.kind import Kind

KIND = Kind(name="echo", entry="job_bodies:echo")
