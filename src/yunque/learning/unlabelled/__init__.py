"""Learning from rows without an answer: what is unusual, and what belongs together."""
