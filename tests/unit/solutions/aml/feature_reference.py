"""The forty features and R1's columns, row by row in plain Python from their definitions."""

import math
import statistics
from collections import Counter
from datetime import date, time, timedelta
from itertools import pairwise

from law_reference import BEFORE, NOW, REFORM, six_months_before, uma

RISKY = {"I", "V", "V-BIS", "VI", "VII", "X-a", "X-b", "XVI-a", "XVI-b"}


def nearest_uma(day):
    return uma(min(max(day, date(2020, 2, 1)), date(2027, 1, 31)))


def moment(row):
    hour = row.get("hora")
    return (row["fecha"], hour is not None, hour or time(0), row["linea"])


def umas(row):
    return row["monto_c"] / nearest_uma(row["fecha"])


def level(row, which):
    table = (NOW if row["fecha"] >= REFORM else BEFORE).get(row["regla"])
    return None if table is None else table[which]


def ratio(row, which):
    found = level(row, which)
    if found == "S":
        return 1.0
    return umas(row) / found if isinstance(found, int) else 0.0


def near(row):
    return 0.8 <= ratio(row, 0) < 1 or 0.8 <= ratio(row, 1) < 1


def spread(values):
    return statistics.stdev(values) if len(values) > 1 else 0.0


def features(rows):
    """Give {(client, id): {name: value}} for operations that happened."""
    happened = [row for row in rows if not row.get("intento")]
    clients = {}
    for row in sorted(happened, key=moment):
        clients.setdefault(row["cliente_id"], []).append(row)
    found = {}
    for own in clients.values():
        for at, row in enumerate(own):
            found[row["cliente_id"], row["id_operacion"]] = (
                one(own[:at], row) | peers(happened, row) | classic(own[:at], row)
            )
    return found


def one(past, row):
    day = row["fecha"]

    def last(days):
        return [other for other in past if other["fecha"] >= day - timedelta(days=days)]

    half_year = [o for o in past if o["fecha"] >= six_months_before(day) and o["regla"] == row["regla"]] + [
        row
    ]
    counted = [o for o in half_year if level(o, 0) == "S" or ratio(o, 0) >= 1]
    logs = [round(math.log1p(o["monto_c"] / 100) * 10_000) / 10_000 for o in last(180)]
    own_log = round(math.log1p(row["monto_c"] / 100) * 10_000) / 10_000
    mean = sum(logs) / len(logs) if logs else 0.0
    month = [*last(30), row]
    notice = level(row, 1)
    pesos = row["monto_c"] // 100 if row["monto_c"] % 100 == 0 else None
    weekday, n7, n30 = day.weekday(), len(last(7)), len(last(30))
    median = statistics.median([o["monto_c"] for o in last(180)]) if last(180) else 0
    return {
        "monto_log": math.log1p(row["monto_c"] / 100),
        "monto_umas": umas(row),
        "razon_umbral_identificacion": ratio(row, 0),
        "razon_umbral_aviso": ratio(row, 1),
        "cerca_umbral_identificacion": int(0.8 <= ratio(row, 0) < 1),
        "cerca_umbral_aviso": int(0.8 <= ratio(row, 1) < 1),
        "n_cerca_umbral_30d": sum(near(o) for o in month if o["regla"] == row["regla"]),
        "acumulado_6m_umas": sum(map(umas, counted)),
        "razon_acumulado_aviso": sum(map(umas, counted)) / notice if isinstance(notice, int) else 0.0,
        "acumulado_6m_total_umas": sum(map(umas, half_year)),
        **{f"n_ops_{days}d": len(last(days)) for days in (1, 7, 30, 180)},
        **{f"suma_{days}d_umas": sum(map(umas, last(days))) for days in (7, 30, 180)},
        "media_log_180d": mean,
        "desv_log_180d": spread(logs),
        "z_monto_cliente": (own_log - mean) / max(spread(logs), 0.1) if len(logs) >= 3 else 0.0,
        "razon_vs_mediana_180d": row["monto_c"] / median if len(logs) >= 3 and median else 1.0,
        "dias_desde_ultima": min(365, (day - past[-1]["fecha"]).days) if past else 365,
        "antiguedad_cliente_dias": (day - past[0]["fecha"]).days if past else 0,
        "es_primera_operacion": int(not past),
        "aceleracion_7d_30d": (n7 / 7) / max(n30 / 30, 1 / 30),
        "es_efectivo": int(row["es_efectivo"]),
        "razon_efectivo_30d": sum(o["monto_c"] for o in month if o["es_efectivo"])
        / sum(o["monto_c"] for o in month),
        "redondez": max((k for k in range(1, 7) if pesos and pesos % 10**k == 0), default=0) / 6,
        "n_monto_repetido_30d": sum(
            99 * row["monto_c"] <= 100 * o["monto_c"] <= 101 * row["monto_c"] for o in last(30)
        ),
        "n_reglas_180d": len({o["regla"] for o in last(180)}),
        "sector_alto_riesgo": int(row["regla"] in RISKY),
        "fin_de_semana": int(weekday >= 5),
        "dia_semana_sin": math.sin(2 * math.pi * weekday / 7),
        "dia_semana_cos": math.cos(2 * math.pi * weekday / 7),
        "mes_sin": math.sin(2 * math.pi * day.month / 12),
        "mes_cos": math.cos(2 * math.pi * day.month / 12),
        "dia_mes": day.day,
        "sin_historial": int(not last(180)),
        "hora_inusual": int(row.get("hora") is not None and (row["hora"].hour >= 22 or row["hora"].hour < 6)),
        "disponible_hora": int(row.get("hora") is not None),
        **network(past, row),
    }


