"""The formulas of all metrics, one file per family, over plain arrays."""
