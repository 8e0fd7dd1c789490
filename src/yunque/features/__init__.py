"""Stage 2: a checked table becomes a matrix, without leakage, one row or many with equal bits."""
