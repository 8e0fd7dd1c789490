"""Words, numbers and days of the demand report, in English and Spanish."""

from datetime import date
from typing import Literal

Language = Literal["en", "es"]

TEXTS: dict[str, tuple[str, str]] = {
    "title": ("What to buy", "Qué comprar"),
    "made": ("Plan of {day} for {company}", "Plan del {day} para {company}"),
    "tax": ("the tax number {n}", "el NIT {n}"), "number": ("company {n}", "la empresa {n}"),
    "anyone": ("the company", "la empresa"),
    "budget": (" Of a budget of {cap}, {used} is spent; {left} more would be needed.",
               " De un presupuesto de {cap} se gastan {used}; harían falta {left} más."),
    "budget_fits": (" All of it fits into the budget of {cap}.", " Todo cabe en el presupuesto de {cap}."),
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
    "buy_lead": ("The articles that lose the most margin if nothing is bought. The bar is what it spends, "
                 "the percentage how likely stock runs out before an order of today arrives.",
                 "Los artículos que más margen pierden si no se compra. La barra es lo que gasta el plan; el "
                 "porcentaje, la probabilidad de que se agoten antes de que llegue un pedido de hoy."),
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
    "h_article": ("article", "artículo"), "h_supplier": ("supplier", "proveedor"),
    "h_units": ("units", "unidades"), "h_packs": ("packs", "paquetes"),
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
    "wape": ("of the units sold were missed or too many, article by article",
             "de las unidades vendidas sobraron o faltaron, artículo por artículo"),
    "bias": ("of the units sold: what the whole forecast had too much (less: too little)",
             "de las unidades vendidas: lo que el pronóstico entero dio de más (con menos, de menos)"),
    "coverage": ("of the times demand stayed within what covers {level}",
                 "de las veces la demanda no pasó de lo que cubre {level}"),
}  # fmt: skip


MONTHS = ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
          "noviembre", "diciembre")  # fmt: skip
POINTS = ("MXN", "USD")  # currencies whose thousands have commas in Spanish, too


class Text:
    """Gives words, numbers and days of one language."""

    def __init__(self, language: Language, currency: str = "COP") -> None:
        self._at = 0 if language == "en" else 1
        self.has_points = language == "es" and currency not in POINTS  # between thousands

    def number(self, value: float, digits: int = 0) -> str:
        """Give a number with its thousands marked, as it is written where the money is spent."""
        text = f"{value:,.{digits}f}"
        return text.translate(str.maketrans(",.", ".,")) if self.has_points else text

    def share(self, value: float, digits: int = 0) -> str:
        """Give a share in per cent."""
        number = self.number(100 * value, digits)
        return f"{number}%" if self._at == 0 else f"{number} %"

    def units(self, value: float) -> str:
        """Give units, with a decimal only where there is one."""
        return self.number(value, 0 if float(value).is_integer() else 1)

    def day(self, day: date) -> str:
        """Give a day in words."""
        if self._at == 0:
            return f"{day:%B} {day.day}, {day.year}"
        return f"{day.day} de {MONTHS[day.month - 1]} de {day.year}"

    def __call__(self, key: str, **values: object) -> str:
        """Give a text with its values."""
        return TEXTS[key][self._at].format(**values)
