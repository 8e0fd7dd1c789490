"""Stage 3': series become forecasts with calibrated quantiles of summed demand.

    panel = make_panel(sales, frequency="month")                    # closed periods, no gaps, masks
    answer = forecast(panel, ForecastRequest(horizon_periods=6))    # -> Forecasts
    answer.sums.quantile("A-1", 2.5, 0.95)                          # units, over two and a half periods

Import from the modules: `panel`, `request`, `forecast`, `answer`, `sums`. None of them loads statsforecast,
mlforecast or pandas before a forecast is asked for.
"""
