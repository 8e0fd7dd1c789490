"""One rule a file, each ending in RULE, found by file."""
