"""Series become forecasts with calibrated quantiles."""
