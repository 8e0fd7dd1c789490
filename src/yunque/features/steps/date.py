"""Dates and timestamps as their parts: year, month, day, weekday, day of year, hour, minute, epoch."""

from yunque.features.part import DATES
from yunque.features.parts_step import parts_step

STEP = parts_step("date", DATES)
