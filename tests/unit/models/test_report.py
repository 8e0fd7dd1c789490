"""The report: complete, escaped, bounded, the same for the same facts, in both languages."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from report_example import alarmed, binary_task, board_of, facts_of, multiclass_task, regression_task

from yunque.errors import UsageError
from yunque.learning.task import Task
from yunque.models.report import render_report
from yunque.models.report_facts import ReportFacts

VOID = {"meta", "img", "link", "br", "hr", "input"}


class Page(HTMLParser):
    """Reads a page: tags that do not close, attributes, the text a person sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.attributes if key == name]


@pytest.fixture(scope="module", params=["binary", "multiclass", "regression"])
def facts(request: pytest.FixtureRequest) -> ReportFacts:
    tasks: dict[str, Task] = {
        "binary": binary_task(),
        "multiclass": multiclass_task(3),
        "regression": regression_task(),
    }
    return facts_of(tasks[request.param], rows=800)


@pytest.fixture(scope="module")
def page(facts: ReportFacts) -> Page:
    return Page(render_report(facts))


def test_it_stands_alone_and_runs_nothing(page: Page) -> None:
    assert not page.open
    assert not {"script", "link", "iframe", "object", "form"} & set(page.tags)
    assert all(uri.startswith("data:image/svg+xml;base64,") for uri in page.values("src"))
    assert all(uri.startswith("#") for uri in page.values("href"))
    assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_names_from_the_table_are_text_only(page: Page) -> None:
    text = "".join(page.text)
    assert "<script>alert(2)</script>" in text
    assert "{not} a {0} template {{ 7 * 7 }}" in text
    assert "u" not in page.tags


def test_every_section_of_the_contents_is_there(page: Page) -> None:
    wanted = {"asked", "findings", "leaderboard", "quality", "importance", "limits", "usage", "run"}
    sections = {value.removeprefix("#") for value in page.values("href")}
    assert wanted <= sections
    assert sections <= set(page.values("id"))


def test_it_shows_findings_with_actions_and_who_accepted_them(page: Page) -> None:
    text = " ".join(page.text)
    assert "One column gives the answer away" in text
    assert "Ask when it is written." in text
    assert "Ana Pérez: measured before departure" in text
    assert "and 4 more" in text


def test_it_says_what_the_model_cannot_know(page: Page) -> None:
    text = " ".join(page.text)
    assert "not known before departure" in text
    assert "2013-01-01 05:00 to 2013-11-01" in text
    assert "carrier" in text


def test_it_uses_the_model_s_own_row(page: Page) -> None:
    text = "".join(page.text)
    assert "'distance': 1089.5" in text
    assert "/api/v1/models/flights-late/predict" in text
    assert "yunque predict flights-late" in text


def test_champion_and_baselines_stand_side_by_side(facts: ReportFacts, page: Page) -> None:
    charts = [alt for alt in page.values("alt") if "Champion:" in alt]
    assert len(charts) == 1
    assert "Constant:" in charts[0]
    assert "Best column: distance:" in charts[0]


def test_the_charts_fit_the_task(facts: ReportFacts, page: Page) -> None:
    captions = " ".join(page.text)
    if facts.leaderboard.task.is_classification:
        assert "before calibration" in " ".join(page.values("alt"))
        assert "ROC-AUC" in captions
        assert ("A lower threshold finds more" in captions) is (len(facts.leaderboard.task.classes) == 2)
    else:
        assert "made to hold 90% of the truth; it held 89.7%" in captions
        assert "calibration" not in page.values("id")


def test_equal_facts_give_equal_text(facts: ReportFacts, page: Page) -> None:
    assert render_report(facts) == page.html


def test_spanish_says_the_same_in_spanish() -> None:
    page = Page(render_report(facts_of(binary_task(), rows=400, language="es")))
    text = " ".join(page.text)
    assert page.values("lang")[0] == "es"
    assert "Lo que el modelo no puede saber" in text
    assert (
        "La columna 'dep_time' explica por sí sola 91.3% del objetivo; todas las demás juntas explican 31.0%."
        in text
    )
    assert "What" not in text


def test_another_language_is_refused() -> None:
    with pytest.raises(UsageError, match="'fr'"):
        facts_of(binary_task(), rows=50, language="fr")


def test_a_thousand_classes_and_two_thousand_columns_stay_readable() -> None:
    html = render_report(facts_of(multiclass_task(1000), rows=2000, features=2000))
    page = Page(html)
    assert len(html) < 1_500_000
    assert page.tags.count("tr") < 150
    assert "985 more classes are in the manifest." in "".join(page.text)
    assert "2002 further columns matter less." not in html
    assert re.search(r"\d+ further columns matter less", html)


def test_an_alarm_and_a_lost_race_against_the_constant_are_said_first() -> None:
    facts = alarmed(facts_of(binary_task(), rows=400))
    worse = replace(facts.leaderboard, champion_loss=facts.leaderboard.baselines[0].loss)
    html = render_report(replace(facts, leaderboard=worse, requirements=("roc_auc>=0.99",)))
    text = "".join(Page(html).text)
    assert "4 point(s) need a decision" in text
    assert "Leak alarm single_column: 'share_digital' alone explains 97% <u>of</u> the score." in text
    assert "Does not beat the baseline “Constant” by more than noise" in text
    assert "Declared target missed: ROC-AUC ≥ 0.99" in text


def test_a_blocking_finding_that_nobody_accepted_is_open() -> None:
    text = "".join(Page(render_report(facts_of(binary_task(), rows=300, accepted={}))).text)
    assert "1 point(s) need a decision" in text


def test_out_of_fold_rows_are_called_so() -> None:
    text = "".join(Page(render_report(facts_of(binary_task(), rows=300, kind="out_of_fold"))).text)
    assert "mildly optimistic" in text


def test_a_meagre_run_still_gives_a_report() -> None:
    """Few rows, one class among them, no baselines, no importance, nothing measured."""
    facts = facts_of(binary_task(), rows=12)
    board = facts.leaderboard
    held = replace(board.held_out, y=np.zeros(12, dtype=np.int64))
    meagre = replace(
        board,
        entries=board.entries[-1:],
        baselines=(),
        importance={},
        held_out=held,
        champion_metrics={},
        champion_loss_error=float("nan"),
        timings={},
        split={},
    )
    page = Page(render_report(replace(facts, leaderboard=meagre, findings=(), profile={}, versions={})))
    assert not page.open
    assert "nan" not in " ".join(page.text).split()
    assert "The baseline “Constant” was not measured." in "".join(page.text)


@pytest.mark.parametrize("value", [1e-9, 1e12])
def test_numbers_of_any_size_fit_the_charts(value: float) -> None:
    task = regression_task()
    facts = facts_of(task, rows=300)
    board = board_of(task, facts.contract.schema, rows=300, kind="test")
    held = replace(board.held_out, y=board.held_out.y * value, predictions=board.held_out.predictions * value)
    assert "NaN" not in render_report(replace(facts, leaderboard=replace(board, held_out=held)))
