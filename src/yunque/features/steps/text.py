"""Text as simple counts: length, words, and the shares of digits, capitals and signs."""

from yunque.features.part import TEXT
from yunque.features.parts_step import parts_step

STEP = parts_step("text", TEXT)
