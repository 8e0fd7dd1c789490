"""Stage 1: a raw table meets its contract and becomes a checked table."""
