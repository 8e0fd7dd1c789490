"""The demand solution as one value: what a table of movements is, and the job that plans purchases of it.

It names no target, because its models are learnt of series and not of rows: `forecasting` is its learner,
`services/demand_train.py` its training.
"""

from yunque.solution import Policy, Route, Solution
from yunque.solutions.demand.columns import RAW
from yunque.solutions.demand.generator import generate
from yunque.solutions.demand.result import faults

SOLUTION = Solution(
    name="demand",
    title={"en": "What to buy: demand and purchases", "es": "Qué comprar: demanda y compras"},
    contract=RAW,
    generate=generate,
    policy=Policy(
        facts=(
            "quantities come from calibrated quantiles of demand summed over lead time and review period",
        ),
    ),
    result_faults=faults,
    routes=tuple(
        Route(
            method="POST",
            path=f"/assistant/api/ml/{name}/",
            entry="yunque.surfaces.http.routes.assistant_demand:demand_routes",
        )
        for name in ("entrenar_modelos", "predecir_demanda", "recomendaciones_compras")
    ),
    jobs={"demand": "yunque.services.demand_job:run_demand_job"},
    job_options="yunque.services.demand_requests:check_options",
    trainer="yunque.services.demand_solution:train_solution",
)
