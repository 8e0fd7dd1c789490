"""Turn a table into decisions that can be trusted."""

__version__ = "0.1.0"
