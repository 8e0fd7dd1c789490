"""The figures of a report as files of their own."""

from yunque.tracking.figures import as_png, figures_of

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="4" viewBox="0 0 8 4"><rect width="8" height="4"/></svg>'


def page(*alts: str) -> bytes:
    from base64 import b64encode

    picture = b64encode(SVG.encode()).decode()
    images = (
        f'<img src="data:image/svg+xml;base64,{picture}" width="8" height="4" alt="{alt}">' for alt in alts
    )
    return f"<html>{''.join(images)}</html>".encode()


def test_every_picture_gets_a_name_from_its_words() -> None:
    found = figures_of(page("ROC curve, one class", "Matriz de confusión", "../../etc/passwd", "&lt;b&gt;"))
    assert list(found) == ["01_roc_curve.svg", "02_matriz_de_confusi_n.svg", "03_etc_passwd.svg", "04_b.svg"]
    assert set(found.values()) == {SVG.encode()}


def test_a_page_without_pictures_has_none() -> None:
    assert figures_of(b"<html><img src='a.png'></html>") == {}


def test_a_picture_is_drawn_in_dots() -> None:
    assert as_png(SVG.encode()).startswith(b"\x89PNG")
