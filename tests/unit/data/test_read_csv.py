"""Delimited text is read whatever its dialect, and refused with the place of what is wrong."""

import codecs
import gzip

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunque.data.delimited import delimited_frames
from yunque.data.table import read_table
from yunque.errors import TableError


@pytest.fixture
def file(tmp_path):
    """Write bytes or text to a file and give its path."""

    def write(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refusal(path):
    with pytest.raises(TableError) as error:
        read_table(path)
    assert str(path.parent) not in str(error.value)
    assert error.value.place["file"] == path.name
    return error.value


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends_are_told(file, separator, end):
    lines = ["a b", "1 x", "2 y", "3 "]
    frame = read_table(file(end.join(line.replace(" ", separator) for line in lines) + end))
    assert frame.rows() == [("1", "x"), ("2", "y"), ("3", None)]
    assert frame.columns == ["a", "b"]


def test_columns_stay_text(file):
    frame = read_table(file("a,b\n007,1.50\n2024-01-01,true\n"))
    assert frame.schema == {"a": pl.String, "b": pl.String}
    assert frame["a"].to_list() == ["007", "2024-01-01"]


def test_decimal_commas_do_not_pass_for_separators(file):
    frame = read_table(file("precio;peso;total\n1,5;2,5;3,5\n2,5;3,5;4,5\n"))
    assert frame.rows() == [("1,5", "2,5", "3,5"), ("2,5", "3,5", "4,5")]


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("latin-1", b""),
        ("cp1252", b""),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
    ],
)
def test_encodings_are_told(file, encoding, mark):
    frame = read_table(file(mark + "año,región\n2024,Ñuñoa\n2025,Bogotá\n".encode(encoding)))
    assert frame.columns == ["año", "región"]
    assert frame["región"].to_list() == ["Ñuñoa", "Bogotá"]


def test_windows_signs_are_not_controls(file):
    assert read_table(file("a,b\n“x”,5 €\n".encode("cp1252")))["b"].to_list() == ["5 €"]


def test_an_accent_far_into_the_file_still_decides_the_encoding(file):
    content = b"a,b\n" + b"1,x\n" * 200_000 + "2,año\n".encode("latin-1")
    assert read_table(file(content))["b"][-1] == "año"


def test_a_file_glued_from_two_encodings_is_refused():
    pieces = ["a,b\n1,año\n".encode() * 40_000, "1,año\n".encode("latin-1")]
    with pytest.raises(TableError, match="UTF-8 at first"):
        list(delimited_frames(iter(pieces), "x.csv"))


def test_quotes_hold_separators_line_ends_and_quotes(file):
    frame = read_table(file('a,b\n"x, y","line 1\nline 2"\n"say ""hi""",\n'))
    assert frame.rows() == [("x, y", "line 1\nline 2"), ('say "hi"', None)]


def test_stray_quotes_are_ordinary_characters(file):
    frame = read_table(file('item,price\n5" pipe,2\nnut,3\n6" pipe,4\n7" pipe,5\n'))
    assert frame["item"].to_list() == ['5" pipe', "nut", '6" pipe', '7" pipe']


def test_blanks_after_separators_before_quotes_are_skipped(file):
    frame = read_table(file('"Month", "1958", "x, y"\n"JAN", 340, "a, b"\n"FEB", 318, "c"\n'))
    assert frame.columns == ["Month", "1958", "x, y"]
    assert frame.rows() == [("JAN", "340", "a, b"), ("FEB", "318", "c")]


def test_blank_lines_are_skipped(file):
    assert read_table(file("\n\na,b\n1,2\n\n3,4\n\n\n")).rows() == [("1", "2"), ("3", "4")]


def test_blank_lines_of_one_column_are_missing_cells(file):
    assert read_table(file("a\n1\n\n3\n"))["a"].to_list() == ["1", None, "3"]


@pytest.mark.parametrize("size", range(1, 12))
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_blank_lines_count_wherever_pieces_are_cut(size, end):
    content = "a\n1\n\n\n3\n\n5\n\n\n".replace("\n", end).encode()
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    frame = pl.concat(list(delimited_frames(iter(pieces), "x.csv")))
    assert frame["a"].to_list() == ["1", None, None, "3", None, "5"]


def test_a_last_line_without_end_counts(file):
    assert read_table(file("a,b\n1,2\n3,4")).rows() == [("1", "2"), ("3", "4")]


def test_one_column_is_a_table(file):
    assert read_table(file("name\nAnn Lee\nBob Ray\n"))["name"].to_list() == ["Ann Lee", "Bob Ray"]


def test_excel_says_its_separator(file):
    assert read_table(file("sep=;\na;b\n1;2\n")).columns == ["a", "b"]


def test_nameless_columns_get_a_name(file):
    frame = read_table(file(",a,\n0,x,\n1,y,\n"))
    assert frame.columns == ["unnamed_1", "a", "unnamed_3"]


