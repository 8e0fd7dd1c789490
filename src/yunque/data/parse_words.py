"""Which texts mean nothing, true or false, whatever the language of the sheet."""

from yunque.data.schema import Kind, Reading

BLANKS = (
    " \t\n\r\v\f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""Characters stripped around a cell; one explicit list, so that both forms of parsing strip the same."""

STANDARD_MISSING = frozenset(
    {"", "na", "n/a", "#n/a", "<na>", "null", "none", "nan", "nat", "?", "-"}
)  # lower case

WORD_PAIRS: tuple[tuple[str, str], ...] = (
    ("true", "false"),
    ("yes", "no"),
    ("sí", "no"),
    ("si", "no"),
    ("verdadero", "falso"),
    ("y", "n"),
    ("s", "n"),
    ("t", "f"),
    ("v", "f"),
    ("on", "off"),
)
"""True and false words that stand together in one column, lower case."""

STANDARD_TRUE = frozenset({yes for yes, _ in WORD_PAIRS} | {"1"})
STANDARD_FALSE = frozenset({no for _, no in WORD_PAIRS} | {"0"})


def boolean_words(reading: Reading) -> tuple[frozenset[str], frozenset[str]]:
    """Give the lower-case true and false words of a column.

    The column's own words win; "true" and "false", as JSON writes them, are always read.
    """
    if not reading.true_words and not reading.false_words:
        return STANDARD_TRUE, STANDARD_FALSE
    true = frozenset(word.lower() for word in reading.true_words)
    false = frozenset(word.lower() for word in reading.false_words)
    return true | ({"true"} - false), false | ({"false"} - true)


def missing_words(kind: Kind, reading: Reading) -> frozenset[str]:
    """Give the lower-case words that mean "missing" in a column."""
    words = STANDARD_MISSING | {word.lower() for word in reading.missing_words}
    words -= {word.lower() for word in reading.kept_words}
    if kind is Kind.BOOLEAN:
        words -= {word.lower() for word in (*reading.true_words, *reading.false_words)}
    return words | {""}


def missing_numbers(kind: Kind, reading: Reading) -> tuple[float, ...]:
    """Give the missing words of a number or integer column that are plain numbers, such as -999."""
    if kind not in (Kind.NUMBER, Kind.INTEGER):
        return ()
    numbers: list[float] = []
    for word in reading.missing_words:
        try:
            number = float(word)
        except ValueError:
            continue
        if kind is Kind.NUMBER and abs(number) < float("inf"):
            numbers.append(number)
        elif kind is Kind.INTEGER and number.is_integer() and abs(number) < 2**63:
            numbers.append(int(number))
    return tuple(numbers)
