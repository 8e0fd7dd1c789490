"""The page that every report stands on: one frame, one style, and text that is always escaped."""

from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from yunque.models.report_words import words
from yunque.version import __version__

HOME = "yunque.models"


def render_page(package: str, name: str, content: dict[str, Any]) -> str:
    """Give a package's report as one HTML document: no script, nothing fetched, every text escaped.

    The template extends `page.html` and may import the macros of `parts.html`; `css` and `yunque` (the
    version) are there, `language` must be in `content`.
    Equal content gives equal text.

    Raises:
        jinja2.UndefinedError: when the template names what is not in `content`.
    """
    named = {"contents": words(content["language"])("page.contents")}
    page = {"css": _style(), "yunque": __version__, **named, **content}
    return environment(package).get_template(name).render(page)


@cache
def environment(package: str, *, is_markup: bool = True) -> jinja2.Environment:
    """Give the templates of a package, and behind them the ones every page shares.

    Args:
        package: whose folder `templates` is read.
        is_markup: escape every text as HTML does; without it the template escapes what it writes.
    """
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(name) for name in dict.fromkeys((package, HOME))]),
        autoescape=is_markup,  # noqa: S701 - only the Markdown of the card escapes its values itself
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _style() -> Markup:
    text = files(HOME).joinpath("templates", "report.css").read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - our own file
