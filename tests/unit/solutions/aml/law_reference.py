"""A slow second reading of the law, from its text: plain Python, exact fractions, no part of the engine.

Written from Articles 17, 18, 23 and 32 of the LFPIORPI (DOF 16-07-2025), Articles 5 to 7, 16, 17, 21 Bis, 26, 31,
31 Bis and 42 of its Reglamento (DOF 27-03-2026) and Articles 19, 24 Bis and 27 of the general rules. It answers with
the set of (operation, rule, due day) that is owed. Rows of one act are one operation: its fee is their sum, and it
was done in the client's name if any of them was.
"""

from calendar import monthrange
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from fractions import Fraction

REFORM = date(2025, 7, 17)
FIRST_DAY = date(2016, 1, 28)
REGULATION = date(2026, 3, 28)
ASSETS_SINCE = date(2019, 9, 10)

UMA = {
    2020: "86.88",
    2021: "89.62",
    2022: "96.22",
    2023: "103.74",
    2024: "108.57",
    2025: "113.14",
    2026: "117.31",
}

# fraction -> (identification, notice) in UMA; "S" always, None never by amount
NOW = {
    "I": (325, 645), "II-a": (805, 1285), "II-b": (645, 645), "II-c": (645, 645), "III": ("S", 645),
    "IV": ("S", 1605), "V": ("S", 8025), "V-BIS": ("S", 8025), "VI": (805, 1605), "VII": (2410, 4815),
    "VIII": (3210, 6420), "IX": (2410, 4815), "X-a": ("S", 3210), "X-b": ("S", "S"),
    "XI-a": ("S", None), "XI-b": ("S", None), "XI-c": ("S", None), "XI-d": ("S", None), "XI-e": ("S", None),
    "XII-A-a": ("S", 8000), "XII-A-b": ("S", "S"), "XII-A-c": ("S", "S"), "XII-A-d": ("S", 4000),
    "XII-A-e": ("S", "S"), "XII-B-a": (8025, 8025), "XII-B-b": ("S", "S"), "XII-B-c": ("S", "S"),
    "XII-B-d": ("S", "S"), "XIII": (1605, 3210), "XIV-a": ("S", "S"), "XIV-b": ("S", "S"), "XIV-c": ("S", "S"),
    "XIV-d": (485, 485), "XIV-e": (4815, 4815), "XIV-f": ("S", "S"), "XV": (1605, 3210), "XVI-a": ("S", 210),
    "XVI-b": ("S", None),
}  # fmt: skip
BEFORE = {
    **{rule: pair for rule, pair in NOW.items() if rule not in ("V-BIS", "X-b", "XVI-b")},
    "XII-A-a": ("S", 16000), "XII-A-c": ("S", 8025), "XII-A-d": ("S", 8025), "XVI-a": ("S", 645),
}  # fmt: skip
# General rules 19: what is summed over six months
SUMMED = {"I", "II-a", "II-c", "III", "IV", "V", "V-BIS", "VI", "VII", "VIII", "IX", "X-a", "XII-A-a", "XII-A-c",
          "XII-A-d", "XIII", "XV", "XVI-a"}  # fmt: skip
CASH = {"V": ("I", 8025), "V-BIS": ("I", 8025), "XII-A-a": ("I", 8025), "VIII": ("II", 3210), "VI": ("III", 3210),
        "VII": ("III", 3210), "I": ("IV", 3210), "IX": ("V", 3210), "XII-A-c": ("VI", 3210),
        "XII-B-b": ("VI", 3210), "XV": ("VII", 3210)}  # fmt: skip
UNPUBLISHED = {"XII-C", "XII-D"}


def uma(day):
    """The value of the day in centavos, or None."""
    year = day.year if day >= date(day.year, 2, 1) else day.year - 1
    return int(Fraction(UMA[year]) * 100) if year in UMA else None


def table(rule, day):
    """Identification and notice of a rule on a day, or None when there was no such rule."""
    if day < FIRST_DAY or (rule == "XVI-a" and day < ASSETS_SINCE):
        return None
    return (NOW if day >= REFORM else BEFORE).get(rule)


def six_months_before(day):
    """The same day six calendar months earlier, or the last of that month."""
    month, year = (day.month - 6, day.year) if day.month > 6 else (day.month + 6, day.year - 1)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def seventeenth(day):
    return date(day.year + (day.month == 12), day.month % 12 + 1, 17)


