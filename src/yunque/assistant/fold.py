"""Text as it is compared: lower case, without accents, one character for one character."""

import unicodedata

from yunque.errors import UsageError

MOST_CHARACTERS = 1000
_PLAIN = {
    "’": "'",
    "‘": "'",
    "´": "'",
    "`": "'",
    "“": '"',
    "”": '"',
    "–": "-",
    "—": "-",
    "−": "-",
    "º": "o",
    "ª": "a",
}


def fold(text: str) -> str:
    """Give the text lower-cased and without accents; every character keeps its place.

    Control characters and odd spaces become blanks.
    """
    return "".join(_fold(character) for character in text)


def _fold(character: str) -> str:
    if character in _PLAIN:
        return _PLAIN[character]
    if character.isspace() or unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co"}:
        return " "
    plain = unicodedata.normalize("NFKD", character)[0].lower()
    return plain if len(plain) == 1 else plain[:1]


def words(text: str) -> list[str]:
    """Give the words of a list that is written as one text."""
    return text.split()


def checked_question(text: object) -> str:
    """Give a question that may be read, trimmed.

    Raises:
        UsageError: it is no text, empty, or longer than `MOST_CHARACTERS`.
    """
    if not isinstance(text, str) or not text.strip():
        raise UsageError(
            "There is no question. / No hay ninguna pregunta.",
            hint="Ask in plain words: ¿Qué artículos debo comprar el próximo mes?",
        )
    if len(text) > MOST_CHARACTERS:
        raise UsageError(
            f"The question has {len(text):,} characters; {MOST_CHARACTERS:,} are read at most. / "
            f"La pregunta tiene {len(text):,} caracteres; se leen {MOST_CHARACTERS:,} como máximo.",
            hint="Ask one thing at a time. / Pregunte una cosa a la vez.",
        )
    return text.strip()
