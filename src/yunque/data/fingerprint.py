"""The content hash of a checked table, the same whatever file format the table came from."""

import hashlib

import numpy as np
import polars as pl

FORMAT = b"yunque-table-1"
_ROWS = 131_072  # rows hashed at a time; fixed, because it shapes the bytes


def fingerprint(frame: pl.DataFrame) -> str:
    """Hash the rows and columns of a checked table (see `validate.check_table`) with SHA-256.

    The order of rows matters, the order of columns does not. Bytes are canonical: values as little-endian
    machine numbers, texts as UTF-8 with their lengths, and a mask of missing cells; 0.0 equals -0.0.

    Returns:
        "sha256:" and 64 hexadecimal digits.
    """
    total = hashlib.sha256(FORMAT + frame.height.to_bytes(8, "little"))
    for name in sorted(frame.columns):
        encoded = name.encode()
        total.update(len(encoded).to_bytes(8, "little") + encoded + _column_digest(frame[name]))
    return f"sha256:{total.hexdigest()}"


def _column_digest(series: pl.Series) -> bytes:
    digest = hashlib.sha256(_type_name(series.dtype))
    for part in (series.slice(start, _ROWS) for start in range(0, len(series), _ROWS)):
        digest.update(np.packbits(part.is_null().to_numpy()).tobytes())
        if part.dtype == pl.String:
            texts = part.fill_null("")
            digest.update(texts.str.len_bytes().to_numpy().astype("<u4").tobytes())
            digest.update(texts.str.join("").item().encode())
        else:
            digest.update(_numbers(part).tobytes())
    return digest.digest()


def _type_name(dtype: pl.DataType) -> bytes:
    """Name a type in our own words, which no library's version changes."""
    known = {
        pl.Boolean(): b"boolean",
        pl.String(): b"text",
        pl.Date(): b"date",
        pl.Datetime("us"): b"timestamp",
    }
    if dtype.is_float():
        return b"number"
    return b"integer" if dtype.is_integer() else known[dtype]


def _numbers(series: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    if series.dtype == pl.Boolean:
        return series.fill_null(value=False).to_numpy().astype("u1")
    if series.dtype.is_float():
        return series.fill_null(0.0).to_numpy().astype("<f8") + 0.0
    return series.to_physical().fill_null(0).to_numpy().astype("<i8")
