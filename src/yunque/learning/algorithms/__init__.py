"""One algorithm a file, each ending in ALGORITHM, found by file."""
