"""The law as dated tables and versioned rules; no model, score or policy is ever read here."""
