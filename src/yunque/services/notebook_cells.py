"""The cells of R4's three notebooks, read from texts in which `# %%` begins a cell.

`# %% en` and `# %% es` are one cell of words, told in the language that is asked for; `# %% settings` is
where table and target are named, as literals; `# %%` is code, the same in both languages,
`# %% code en` and `# %% code es` code that speaks.
"""

from functools import cache
from importlib.resources import files
from typing import Literal

Language = Literal["en", "es"]
Cell = tuple[Literal["markdown", "code", "settings"], str]

NAMES = ("01_eda", "02_feature_engineering", "03_model_experiments")
MARK = "# %%"


@cache
def cells_of(name: str, language: Language) -> tuple[Cell, ...]:
    """Give the cells of a notebook in one language, in order."""
    text = files("yunque.services").joinpath("templates", f"{name}.txt").read_text(encoding="utf-8")
    found: list[Cell] = []
    for part in text.split(f"{MARK}")[1:]:
        word, _, content = part.partition("\n")
        if word.strip() == "settings":
            found.append(("settings", ""))
        elif not word.strip() or word.split() == ["code", language]:
            found.append(("code", content.strip("\n")))
        elif word.strip() == language:
            found.append(("markdown", content.strip("\n")))
    return tuple(found)
