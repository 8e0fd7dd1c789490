"""What the options of a decision mean, and what they refuse."""

from pathlib import Path

import pytest

from yunque.errors import UsageError
from yunque.surfaces.cli.decision_options import decision_wish, latency_microseconds


def test_costs_are_written_out_or_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "costs.csv"
    file.write_text(",cat,dog\ncat,0,3\ndog,1,0\n", encoding="utf-8-sig")
    classes = ("cat", "dog")
    by_file, by_line = (decision_wish(None, text, 0.9).costs for text in (str(file), "cat>dog=3,dog>cat=1"))
    assert by_file is not None and by_line is not None
    assert by_file.matrix(classes).tolist() == by_line.matrix(classes).tolist()


def test_a_file_that_is_not_there_is_named_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        decision_wish(None, str(tmp_path / "none.csv"), 0.9)
    assert "none.csv" in refused.value.message and str(tmp_path) not in refused.value.message


@pytest.mark.parametrize(
    ("text", "microseconds"), [("", 1_000.0), ("200us", 200.0), ("1.5 ms", 1_500.0), ("2µs", 2.0)]
)
def test_a_latency_is_a_time(text: str, microseconds: float) -> None:
    assert latency_microseconds(text) == microseconds


@pytest.mark.parametrize("text", ["fast", "1", "0ms", "-1ms"])
def test_a_latency_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        latency_microseconds(text)
