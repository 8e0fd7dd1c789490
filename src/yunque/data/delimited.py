"""Delimited text becomes frames of text columns, piece by piece, with the row number of whatever is wrong."""

import codecs
import csv
import io
from collections.abc import Iterator

import polars as pl

from yunque.data.dialect import (
    SAMPLE,
    Dialect,
    decode_western,
    header_names,
    refuse_binary,
    sniff_dialect,
)
from yunque.errors import TableError

_QUOTE = b'"'
_LONGEST_ROW = 256 * 2**20  # bytes without a row end outside quotes, after which quotes are not believed


def delimited_frames(pieces: Iterator[bytes], file: str) -> Iterator[pl.DataFrame]:
    """Read delimited text: every column as String, null where a field is empty.

    Args:
        pieces: the bytes of the file in order.
        file: its name, for messages.

    Yields:
        Frames with the same columns; the first may have no rows.

    Raises:
        TableError: see `sniff_dialect` and `header_names`; a row has more or fewer fields than the header; a
            quote is never closed; the bytes are no text.
    """
    head = b""
    for piece in pieces:
        head += piece
        if len(head) > SAMPLE:
            break
    dialect = sniff_dialect(head, file)
    blocks = _row_blocks(_utf8(_chained(head, pieces), dialect, file))
    first = next(blocks, b"")
    for _ in range(dialect.skipped):
        first = first[first.find(b"\n") + 1 :]
    first = first.lstrip(b"\r\n")
    end = _header_end(first)
    names = header_names(first[:end].decode(), dialect, file)
    rows = 0
    for block in _chained(first[end:], blocks):
        frame = _read_block(block, dialect, names, file, rows)
        rows += frame.height
        yield frame


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _utf8(pieces: Iterator[bytes], dialect: Dialect, file: str) -> Iterator[bytes]:
    """Give the text as UTF-8 with plain line ends; what is not UTF-8 is read as Windows-1252 or Latin-1."""
    decoder = codecs.getincrementaldecoder(dialect.encoding)()
    is_western, has_accents = False, False
    for number, piece in enumerate(pieces):
        content = piece[dialect.mark :] if number == 0 else piece
        if dialect.encoding != "utf-8":
            content = decoder.decode(content).encode()
        elif is_western:
            content = decode_western(content).encode()
        elif not (content.isascii() and not decoder.getstate()[0]):
            try:
                content = decoder.decode(content).encode()
                has_accents = True
            except UnicodeDecodeError as error:
                if has_accents:
                    raise _mixed_encoding(file) from error
                is_western, content = True, decode_western(decoder.getstate()[0] + content).encode()
        refuse_binary(content if b"\0" in content else b"", file)
        yield content.replace(b"\r", b"\n") if dialect.carriage else content
    if not is_western and decoder.getstate()[0]:
        raise _mixed_encoding(file)


def _mixed_encoding(file: str) -> TableError:
    return TableError(
        "The file is UTF-8 at first and then is not; it was probably put together from several.",
        place={"file": file},
        hint="Save it again as UTF-8, or give its parts as separate files.",
    )


def _row_blocks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Cut pieces after the last row that ends in them: a line end inside quotes ends no row."""
    kept = b""
    for piece in pieces:
        kept += piece
        end = _last_row_end(kept)
        if end == 0 and len(kept) > _LONGEST_ROW:
            end = kept.rfind(b"\n") + 1
        end = _before_blank_lines(kept, end)
        if end:
            yield kept[:end]
            kept = kept[end:]
    if kept.strip(b"\r\n"):
        yield kept.rstrip(b"\r\n")


def _before_blank_lines(content: bytes, end: int) -> int:
    """Move a cut before the blank lines it follows: those at the end of a file are no rows."""
    start = end
    while content[end - 2 : end] in (b"\n\n", b"\r\n"):
        before = end - (1 if content[end - 2 : end - 1] == b"\n" else 2)
        if content[before - 1 : before] != b"\n":
            return end
        end = before
    return 0 if end < start and not content[:end].strip(b"\r\n") else end


def _last_row_end(content: bytes) -> int:
    """Give the position after the last line end with an even number of quotes before it, 0 when none has."""
    end = content.rfind(b"\n")
    quotes = content.count(_QUOTE, 0, end + 1)
    while end >= 0 and quotes % 2:
        before = content.rfind(b"\n", 0, end)
        quotes -= content.count(_QUOTE, before + 1, end + 1)
        end = before
    return end + 1


def _header_end(content: bytes) -> int:
    end = content.find(b"\n")
    quotes = content.count(_QUOTE, 0, max(end, 0))
    while end >= 0 and quotes % 2:
        after = content.find(b"\n", end + 1)
        quotes += content.count(_QUOTE, end, max(after, 0))
        end = after
    return len(content) if end < 0 else end + 1


def _read_block(block: bytes, dialect: Dialect, names: list[str], file: str, rows: int) -> pl.DataFrame:
    """Read whole rows: by polars, and once more by Python's csv where polars refuses or lost fields."""
    schema = dict.fromkeys(names, pl.String())
    if not block:
        return pl.DataFrame(schema=schema)
    if not dialect.padded:
        try:
            frame = pl.read_csv(
                block,
                has_header=False,
                schema=schema,
                separator=dialect.separator,
                infer_schema=False,
            )
        except pl.exceptions.PolarsError:
            return _read_carefully(block, dialect, names, file, rows)
        if _is_complete(frame, block, dialect.separator):
            return frame
    return _read_carefully(block, dialect, names, file, rows)


def _is_complete(frame: pl.DataFrame, block: bytes, separator: str) -> bool:
    """Whether no row was short: separators outside the fields are one less than the columns, in every row.

    polars fills short rows with nulls and says nothing; long rows it refuses.
    """
    if frame.width == 1:
        return True
    separators = block.count(separator.encode())
    if _QUOTE in block:
        inside = frame.select(pl.all().str.count_matches(separator, literal=True).sum())
        separators -= sum(count or 0 for count in inside.row(0))
    return separators == frame.height * (frame.width - 1)


def _read_carefully(block: bytes, dialect: Dialect, names: list[str], file: str, rows: int) -> pl.DataFrame:
    """Read row by row, skip blank lines, and name the first row that has too many or too few fields."""
    text = io.StringIO(block.decode(), newline="")
    reader = csv.reader(text, delimiter=dialect.separator, skipinitialspace=dialect.padded)
    columns: list[list[str | None]] = [[] for _ in names]
    count = rows
    try:
        for row in reader:
            if not row:
                continue
            count += 1
            if len(row) != len(names):
                raise _ragged(row, len(names), dialect, file, count)
            for column, field in zip(columns, row, strict=True):
                column.append(field or None)
    except csv.Error as error:
        raise TableError(
            "A field is longer than any cell should be; a double quote is probably never closed.",
            place={"file": file, "row": count + 1},
            hint="Double a quote inside a quoted text, or remove it.",
        ) from error
    return pl.DataFrame(dict(zip(names, columns, strict=True)), schema=dict.fromkeys(names, pl.String()))


def _ragged(row: list[str], width: int, dialect: Dialect, file: str, number: int) -> TableError:
    start = dialect.separator.join(row)[:60].replace("\n", " ")
    hint = f"Put texts that contain {dialect.separator!r} in double quotes, or repair the row."
    if len(row) == 1:
        hint = f"The header is separated by {dialect.separator!r}; are the rows separated by something else?"
    return TableError(
        f"Row {number} has {len(row)} field{'s' if len(row) != 1 else ''}, the header {width}: {start!r}.",
        place={"file": file, "row": number},
        hint=hint,
    )
