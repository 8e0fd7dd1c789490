"""How a model is called: a name, and which of its versions."""

import re
from dataclasses import dataclass

from yunque.errors import UsageError

CHAMPION = "champion"
CHALLENGER = "challenger"
LATEST = "latest"
ALIASES = (CHAMPION, CHALLENGER)

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_VERSION = re.compile(r"v?([1-9][0-9]{0,8})")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A model and one of its versions: a number, or the name of an alias."""

    name: str
    version: int | str


def check_name(name: str) -> str:
    """Give the name back when it can name a model.

    Raises:
        UsageError: it cannot.
    """
    if not _NAME.fullmatch(name) or ".." in name:
        raise UsageError(
            f"{name[:80]!r} cannot name a model.",
            hint="Use lower-case letters, digits, dots, dashes and underscores, 64 at most, "
            "starting with a letter or digit.",
        )
    return name


def read_reference(text: str) -> Reference:
    """Read "name" (its champion), "name@3", "name@champion", "name@challenger" or "name@latest".

    Raises:
        UsageError: not of that form.
    """
    name, at, which = text.partition("@")
    check_name(name)
    number = _VERSION.fullmatch(which)
    if number:
        return Reference(name=name, version=int(number[1]))
    if at and which not in (*ALIASES, LATEST):
        raise UsageError(
            f"{which[:40]!r} is no version of a model.",
            hint=f"Use a number or one of {', '.join((*ALIASES, LATEST))}: {name}@1, {name}@{CHAMPION}.",
        )
    return Reference(name=name, version=which or CHAMPION)


def read_version(version: int | str) -> int:
    """Read a version number, given as 3, "3" or "v3".

    Raises:
        UsageError: it is no version number.
    """
    number = _VERSION.fullmatch(str(version))
    if number is None:
        raise UsageError(f"{str(version)[:40]!r} is no version number.", hint="Versions are 1, 2, 3 …")
    return int(number[1])


def check_actor(by: str) -> str:
    """Give the name of the person or program that acts, without blanks around it.

    Raises:
        UsageError: nobody is named.
    """
    name = by.strip()
    if not name or len(name) > 200:
        raise UsageError("Nobody is named for this change.", hint="Say who acts, in 200 characters at most.")
    return name
