"""How a delimited text file is written: encoding, separator and column names, told from its first bytes."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from yunque.errors import TableError

SAMPLE = 256 * 1024  # bytes that are looked at
_SEPARATORS = (",", ";", "\t", "|")
_SUSPECTS = (":", "^", "~", "#", "\x01", "\x1f")
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\f\x1a") + b"\x7f"
_SIGNATURES = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"PAR1": "a Parquet file",
    b"SQLite": "an SQLite database",
}
_FRACTION = re.compile(r"-?[0-9]*[.,][0-9]+(?:[eE][+-]?[0-9]+)?")
_CONSISTENT = 0.9  # share of rows that must have as many fields as the header


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a delimited file is written.

    Attributes:
        encoding: "utf-8" (until a byte proves otherwise), "utf-16-le" or "utf-16-be".
        mark: length of the byte order mark.
        separator: the sign between fields.
        padded: blanks stand after separators, before quotes too (a, "b, c").
        carriage: lines end with a lone carriage return, as on old Macs.
        skipped: lines before the header ("sep=;").
    """

    encoding: str
    mark: int = 0
    separator: str = ","
    padded: bool = False
    carriage: bool = False
    skipped: int = 0


def sniff_dialect(head: bytes, file: str) -> Dialect:
    """Tell how a delimited file is written.

    Args:
        head: its first bytes, at least `SAMPLE` of them unless the file is shorter.
        file: its name, for messages.

    Raises:
        TableError: empty, binary, or separated by something else than comma, semicolon, tab or bar.
    """
    sample = head[:SAMPLE]
    encoding, mark = _encoding(sample)
    refuse_binary(sample if encoding == "utf-8" else b"", file)
    text = decode_sample(sample[mark:], encoding)
    if not text.strip():
        raise TableError(
            "The file is empty.", place={"file": file}, hint="A table has a header line and rows."
        )
    carriage = "\n" not in text and "\r" in text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    told = re.match(r"sep=(.)\n", text)
    if told:
        return Dialect(encoding=encoding, mark=mark, separator=told[1], carriage=carriage, skipped=1)
    if len(head) > SAMPLE:
        text = text[: text.rfind("\n") + 1] or text
    separator = _separator(text, file)
    padded = bool(re.search(rf"{re.escape(separator)} +\"", text))
    return Dialect(encoding=encoding, mark=mark, separator=separator, padded=padded, carriage=carriage)


def refuse_binary(content: bytes, file: str) -> None:
    """Raise TableError when bytes are not those of a text file."""
    if not content:
        return
    what = next((words for start, words in _SIGNATURES.items() if content.startswith(start)), "")
    controls = len(content) - len(content.translate(None, _CONTROLS))
    if what or b"\0" in content or controls > max(2, len(content) // 1000):
        raise TableError(
            f"The file is not text: it looks like {what or 'binary data'}.",
            place={"file": file},
            hint="Save the table as CSV (UTF-8) or Parquet, and name the file so.",
        )


def decode_sample(content: bytes, encoding: str) -> str:
    """Decode the first bytes of a file, whose last character may be cut."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(content)
    except UnicodeDecodeError:
        return decode_western(content)


def decode_western(content: bytes) -> str:
    """Decode Windows-1252, or Latin-1 where a byte has no meaning in Windows-1252."""
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _encoding(sample: bytes) -> tuple[str, int]:
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8", len(codecs.BOM_UTF8)
    for mark, name in _UTF16.items():
        if sample.startswith(mark):
            return name, len(mark)
    return "utf-8", 0


def _separator(text: str, file: str) -> str:
    """Choose the separator under which most rows have as many fields as the header, and the most fields."""
    scores = {separator: _score(text, separator) for separator in _SEPARATORS}
    several = {sign: share for sign, (width, share) in scores.items() if width > 1}
    consistent = [sign for sign, share in several.items() if share >= _CONSISTENT]
    if consistent:
        return max(consistent, key=lambda sign: scores[sign])
    if several:
        return max(several, key=lambda sign: several[sign])
    _refuse_suspects(text, file)
    return ","


def _score(text: str, separator: str) -> tuple[int, float]:
    """Give the number of header fields, and the share of rows that have as many."""
    widths = [len(row) for row in _rows(text, separator) if row]
    if not widths:
        return 0, 0.0
    rows = widths[1:] or widths
    return widths[0], sum(width == widths[0] for width in rows) / len(rows)


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    try:
        for number, row in enumerate(reader):
            if number > 1000:
                return
            yield row
    except csv.Error:
        return


def _refuse_suspects(text: str, file: str) -> None:
    """Refuse a file whose columns seem to be separated by an unusual sign."""
    header, *rows = [line for line in text.split("\n")[:1000] if line]
    for sign in _SUSPECTS:
        wanted = header.count(sign)
        counts = Counter(line.count(sign) for line in rows)
        if wanted and rows and counts[wanted] / len(rows) >= _CONSISTENT:
            raise TableError(
                f"The file seems to have one column, but {sign!r} stands {wanted} times in nearly all lines.",
                place={"file": file},
                hint="Separate the columns by commas, semicolons, tabs or bars (|).",
            )


def header_names(record: str, dialect: Dialect, file: str) -> list[str]:
    """Read the header: names as they stand; nameless columns become unnamed_1, unnamed_2, ...

    Raises:
        TableError: a name appears twice, or the line looks like data.
    """
    reader = csv.reader(
        io.StringIO(record, newline=""), delimiter=dialect.separator, skipinitialspace=dialect.padded
    )
    named = enumerate(next(reader, []), 1)
    names = [name if name.strip() else f"unnamed_{place}" for place, name in named]
    refuse_repeated(names, file)
    numbers = sum(bool(_FRACTION.fullmatch(name.strip())) for name in names)
    if numbers * 2 >= len(names):
        raise TableError(
            f"The first line looks like data, not like column names: {record.strip()[:60]!r}.",
            place={"file": file, "line": dialect.skipped + 1},
            hint="Add a first line with the names of the columns.",
        )
    return names


def refuse_repeated(names: list[str], file: str) -> None:
    """Raise TableError when a column name appears twice."""
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        shown = ", ".join(map(repr, repeated[:10])) + (", …" if len(repeated) > 10 else "")
        raise TableError(
            f"Column names appear more than once: {shown}.",
            place={"file": file} if file else {},
            hint="Rename them so that every column has a name of its own.",
        )
