"""Exports of a bundle to foreign formats, each with its own parity report."""