def network(past, row):
    def last(days):
        return [o for o in past if o["fecha"] >= row["fecha"] - timedelta(days=days)] + [row]

    def told(rows, *directions):
        return {
            o["id_contraparte"]
            for o in rows
            if o["id_contraparte"] and (not directions or o["sentido"] in directions)
        }

    seen, new = set(), 0
    for other in [*past, row]:
        name = other["id_contraparte"]
        if name and name not in seen:
            new += other["fecha"] >= row["fecha"] - timedelta(days=30)
            seen.add(name)
    inward = sum(o["monto_c"] for o in last(7) if o["sentido"] == "entrada")
    outward = sum(o["monto_c"] for o in last(7) if o["sentido"] == "salida")
    return {
        "n_contrapartes_30d": len(told(last(30))),
        "n_contrapartes_nuevas_30d": new,
        "fan_in_7d": len(told(last(7), "entrada")),
        "fan_out_7d": len(told(last(7), "salida")),
        "razon_salida_entrada_7d": outward / inward if inward else 0.0,
        "disponible_contraparte": int(bool(row["id_contraparte"])),
        "disponible_sentido": int(row["sentido"] in ("entrada", "salida")),
    }


def peers(happened, row):
    earlier = sorted(
        math.log1p(o["monto_c"] / 100)
        for o in happened
        if (o["regla"], o["tipo_operacion"]) == (row["regla"], row["tipo_operacion"])
        and o["fecha"] < row["fecha"]
    )
    if len(earlier) < 10:
        return {"desviacion_par": 0.0, "percentil_par": 0.5}
    own = math.log1p(row["monto_c"] / 100)
    median = statistics.median(earlier)
    away = sorted(abs(value - median) for value in earlier)
    mad = away[(len(away) + 1) // 2 - 1]
    return {
        "desviacion_par": (own - median) / max(mad, 0.1),
        "percentil_par": sum(value <= own for value in earlier) / len(earlier),
    }


def classic(past, row):
    """R1's columns with their defects mended."""
    day = row["fecha"]
    half = [*(o for o in past if o["fecha"] >= six_months_before(day)), row]
    window = [*(o for o in past if o["fecha"] >= day - timedelta(days=180)), row]
    month = [*(o for o in past if o["fecha"] >= day - timedelta(days=30)), row]
    amounts = [o["monto_c"] / 100 for o in half]
    kinds = Counter(o["tipo_operacion"] for o in window)
    gaps = [(b["fecha"] - a["fecha"]).days for a, b in pairwise(window)]
    before = [o["monto_c"] for o in window[:-1]]
    return {
        "monto": row["monto_c"] / 100,
        "EsEfectivo": int(row["es_efectivo"]),
        "SectorAltoRiesgo": int(row["regla"] in RISKY),
        "es_nocturno": int(row.get("hora") is not None and (row["hora"].hour >= 22 or row["hora"].hour < 6)),
        "es_monto_redondo": int(row["monto_c"] % 1_000_000 == 0),
        "frecuencia_mensual": len(month),
        "mes": day.month,
        "dia_semana": day.weekday(),
        "quincena": int(13 <= day.day <= 17),
        "monto_6m": sum(amounts),
        "ops_6m": len(half),
        "monto_max_6m": max(amounts),
        "monto_std_6m": spread(amounts),
        "ops_relativas": len(month) / len(window),
        "diversidad_operaciones": -sum(n / len(window) * math.log(n / len(window)) for n in kinds.values()),
        "concentracion_temporal": spread(gaps),
        "ratio_vs_promedio": row["monto_c"] / (sum(before) / len(before)) if before else 1.0,
        "posible_burst": burst(past, row),
    }


def burst(past, row):
    if row.get("hora") is None:
        return int(sum(o["fecha"] == row["fecha"] for o in past) >= 2)
    if not past or past[-1].get("hora") is None:
        return 0
    before = past[-1]
    seconds = (row["fecha"] - before["fecha"]).days * 86_400
    seconds += (row["hora"].hour - before["hora"].hour) * 3600 + (
        row["hora"].minute - before["hora"].minute
    ) * 60
    return int(seconds + row["hora"].second - before["hora"].second < 3600)
