"""How every chart of a report looks, and how it becomes a picture that stands in the page.

A chart is drawn once, by Vega-Lite in vl-convert, and embedded as SVG. The page holds no script: Vega in a
browser needs leave to evaluate code, which a portal's content policy rightly refuses, and mail programs and
printers run none. As an image the SVG is also a wall: whatever a column is called, it cannot become markup.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import vl_convert

INK, MUTED, FAINT, GRID = "#1c2733", "#5d6b7a", "#9aa7b4", "#e6ebf0"
ACCENT, ACCENT_SOFT, WARM, GOOD, BAD = "#0b6e8f", "#8fc1d3", "#d9772b", "#2f855a", "#b83280"
SERIES = ("#0b6e8f", "#d9772b", "#6b5ca5", "#2f855a", "#b83280", "#8a6d1d")
FONT = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
WIDTH = 806  # of the text column, less the chart's own padding

Row = Mapping[str, Any]
_NUMBERED = re.compile(r"""((?:id="|url\(#)(?:clip|gradient_))(\d+)""")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A chart as it stands in the page: data URI, size in pixels, what it shows in words, caption."""

    uri: str
    width: int
    height: int
    alt: str
    caption: str


def table(rows: Sequence[Row]) -> alt.Data:
    """Give rows as inline data."""
    return alt.Data(values=list(rows))


def columns_of(**columns: Any) -> list[Row]:
    """Turn equally long arrays into rows of plain numbers."""
    plain = {
        name: values.tolist() if hasattr(values, "tolist") else values for name, values in columns.items()
    }
    return [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)]


KEY_LABEL = "slice(datum.label, 3)"


def keyed(rows: Sequence[Row]) -> list[Row]:
    """Give each row a key in front of its name, since two long names may be cut to the same text."""
    return [{**row, "key": f"{place:03d}{row['name']}"} for place, row in enumerate(rows)]


def picture(chart: Any, *, alt_text: str, caption: str) -> Picture:
    """Draw a chart."""
    spec = chart.properties(background="transparent", padding=4).configure(**_STYLE).to_dict(validate=False)
    svg = _renumbered(vl_convert.vegalite_to_svg(spec))
    width, height = _size(svg)
    uri = "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()
    return Picture(uri=uri, width=width, height=height, alt=alt_text, caption=caption)


def _renumbered(svg: str) -> str:
    """Count clip paths and gradients from 0, so that equal charts are equal texts."""
    order: dict[str, int] = {}
    return _NUMBERED.sub(lambda found: f"{found[1]}{order.setdefault(found[2], len(order))}", svg)


def _size(svg: str) -> tuple[int, int]:
    head = svg[: svg.index(">")]
    _, _, width, height = head.partition('viewBox="')[2].partition('"')[0].split()
    return round(float(width)), round(float(height))


_STYLE: dict[str, Any] = {
    "font": FONT,
    "aria": False,  # the page's alt text speaks for the whole picture
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "gridColor": GRID,
        "domain": False,
        "tickColor": GRID,
        "tickSize": 4,
        "labelLimit": 240,
    },
    "legend": {
        "labelColor": INK,
        "titleColor": MUTED,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "symbolType": "circle",
        "symbolSize": 60,
        "labelLimit": 220,
        "orient": "top",
        "offset": 6,
    },
    "title": {
        "color": INK,
        "fontSize": 12.5,
        "fontWeight": 600,
        "anchor": "start",
        "frame": "bounds",
        "offset": 10,
    },
    "line": {"strokeWidth": 2},
    "header": {"labelColor": INK, "labelFontSize": 12, "title": None},
    "concat": {"spacing": 36},
}