def due(rule, day):
    """Day 17 of the next month; fiscal and customs terms have no day here."""
    return None if rule == "XII-A-a" or rule.startswith("XIV") else seventeenth(day)


def net(row):
    return row["monto_c"] if row.get("monto_sin_c") is None else row["monto_sin_c"]


class Act:
    """One act: the rows that make it, its amount and date."""

    def __init__(self, rule, rows):
        self.rule, self.rows, self.last = rule, rows, rows[-1]
        self.day = self.last["fecha"]
        if rule == "II-a":
            self.day = date(self.day.year, self.day.month, monthrange(self.day.year, self.day.month)[1])
        amounts = [net(row) for row in rows]
        if rule in ("XIV-d", "XIV-e"):
            piece = rows[0].get("valor_individual_c")
            self.cents = amounts[0] if piece is None else piece
        elif rule == "XII-A-a":
            self.cents = max([sum(amounts)] + [row.get("valor_mayor_c") or 0 for row in rows])
        else:
            self.cents = sum(amounts)
        self.total = sum(row["monto_c"] for row in rows)
        self.cash = sum(net(row) for row in rows if row.get("es_efectivo"))
        self.uma = uma(self.day)
        self.table = table(rule, self.day)
        self.fees = [row["contraprestacion_c"] for row in rows if row.get("contraprestacion_c") is not None]
        self.fee = sum(self.fees)
        self.gross_cash = sum(row["monto_c"] for row in rows if row.get("es_efectivo"))

    def reaches(self, units, cents=None):
        cents = self.cents if cents is None else cents
        return self.uma is not None and cents >= units * self.uma

    @property
    def identified(self):
        level = self.table and self.table[0]
        if level == "S":
            return True
        if level is None or self.uma is None:
            return False
        return self.cents > level * self.uma if self.rule == "XV" else self.reaches(level)

    @property
    def notified(self):
        level = self.table and self.table[1]
        if self.rule.startswith("XI-") and self.table:
            return any(row.get("en_representacion") is True for row in self.rows)
        if level == "S":
            return True
        if level is None:
            return False
        if self.rule == "VI" and self.day < REFORM:
            return self.reaches(level, self.cash)
        return self.reaches(level)

    @property
    def fee_notified(self):
        if not self.rule.startswith("XVI") or self.day < REFORM or self.uma is None:
            return False
        return bool(self.fees) and self.fee >= 4 * self.uma

    @property
    def lacks(self):
        """Whether a fact that decides is missing: the role of XI, the fee of XVI."""
        if self.table is None:
            return False
        if self.rule.startswith("XI-"):
            return not self.notified and any(row.get("en_representacion") is None for row in self.rows)
        return self.fee_counts and not (
            self.notified or self.fee_notified or len(self.fees) == len(self.rows)
        )

    @property
    def fee_counts(self):
        return self.rule.startswith("XVI") and self.day >= REFORM and self.uma is not None

    @property
    def silent(self):
        """Why the law gives no full answer."""
        return self.table is None or (self.uma is None and any(isinstance(u, int) for u in self.table))

    def near(self):
        """Whether it lies within 20 % under a threshold."""
        levels = [units * self.uma for units in self.table if isinstance(units, int)]
        return any(self.cents < level <= self.cents * Fraction(5, 4) for level in levels)


def in_order(rows):
    """By client, day, hour (unknown first) and line."""

    def key(row):
        hour = row.get("hora")
        return (row["cliente_id"], row["fecha"], hour is not None, hour or time(0), row["linea"])

    return sorted(rows, key=key)


def acts_of(rows):
    """Join rows into acts, in the order of their last rows."""
    groups = defaultdict(list)
    for row in rows:
        rule, month = row["regla"], (row["fecha"].year, row["fecha"].month)
        act = row.get("id_acto")
        if rule == "II-a":
            account = row.get("cuenta") if row.get("cuenta") is not None else act
            name = ("month", month, account or "")
        elif rule == "XV":
            name = ("month", month, act or "")
        elif act is not None and rule not in ("XIV-d", "XIV-e"):
            name = ("act", act)
        else:
            name = ("row", row["linea"], row["id_operacion"])
        groups[row["cliente_id"], rule, name].append(row)
    made = [Act(rule, members) for (_, rule, _), members in groups.items()]
    place = {id(row): number for number, row in enumerate(rows)}
    return sorted(made, key=lambda act: place[id(act.last)])