def test_names_stay_as_they_are(file):
    names = ["class", "dos palabras", "😀", "año", "x[0]", "{y}", '"q"']
    header = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    assert read_table(file(f"{header}\n1,2,3,4,5,6,7\n")).columns == names


def test_two_thousand_columns(file):
    header = ",".join(f"column {number}" for number in range(2000))
    frame = read_table(file(f"{header}\n" + (",".join(["1"] * 2000) + "\n") * 20))
    assert frame.shape == (20, 2000)


def test_limit_reads_the_first_rows(file):
    path = file("a,b\n" + "1,2\n" * 100)
    assert read_table(path, limit=7).height == 7


@pytest.mark.parametrize("content", [b"", b"\n\n", b" \r\n", codecs.BOM_UTF8])
def test_empty_files_are_refused(file, content):
    assert "empty" in refusal(file(content)).message


def test_a_header_alone_is_refused(file):
    error = refusal(file("a,b,c\n"))
    assert "no rows" in error.message
    assert "'a', 'b', 'c'" in error.message


def test_repeated_names_are_all_named(file):
    error = refusal(file("a,b,a,c,b\n1,2,3,4,5\n"))
    assert "'a', 'b'" in error.message


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        ("1,2\n3,4\n5\n6,7\n", 3),
        ("1,2\n3,4,5\n", 2),
        ("1,2\n\n\n3\n", 2),
        ('"a\nb",2\n3\n', 2),
        ("1,2,3\n" * 5, 1),
    ],
)
def test_ragged_rows_are_numbered(file, rows, number):
    error = refusal(file("x,y\n" + rows))
    assert error.place["row"] == number
    assert f"Row {number} has" in error.message


def test_a_ragged_row_far_into_the_file_is_numbered(file):
    assert refusal(file("x,y\n" + "1,2\n" * 300_000 + "3\n")).place["row"] == 300_001


def test_rows_are_numbered_across_pieces():
    pieces = [b"x,y\n" + b"1,2\n" * 100_000, b"1,2\n" * 50_000 + b"1,", b"2\n3\n"]
    with pytest.raises(TableError) as error:
        list(delimited_frames(iter(pieces), "x.csv"))
    assert error.value.place["row"] == 150_002


def test_a_quote_that_never_closes_is_refused(file):
    error = refusal(file('a,b\n"open,2\n' + "3,4\n" * 100_000))
    assert "quote" in error.message
    assert error.place["row"] == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04" + bytes(range(256)) * 4, "Excel"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "image"),
        (bytes(range(256)) * 10, "binary"),
        (b"a,b\n1,\x00\n", "binary"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
    ],
)
def test_binary_files_are_refused(file, content, words):
    assert words in refusal(file(content)).message


def test_a_nul_far_into_the_file_is_refused(file):
    assert "binary" in refusal(file(b"a,b\n" + b"1,2\n" * 100_000 + b"\x00\x00,3\n")).message


@pytest.mark.parametrize("sign", [":", "^", "~"])
def test_unusual_separators_are_suspected(file, sign):
    content = "\n".join(sign.join(row) for row in (["a", "b", "c"], ["1", "2", "3"], ["4", "5", "6"]))
    error = refusal(file(content))
    assert repr(sign) in error.message
    assert "commas" in error.hint


def test_rows_separated_otherwise_than_the_header_are_explained(file):
    error = refusal(file("a;b;c\n1,2,3\n4,5,6\n"))
    assert "separated by" in error.hint


def test_data_without_a_header_are_suspected(file):
    assert "looks like data" in refusal(file("5.1,3.5,1.4,setosa\n4.9,3.0,1.4,setosa\n")).message


def test_gzip_is_told_by_content(file):
    path = file(gzip.compress("a,b\n1,ñ\n".encode("latin-1")), "table.csv")
    assert read_table(path).rows() == [("1", "ñ")]


def test_damaged_gzip_is_refused(file):
    content = gzip.compress(b"a,b\n" + b"1,2\n" * 10_000)
    assert "damaged" in refusal(file(content[: len(content) // 2], "t.csv.gz")).message


FIELDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n",;'), max_size=8
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(FIELDS, min_size=3, max_size=3), min_size=1, max_size=8),
    st.sampled_from([",", ";", "|"]),
    st.integers(1, 40),
)
def test_quoted_text_is_read_back_however_it_is_cut(rows, separator, size):
    def quoted(field):
        return '"' + field.replace('"', '""') + '"'

    lines = ["a_name,b_name,c_name".replace(",", separator)]
    lines += [separator.join(quoted(field) for field in row) for row in rows]
    content = "\n".join(lines).encode()
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    frame = pl.concat(list(delimited_frames(iter(pieces), "x.csv")))
    assert [tuple(field or "" for field in row) for row in frame.rows()] == [tuple(row) for row in rows]
