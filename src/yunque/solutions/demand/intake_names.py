"""Names that files use for the columns of the demand tables, in Spanish and English, and names of persons."""

from dataclasses import dataclass
from unicodedata import normalize

import polars as pl

from yunque.solutions.demand.columns import OTHER, PURCHASE, RECEIPT, RETURN, SALE, TRANSFER

_CODE = ("articulo_codigo", "codigo_articulo", "codigo", "sku", "item", "item_id", "item_code",
         "article", "articulo", "producto_codigo", "codigo_producto", "product_id", "product_code",
         "producto_id", "id_producto", "id_articulo", "referencia", "ref", "stockcode", "stock_code",
         "material", "unique_id", "series_id")  # fmt: skip
_NAME = ("articulo_nombre", "nombre_articulo", "nombre", "descripcion", "description", "producto",
         "product", "nombre_producto", "product_name", "item_name")  # fmt: skip
_CATEGORY = ("categoria", "familia", "linea", "grupo", "department", "departamento", "category_name")
_SUPPLIER = ("proveedor", "supplier_name", "vendor", "nombre_proveedor", "proveedor_nombre", "fabricante")
_WAREHOUSE = ("codigo_bodega", "bodega", "almacen", "deposito", "store", "tienda", "sucursal", "location")
_LEAD = ("lead_time_dias", "lead_time", "leadtime", "tiempo_entrega", "dias_entrega", "tiempo_de_entrega",
         "plazo_entrega", "lead_time_days", "dias_de_entrega")  # fmt: skip
_LEAD_SD = ("desviacion_lead_time", "lead_time_sd", "sd_lead_time", "desviacion_entrega", "lead_time_std",
            "lead_time_deviation")  # fmt: skip
_COST = ("costo_unitario", "costo", "coste", "unit_cost", "precio_compra", "costo_promedio", "precio_costo")
_PRICE = ("precio_unitario", "precio_venta", "precio", "unit_price", "unitprice", "valor_unitario", "pvp",
          "sale_price")  # fmt: skip
_UNITS = ("cantidad", "quantity", "qty", "unidades", "cant", "piezas", "cantidad_vendida", "units_sold",
          "sold", "unidades_vendidas", "ventas_unidades", "demanda", "demand", "ventas", "sales",
          "y")  # fmt: skip
_DOCUMENT = ("documento", "numero_documento", "factura", "invoice", "invoiceno", "invoice_no", "invoice_id",
             "numero_factura", "no_factura", "folio", "orden", "order_id", "order", "numero_orden",
             "orden_compra", "pedido", "po")  # fmt: skip

# table -> column -> other names, the likeliest first
SYNONYMS: dict[str, dict[str, tuple[str, ...]]] = {
    "movements": {
        "company": ("empresa_servidor_id", "empresa_id", "empresa", "company_id", "tenant"),
        "nit": ("nit_empresa", "tax_id", "rfc", "identificacion_empresa"),
        "date": ("fecha", "fecha_documento", "fecha_venta", "fecha_factura", "invoicedate", "invoice_date",
                 "dia", "day", "sale_date", "order_date", "timestamp", "fecha_movimiento",
                 "periodo", "period", "mes", "month", "semana", "week", "ds"),
        "kind": ("tipo_documento", "tipo", "tipo_movimiento", "document_type", "movement_type", "type",
                 "movimiento"),
        "document": _DOCUMENT, "code": _CODE, "name": _NAME, "category": _CATEGORY,
        "warehouse": _WAREHOUSE, "city": ("ciudad", "municipio"),
        "units": _UNITS, "price": _PRICE,
        "value": ("valor_total", "total", "importe", "amount", "valor", "monto", "total_linea", "revenue"),
        "stock_after": ("stock_nuevo", "saldo", "existencia_final", "stock_final", "balance"),
        "lead_days": _LEAD,
        "unit_of_measure": ("unidad", "unidad_medida", "unidad_de_medida", "um", "uom", "unit_of_measure"),
    },
    "stock": {
        "code": _CODE, "warehouse": _WAREHOUSE,
        "on_hand": ("existencias", "existencia", "stock", "inventario", "disponible", "saldo", "cantidad",
                    "quantity", "qty", "stock_actual", "available", "stock_nuevo"),
        "reserved": ("reservado", "reservada", "comprometido", "apartado", "allocated", "committed"),
    },
    "items": {
        "code": _CODE, "name": _NAME, "category": _CATEGORY, "supplier": _SUPPLIER,
        "warehouse": _WAREHOUSE, "cost": _COST, "price": _PRICE,
        "pack": ("unidades_por_paquete", "empaque", "pack_size", "paquete", "unidades_por_caja", "multiplo",
                 "units_per_pack", "caja", "case_size"),
        "minimum": ("pedido_minimo", "minimo", "moq", "minimum_order", "min_order_qty", "cantidad_minima",
                    "minimo_compra"),
        "lead_days": _LEAD, "lead_sd_days": _LEAD_SD,
        "shelf_days": ("vida_util_dias", "vida_util", "shelf_life", "shelf_life_days", "dias_vencimiento"),
        "similar_to": ("similar_a", "parecido_a", "reemplaza_a", "replaces"),
    },
    "orders": {
        "document": _DOCUMENT, "code": _CODE, "supplier": _SUPPLIER,
        "ordered": ("fecha_orden", "fecha_pedido", "fecha", "order_date", "date", "fecha_orden_pedido"),
        "due": ("fecha_entrega", "fecha_prometida", "fecha_esperada", "due_date", "expected_date",
                "fecha_vencimiento"),
        "received": ("fecha_recibido", "fecha_recepcion", "fecha_llegada", "received_date", "receipt_date"),
        "units": (*_UNITS, "cantidad_pedida", "cantidad_pendiente"), "cost": _COST,
    },
    "suppliers": {
        "supplier": (*_SUPPLIER, "nombre", "name"), "lead_days": _LEAD, "lead_sd_days": _LEAD_SD,
        "review_days": ("dias_revision", "review_period", "frecuencia_pedido", "dias_entre_pedidos",
                        "review_period_days", "frecuencia"),
    },
    "promotions": {
        "code": _CODE, "category": _CATEGORY,
        "start": ("fecha_inicio", "inicio", "desde", "start_date", "from"),
        "end": ("fecha_fin", "fin", "hasta", "end_date", "to"),
        "discount": ("descuento", "porcentaje", "percent", "rebaja"),
    },
}  # fmt: skip
NEEDED = {
    "movements": ("date", "code", "units"),
    "stock": ("code", "on_hand"),
    "items": ("code",),
    "orders": ("code", "units"),
    "suppliers": ("supplier",),
    "promotions": ("start", "end"),
}
PERSONAL = ("paciente", "patient", "medico", "doctor", "cedula", "pagador", "payer", "clinica", "telefono",
            "phone", "celular", "email", "correo", "direccion", "address", "cliente", "customer", "comprador",
            "vendedor", "apellido", "nacimiento", "procedimiento", "curp", "documento_identidad")  # fmt: skip

