"""Stage 4: a champion becomes a bundle, a bundle a version, a version a predictor."""
