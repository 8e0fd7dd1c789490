"""One file per kind of job: each ends with `KIND = Kind(...)` and names the function that does the work."""