_KINDS = {
    "factura_venta": SALE, "venta": SALE, "sale": SALE, "invoice": SALE, "factura": SALE, "salida": SALE,
    "pos": SALE, "ticket": SALE, "remision_salida": SALE, "devolucion_venta": RETURN, "devolucion": RETURN,
    "return": RETURN, "nota_credito": RETURN, "credit_note": RETURN, "refund": RETURN,
    "cancelacion": RETURN, "factura_compra": PURCHASE, "compra": PURCHASE, "purchase": PURCHASE,
    "remision_entrada": RECEIPT, "entrada": RECEIPT, "receipt": RECEIPT, "traslado": TRANSFER,
    "transferencia": TRANSFER, "transfer": TRANSFER, "devolucion_compra": OTHER,
}  # fmt: skip
_PIECES = (("traslad", TRANSFER), ("transfer", TRANSFER), ("devol", RETURN), ("credit", RETURN),
           ("compra", PURCHASE), ("purchase", PURCHASE), ("entrada", RECEIPT), ("venta", SALE),
           ("sale", SALE))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Named:
    """A raw table under the solution's column names.

    Attributes:
        frame: known columns only, cells as they came.
        renamed: (as in the file, as here).
        personal: columns left out because they are about persons.
        ignored: columns that nothing is done with.
    """

    frame: pl.DataFrame
    renamed: tuple[tuple[str, str], ...]
    personal: tuple[str, ...]
    ignored: tuple[str, ...]


def simple(name: str) -> str:
    """Bring a name to lower case, without accents, signs or spaces at its ends."""
    plain = normalize("NFKD", str(name)).encode("ascii", "ignore").decode().lower()
    return "_".join("".join(sign if sign.isalnum() else " " for sign in plain).split())


def name_columns(table: pl.DataFrame, kind: str) -> Named:
    """Find the known columns of a table of that kind; of two that mean the same, the likelier name wins."""
    at_hand: dict[str, str] = {}
    for column in table.columns:
        at_hand.setdefault(simple(column), column)
    found: dict[str, str] = {}
    for name, others in SYNONYMS[kind].items():
        match = next((at_hand[one] for one in (name, *others) if one in at_hand), None)
        if match is not None and match not in found.values():
            found[name] = match
    rest = [column for column in table.columns if column not in found.values()]
    personal = tuple(column for column in rest if is_personal(column))
    return Named(
        frame=table.select(pl.col(column).alias(name) for name, column in found.items()),
        renamed=tuple((column, name) for name, column in found.items() if column != name),
        personal=personal,
        ignored=tuple(column for column in rest if column not in personal),
    )


def is_personal(column: str) -> bool:
    """Whether a column seems to tell who somebody is."""
    return any(piece in simple(column) for piece in PERSONAL)


def movement_kind(word: str | None) -> str:
    """Tell a movement by its document type; a word that says nothing is OTHER."""
    plain = simple(word or "")
    if plain in _KINDS:
        return _KINDS[plain]
    return next((kind for piece, kind in _PIECES if piece in plain), OTHER)