def sums_reach(act, window):
    """Whether the window reaches the notice, by UMA of each day or by pesos at the last UMA."""
    units = act.table[1]
    if not isinstance(units, int) or act.uma is None:
        return False
    cents = [other.cash if only_cash(act) else other.cents for other in window]
    by_uma = sum((Fraction(c, other.uma) for c, other in zip(cents, window, strict=True)), Fraction(0))
    return by_uma >= units or sum(cents) >= units * act.uma


def only_cash(act):
    return act.rule == "VI" and act.day < REFORM


def accumulated(acts):
    """Acts whose six months reach the notice together with earlier ones."""
    found, by_kind = {}, defaultdict(list)
    for act in acts:
        if act.rule not in SUMMED or not act.identified or act.uma is None:
            continue
        by_kind[act.last["cliente_id"], act.rule].append(act)
    for kind in by_kind.values():
        for number, act in enumerate(kind):
            if only_cash(act) and act.cash <= 0:
                continue
            since = six_months_before(act.day)
            earlier = [
                other
                for other in kind[: number + 1]
                if other.day >= since and (not only_cash(act) or (only_cash(other) and other.cash > 0))
            ]
            if len(earlier) > 1 and sums_reach(act, earlier):
                found[id(act)] = [other.last["id_operacion"] for other in earlier]
    return found


def cash_forbidden(rows):
    """Rows at which the cash of an act, or of one payer's acts, reaches the limit of Article 32."""
    found, acts, payers = set(), defaultdict(Fraction), defaultdict(Fraction)
    paid = [row for row in rows if row.get("es_efectivo") and row["regla"] in CASH and row["fecha"] >= REFORM]
    for row in paid:
        value = uma(row["fecha"])
        if value is None:
            continue
        fraction, limit = CASH[row["regla"]]
        cents = row["monto_c"] if row["fecha"] >= REGULATION else net(row)
        month = (row["fecha"].year, row["fecha"].month) if fraction == "VII" else None
        if fraction == "VII" or row.get("id_acto") is not None:
            key = (row["cliente_id"], fraction, month, row.get("id_acto") or "")
        else:
            key = (row["id_operacion"], row["linea"], row["cliente_id"])
        acts[key] += Fraction(cents, value)
        if acts[key] >= limit:
            found.add((row["cliente_id"], row["id_operacion"]))
    for row in sorted(
        paid, key=lambda r: (r["fecha"], r.get("hora") is not None, r.get("hora") or time(0), r["linea"])
    ):
        value = uma(row["fecha"])
        if value is None or row.get("id_pagador") is None:
            continue
        fraction, limit = CASH[row["regla"]]
        cents = row["monto_c"] if row["fecha"] >= REGULATION else net(row)
        month = (row["fecha"].year, row["fecha"].month) if fraction == "VII" else None
        key = (row["id_pagador"], fraction, month)
        payers[key] += Fraction(cents, value)
        if payers[key] >= limit:
            found.add((row["cliente_id"], row["id_operacion"]))
    return found


def warned_of_cash(acts, forbidden):
    """Closing rows of acts at or above the limit in which some cash was used, below it."""
    for act in acts:
        row, value = act.last, uma(act.last["fecha"])
        name = (row["cliente_id"], row["id_operacion"])
        if act.rule not in CASH or row["fecha"] < REFORM or value is None or name in forbidden:
            continue
        if act.gross_cash > 0 and act.total >= CASH[act.rule][1] * value:
            yield name


def possibly_split(acts):
    """Policy R12: three acts in 30 days just under a threshold; all of six months would owe, what counts does not."""
    by_kind = defaultdict(list)
    for act in acts:
        if act.table and isinstance(act.table[1], int) and act.uma is not None:
            by_kind[act.last["cliente_id"], act.rule].append(act)
    for kind in by_kind.values():
        for number, act in enumerate(kind):
            past = [other for other in kind[: number + 1] if other.day >= six_months_before(act.day)]
            month = [other for other in past if other.day >= act.day - timedelta(days=30)]
            counted = [other for other in past if other.rule in SUMMED and other.identified]
            owed_already = act.notified or in_umas(counted) >= act.table[1]
            if not only_cash(act) and act.rule in SUMMED and act.identified:
                owed_already |= sums_reach(act, counted)
            if sum(o.near() for o in month) >= 3 and in_umas(past) >= act.table[1] and not owed_already:
                yield (act.last["cliente_id"], act.last["id_operacion"])


