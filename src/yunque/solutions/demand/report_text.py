"""Words of the demand report, in English and Spanish."""

from typing import Literal

Language = Literal["en", "es"]

TEXTS: dict[str, tuple[str, str]] = {
    "title": ("What to buy", "Qué comprar"),
    "made": ("Plan of {day} for {company}", "Plan del {day} para {company}"),
    "lead": ("{bought} of {articles} articles, {cost} {currency}, so that {service} {measure}.",
             "{bought} de {articles} artículos, {cost} {currency}, para que {service} {measure}."),
    "cycle": ("of the order cycles pass without a stock-out (cycle service)",
              "de los ciclos de pedido pasen sin agotarse (servicio por ciclo)"),
    "fill": ("of the units asked for are served from the shelf (fill rate)",
             "de las unidades pedidas se atiendan de inmediato (tasa de unidades)"),
    "n_cost": ("to spend", "por gastar"),
    "n_saved": ("expected lost margin that the plan saves", "margen que el plan evita perder"),
    "n_risk": ("articles more likely than not to run out", "artículos que probablemente se agotan"),
    "n_excess": ("tied up in stock beyond 9 in 10 futures", "inmovilizado más allá de 9 de cada 10 futuros"),
    "buy": ("What to buy first", "Qué comprar primero"),
    "buy_lead": ("The articles that lose the most margin if nothing is bought, and what the plan spends.",
                 "Los artículos que más margen pierden si no se compra. La barra es lo que gasta el plan."),
    "orders": ("One order a supplier", "Un pedido por proveedor"),
    "curve": ("How much service a peso of stock buys", "Cuánto servicio compra cada peso de inventario"),
    "curve_lead": ("The last periods lived through again under each rule: up and left is better. Sales that "
                   "stock did not cover are lost; every rule starts with the same stock.",
                   "Los últimos periodos vividos otra vez con cada regla: arriba a la izquierda es mejor. "
                   "Lo que no había se pierde; todas las reglas empiezan con las mismas existencias."),
    "no_curve": ("Not simulated yet: yunque demand simulate.", "Aún sin simular: yunque demand simulate."),
    "forecasts": ("The articles that matter", "Los artículos que importan"),
    "forecasts_lead": ("What they sold, and what is expected with the interval that holds 8 in 10.",
                       "Lo que vendieron, y lo que se espera con el intervalo que contiene 8 de cada 10."),
    "lacks": ("What the data lack, and what was assumed", "Qué falta en los datos y qué se supuso"),
    "nothing": ("Nothing.", "Nada."),
    "list": ("The list", "La lista"),
    "h_article": ("article", "artículo"), "h_units": ("units", "unidades"), "h_packs": ("packs", "paquetes"),
    "h_cost": ("cost", "costo"), "h_position": ("hand + coming - reserved", "hay + viene - reservado"),
    "h_target": ("target", "objetivo"), "h_risk": ("runs out", "se agota"),
    "h_by": ("order by", "pedir antes de"),
    "x_stock": ("mean stock value", "valor medio del inventario"),
    "y_fill": ("fill rate, units", "unidades atendidas"),
    "x_cost": ("spent on it", "gasto del plan"),
    "more": ("and {n} more in plan.csv", "y {n} más en plan.csv"),
    "yunque": ("this plan", "este plan"), "textbook": ("textbook", "libro de texto"),
    "average": ("average × factor", "promedio × factor"),
    "r2": ("average × 1.2, blind", "promedio × 1,2, a ciegas"),
    "own_orders": ("own past orders", "sus pedidos pasados"), "last_year": ("last year", "año anterior"),
    "proof": ("How the forecasts did on the past", "Cómo acertaron los pronósticos en el pasado"),
    "wape": ("error of the sum, share of sales", "error de la suma, parte de las ventas"),
    "bias": ("bias, share of sales", "sesgo, parte de las ventas"),
    "coverage": ("held by the {level} interval", "dentro del cuantil {level}"),
}  # fmt: skip


class Text:
    """Gives words of one language."""

    def __init__(self, language: Language) -> None:
        self._at = 0 if language == "en" else 1

    def __call__(self, key: str, **values: object) -> str:
        """Give a text with its values."""
        return TEXTS[key][self._at].format(**values)
