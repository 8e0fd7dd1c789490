"""Refuses its data."""

from yunque.runtime.jobs.kind import Kind

KIND = Kind(name="refuse", entry="job_bodies:refuse")
