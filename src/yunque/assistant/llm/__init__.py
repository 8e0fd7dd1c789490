"""A language model, where one is configured: it names intents and rewords, and decides nothing."""