def in_umas(acts):
    return sum((Fraction(act.cents, act.uma) for act in acts), Fraction(0))


def unanswered(operations, acts):
    """Rows of which something the law needs is missing (R13), and rows without a published figure (R14)."""
    unclear, unpublished = set(), set()
    unnamed = [row for row in operations if row["regla"] in UNPUBLISHED and not row.get("intento")]
    of_row = {id(row): act for act in [*acts, *acts_of(unnamed)] for row in act.rows}
    for row in operations:
        name, rule, tried = (row["cliente_id"], row["id_operacion"]), row["regla"], row.get("intento")
        act = Act(rule, [row]) if tried else of_row[id(row)]
        if rule in UNPUBLISHED:
            if act.day < REFORM:
                unclear.add(name)
            elif row["fecha"] >= REFORM:
                unpublished.add(name)
            continue
        early = bool(row.get("es_efectivo")) and rule in CASH and row["fecha"] < REFORM
        if act.silent or (not tried and (act.lacks or early)):
            unclear.add(name)
    return unclear, unpublished


def game_series(rows):
    """Games with one client that reach identification together within 24 hours."""
    found, by_client = set(), defaultdict(list)
    for row in rows:
        if row["regla"] == "I" and uma(row["fecha"]) is not None:
            by_client[row["cliente_id"]].append(row)
    for games in by_client.values():
        for number, row in enumerate(games):
            inside = [other for other in games[: number + 1] if within_a_day(other, row)]
            total = sum((Fraction(net(other), uma(other["fecha"])) for other in inside), Fraction(0))
            if len(inside) > 1 and total >= 325 and row["fecha"] >= REGULATION:
                found.add((row["cliente_id"], row["id_operacion"]))
    return found


def within_a_day(earlier, later):
    """24 hours at most; without an hour, the same day."""
    if earlier.get("hora") is None or later.get("hora") is None:
        return earlier["fecha"] == later["fecha"]
    start = datetime.combine(earlier["fecha"], earlier["hora"])
    return datetime.combine(later["fecha"], later["hora"]) - start <= timedelta(days=1)


def is_risky(row):
    """Whether the row involves a country on the list of those with a call for action."""
    country = row.get("jurisdiccion")
    return country in ("ir", "kp") or (country == "mm" and row["fecha"] >= date(2022, 10, 21))


def owed(operations):
    """The set of (client, operation, rule, due day) that the law asks for, and the ids behind each sum."""
    answer, lists = set(), {}
    ordered = in_order(operations)
    for row in ordered:
        name = (row["cliente_id"], row["id_operacion"])
        if row.get("en_lista"):
            answer.add((*name, "R09", None))
        if row.get("sospecha"):
            answer.add((*name, "R10", None))
        if (row.get("es_pep") or is_risky(row)) and row["fecha"] >= REFORM:
            answer.add((*name, "R11", None))
    happened = [row for row in ordered if not row.get("intento") and row["regla"] not in UNPUBLISHED]
    acts = acts_of(happened)
    sums = accumulated(acts)
    for act in acts:
        name = (act.last["cliente_id"], act.last["id_operacion"])
        if act.table is None:
            continue
        if act.identified:
            answer.add((*name, "R01", None))
        if act.notified:
            answer.add((*name, "R05" if act.rule == "X-b" else "R02", due(act.rule, act.day)))
        elif id(act) in sums:
            answer.add((*name, "R03", due(act.rule, act.day)))
            lists[name] = sums[id(act)]
        elif act.fee_notified:
            answer.add((*name, "R06", due(act.rule, act.day)))
    forbidden = cash_forbidden(happened)
    answer |= {(*name, "R07", None) for name in forbidden}
    answer |= {(*name, "R08", None) for name in warned_of_cash(acts, forbidden)}
    answer |= {(*name, "R12", None) for name in possibly_split(acts)}
    unclear, unpublished = unanswered(ordered, acts)
    answer |= {(*name, "R13", None) for name in unclear} | {(*name, "R14", None) for name in unpublished}
    answer |= {(*name, "R04", None) for name in game_series(happened)}
    return answer, lists
