"""The tables of the demand solution after intake: their columns, and the contract of raw movements."""

from typing import Any

import polars as pl

from yunque.data.contract import Contract
from yunque.data.schema import Column, Kind, Role, Schema

SALE, RETURN, PURCHASE, RECEIPT, TRANSFER, OTHER = (
    "sale", "return", "purchase", "receipt", "transfer", "other",
)  # fmt: skip

MOVEMENTS: dict[str, Any] = {
    "company": pl.String,  # empresa_servidor_id, "" when the file has none
    "nit": pl.String,  # digits only, "" when the file has none
    "date": pl.Date,
    "kind": pl.String,  # one of the words above
    "document": pl.String,
    "code": pl.String,
    "name": pl.String,
    "category": pl.String,
    "warehouse": pl.String,
    "city": pl.String,
    "units": pl.Float64,  # never negative: the kind says the direction
    "price": pl.Float64,
    "value": pl.Float64,
    "stock_after": pl.Float64,
    "lead_days": pl.Float64,
}  # fmt: skip
STOCK: dict[str, Any] = {
    "code": pl.String, "warehouse": pl.String, "on_hand": pl.Float64, "reserved": pl.Float64,
}  # fmt: skip
ITEMS: dict[str, Any] = {
    "code": pl.String, "name": pl.String, "category": pl.String, "supplier": pl.String,
    "warehouse": pl.String, "cost": pl.Float64, "price": pl.Float64, "pack": pl.Float64,
    "minimum": pl.Float64, "lead_days": pl.Float64, "lead_sd_days": pl.Float64,
    "shelf_days": pl.Float64, "similar_to": pl.String,
}  # fmt: skip
ORDERS: dict[str, Any] = {
    "document": pl.String, "code": pl.String, "supplier": pl.String, "ordered": pl.Date,
    "due": pl.Date, "received": pl.Date, "units": pl.Float64, "cost": pl.Float64,
}  # fmt: skip
SUPPLIERS: dict[str, Any] = {
    "supplier": pl.String, "lead_days": pl.Float64, "lead_sd_days": pl.Float64, "review_days": pl.Float64,
}  # fmt: skip
PROMOTIONS: dict[str, Any] = {
    "code": pl.String, "category": pl.String, "start": pl.Date, "end": pl.Date, "discount": pl.Float64,
}  # fmt: skip

TABLES: dict[str, dict[str, Any]] = {
    "movements": MOVEMENTS, "stock": STOCK, "items": ITEMS, "orders": ORDERS, "suppliers": SUPPLIERS,
    "promotions": PROMOTIONS,
}  # fmt: skip

RAW = Contract(
    name="movimientos_inventario",
    schema=Schema(
        columns=(
            Column(name="empresa_servidor_id", kind=Kind.INTEGER, role=Role.ID, required=False),
            Column(name="nit", kind=Kind.CATEGORY, role=Role.ID, required=False),
            Column(name="tipo_documento", kind=Kind.CATEGORY, required=False),
            Column(name="documento", kind=Kind.CATEGORY, role=Role.ID, required=False),
            Column(name="fecha", kind=Kind.DATE, nullable=False),
            Column(name="articulo_codigo", kind=Kind.CATEGORY, nullable=False),
            Column(name="articulo_nombre", kind=Kind.TEXT, required=False),
            Column(name="categoria", kind=Kind.CATEGORY, required=False),
            Column(name="codigo_bodega", kind=Kind.CATEGORY, required=False),
            Column(name="ciudad", kind=Kind.CATEGORY, required=False),
            Column(name="cantidad", kind=Kind.NUMBER, nullable=False),
            Column(name="precio_unitario", kind=Kind.NUMBER, required=False),
            Column(name="valor_total", kind=Kind.NUMBER, required=False),
            Column(name="stock_nuevo", kind=Kind.NUMBER, required=False),
            Column(name="lead_time_dias", kind=Kind.NUMBER, required=False),
        )
    ),
)
