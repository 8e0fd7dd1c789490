"""Questions in plain language become validated intents and answers with locked numbers."""
