"""A plain PDF of headings and paragraphs in which any name of Unicode can be read."""

import importlib
import io
import logging
import lzma
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from yunque.errors import UsageError

FONTS = Path(__file__).parent / "fonts"
# Latin, Greek, Cyrillic and more in outlines; then every sign of the first plane, and many of the second.
STYLES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
FALLBACKS = {"unifont": "unifont.otf", "upper": "unifont_upper.otf"}
FAMILY = "sheet"
MARGIN = 15
BIG, USUAL, SMALL = 14, 9, 7
_LOGGERS = ("fontTools", "fpdf")  # they warn of dates and signs in fonts that nobody here can change


class Sheet:
    """A document that is written top to bottom; the same text and time give the same bytes."""

    def __init__(self, title: str) -> None:
        """Begin with a title.

        Raises:
            UsageError: the extra `pdf` is not installed.
        """
        try:
            self._fpdf = importlib.import_module("fpdf")
        except ImportError as error:
            raise UsageError(
                "A case file needs the optional part `pdf`.", hint="Install it: pip install 'yunque[pdf]'."
            ) from error
        self._title = title
        self._lines: list[tuple[str, int, str]] = [(title, BIG, "B")]

    def heading(self, text: str) -> None:
        """Write a heading."""
        self._lines.append((text, USUAL + 2, "B"))

    def paragraph(self, text: str, size: int = USUAL) -> None:
        """Write a paragraph."""
        self._lines.append((text, size, ""))

    def pairs(self, facts: Mapping[str, Any]) -> None:
        """Write names with their values, a line each."""
        for name, value in facts.items():
            is_table = isinstance(value, dict)
            text = ", ".join(f"{key} {count}" for key, count in value.items()) if is_table else value
            self.paragraph(f"{name.replace('_', ' ')}: {text}")

    def content(self, at: datetime) -> bytes:
        """Give the document's bytes; `at` is when it was made."""
        texts = [(known(text), size, style) for text, size, style in self._lines]
        needed = {sign for text, _, _ in texts for sign in text}
        with TemporaryDirectory(prefix="fonts-") as folder, quiet():
            pdf = self._fpdf.FPDF(format="letter")
            pdf.set_margin(MARGIN)
            pdf.set_title(known(self._title))
            pdf.set_creation_date(at)
            for style, name in STYLES.items():
                pdf.add_font(FAMILY, style, unpacked(name, Path(folder)))
            further = [family for family, name in FALLBACKS.items() if needed & wanted_of(name)]
            for family in further:
                pdf.add_font(family, "", unpacked(FALLBACKS[family], Path(folder)))
            pdf.set_fallback_fonts(further, exact_match=False)
            pdf.add_page()
            for text, size, style in texts:
                if style and size < BIG:
                    pdf.ln(2)
                pdf.set_font(FAMILY, style, size)
                pdf.multi_cell(0, size * 0.45, text, new_x="LMARGIN", new_y="NEXT")
            return bytes(pdf.output())


def known(text: str) -> str:
    """Write signs that no font has, or that hide or turn others, as their code: U+202E as <202E>."""
    return "".join(sign if fits(sign) else f"<{ord(sign):04X}>" for sign in text)


def fits(sign: str) -> bool:
    """Whether a sign can be printed; most are in the first font, which is the cheapest to ask."""
    if not sign.isprintable():
        return False
    return sign in signs_of(STYLES[""]) or any(sign in signs_of(name) for name in FALLBACKS.values())


def wanted_of(name: str) -> frozenset[str]:
    """Give the signs for which a fallback is needed: it has them and nothing before it does."""
    names = [STYLES[""], *FALLBACKS.values()]
    before = frozenset().union(*(signs_of(other) for other in names[: names.index(name)]))
    return signs_of(name) - before


@cache
def signs_of(name: str) -> frozenset[str]:
    """Give the signs that a font of ours has."""
    with quiet():
        font = importlib.import_module("fontTools.ttLib").TTFont(io.BytesIO(_bytes(name)), lazy=True)
        return frozenset(map(chr, font.getBestCmap()))


def unpacked(name: str, folder: Path) -> Path:
    """Put a font into a folder, as a file."""
    path = folder / name
    path.write_bytes(_bytes(name))
    return path


def _bytes(name: str) -> bytes:
    return lzma.decompress((FONTS / f"{name}.xz").read_bytes())


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries of fonts from warning of what is known."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
