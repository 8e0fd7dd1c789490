"""The columns of an order: names, kinds and known levels, as R5's files have them."""

from yunque.data.contract import Contract
from yunque.data.schema import Column, Kind, Role, Schema

CLIENT, TIME, TARGET = "cliente_id", "fecha_pedido_dt", "canal_pedido_cd"
CHANNELS = ("DIGITAL", "TELEFONO", "VENDEDOR")
DIGITAL = "DIGITAL"
MATURITY = "madurez_digital_cd"
AMOUNTS = ("facturacion_usd_val", "materiales_distintos_val", "cajas_fisicas")
LEVELS = {
    "pais_cd": ("EC", "GT", "PE", "SV"),
    "tipo_cliente_cd": ("TIENDA", "MINIMARKET", "MAYORISTA"),
    MATURITY: ("BAJA", "MEDIA", "ALTA"),
    "frecuencia_visitas_cd": ("L", "LM", "LMI", "LMV"),
    TARGET: CHANNELS,
}
PLACES = ("region_comercial_txt", "agencia_id", "ruta_id")
STARS = "estrellas_txt"
ABOUT_CLIENT = (
    "pais_cd",
    "region_comercial_txt",
    "agencia_id",
    "ruta_id",
    "tipo_cliente_cd",
    MATURITY,
    STARS,
    "frecuencia_visitas_cd",
)
RAW = (CLIENT, *ABOUT_CLIENT, TIME, TARGET, *AMOUNTS)


def column(name: str, kind: Kind, role: Role = Role.FEATURE, reason: str = "") -> Column:
    """Give a column of the contract with its known levels."""
    needed = role in (Role.TARGET, Role.TIME, Role.ID)
    levels = LEVELS.get(name, ()) if kind is Kind.CATEGORY else ()
    return Column(name=name, kind=kind, role=role, nullable=not needed, levels=levels, reason=reason)


def _raw_column(name: str) -> Column:
    if name == CLIENT:
        return column(name, Kind.CATEGORY, Role.ID, "names a client")
    if name == TIME:
        return column(name, Kind.TIMESTAMP, Role.TIME, "moment of the order")
    if name == TARGET:
        return column(name, Kind.CATEGORY, Role.TARGET)
    if name in AMOUNTS:
        return column(name, Kind.INTEGER if name.startswith("materiales") else Kind.NUMBER)
    return column(name, Kind.INTEGER if name == STARS else Kind.CATEGORY)


CONTRACT = Contract(name="orders", schema=Schema(columns=tuple(_raw_column(name) for name in RAW)))
