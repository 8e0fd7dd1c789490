"""The frame of every report: nothing fetched, everything escaped, no part forgotten."""

import jinja2
import pytest

from yunque.models.page import environment, render_page

FRAME = ("page.html", "parts.html")
PACKAGES = ("yunque.models", "yunque.monitoring", "yunque.solutions.orders", "yunque.solutions.demand")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_report_stands_on_the_one_frame(package: str) -> None:
    shelf = environment(package)
    assert shelf.loader is not None
    pages = [name for name in shelf.list_templates() if name.endswith(".html") and name not in FRAME]
    assert pages
    for name in pages:
        text = shelf.loader.get_source(shelf, name)[0]
        assert text.startswith('{% extends "page.html" %}') and "<head>" not in text
        shelf.get_template(name)


def test_the_frame_lets_nothing_be_fetched_and_asks_for_every_part() -> None:
    shelf = environment("yunque.models")
    parts = "".join(
        f"{{% block {each} %}}{{{{ said }}}}{{% endblock %}}"
        for each in ("title", "kicker", "heading", "question", "made", "contents", "main")
    )
    child = shelf.from_string('{% extends "page.html" %}' + parts)
    page = child.render(language="es", css="", yunque="1", contents="Contenido", said="<script>1</script>")
    assert "default-src 'none'" in page and page.count("&lt;script&gt;") == 7 and "<script" not in page
    short = shelf.from_string('{% extends "page.html" %}')
    with pytest.raises(jinja2.TemplateRuntimeError, match="title"):
        short.render(language="es", css="", yunque="1", contents="Contenido")


def test_a_name_that_is_missing_is_told_rather_than_left_empty() -> None:
    with pytest.raises(jinja2.UndefinedError):
        render_page("yunque.monitoring", "live.html", {"language": "en"})
