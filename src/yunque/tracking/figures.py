"""The figures of a report as pictures of their own, since a tracker shows pictures and no whole page."""

import re
from base64 import b64decode
from html import unescape

_PICTURE = re.compile(rb'<img src="data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)"[^>]*? alt="([^"]*)"')
MOST_FIGURES = 40
LONGEST_NAME = 48


def figures_of(report: bytes) -> dict[str, bytes]:
    """Give the pictures that stand in a report, as SVG by file name.

    Args:
        report: an HTML page whose pictures are data URIs, as `models.report` writes it.

    Returns:
        At most 40, in their order: "01_roc_curve.svg" is named after what its alternative text begins with.
    """
    found: dict[str, bytes] = {}
    for place, match in enumerate(_PICTURE.finditer(report), start=1):
        words = unescape(match[2].decode("utf-8", "replace")).lower()
        plain = "".join(sign if sign.isalnum() and sign.isascii() else "_" for sign in words.split(",")[0])
        name = "_".join(part for part in plain.split("_") if part)[:LONGEST_NAME].strip("_")
        found[f"{place:02d}_{name or 'figure'}.svg"] = b64decode(match[1])
        if place == MOST_FIGURES:
            break
    return found


def as_png(svg: bytes) -> bytes:
    """Draw a picture in dots.

    Raises:
        ValueError: it is no SVG that can be drawn.
    """
    import vl_convert

    return bytes(vl_convert.svg_to_png(svg.decode("utf-8"), scale=2.0))
