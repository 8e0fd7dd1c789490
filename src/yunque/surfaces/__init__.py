"""Ways in: command line, HTTP, workers; thin, and unaware of one another."""
