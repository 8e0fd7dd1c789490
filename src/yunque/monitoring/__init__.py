"""Stage 5: the prediction log becomes drift, outcomes and alerts."""
