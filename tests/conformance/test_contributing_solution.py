"""The solution shown in CONTRIBUTING.md keeps every promise that a solution makes, as it stands there."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import test_solutions as promises

from yunque import solutions as folder
from yunque.solutions import registry

trained = promises.trained
GUIDE = Path(__file__).parents[2] / "CONTRIBUTING.md"
NAME = "umbrella"


@pytest.fixture(scope="module")
def added_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Put the guide's folder where solutions are found, beside the package's own."""
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (code,) = (block for block in blocks if "SOLUTION = " in block)
    assert len([line for line in code.splitlines() if line.strip()]) <= 60
    place = tmp_path_factory.mktemp("solutions")
    (place / NAME).mkdir()
    (place / NAME / "__init__.py").write_text('"""Umbrellas."""\n', encoding="utf-8")
    (place / NAME / "solution.py").write_text(code, encoding="utf-8")
    before = list(folder.__path__)
    folder.__path__.append(str(place))
    importlib.invalidate_caches()
    forget()
    yield NAME
    folder.__path__[:] = before
    for module in [name for name in sys.modules if name.startswith(f"yunque.solutions.{NAME}")]:
        del sys.modules[module]
    forget()


def forget() -> None:
    """Let the registry look at the folders again."""
    registry.names.cache_clear()
    registry.solution.cache_clear()


def test_it_keeps_every_promise(added_folder: str, trained) -> None:
    assert added_folder in registry.names()
    promises.test_its_contract_is_a_document_that_people_can_edit(added_folder)
    promises.test_its_generator_meets_its_contract_and_repeats_itself(added_folder)
    promises.test_bad_rows_come_back_with_their_reasons(added_folder)
    promises.test_what_it_names_is_there(added_folder)
    promises.test_a_row_of_the_table_never_changes_when_later_rows_come(added_folder)
    promises.test_it_beats_its_baselines_or_ties_with_the_one_column_it_declares(added_folder, trained)
    promises.test_its_result_has_its_shape(added_folder, trained)
    metrics = trained(added_folder).leaderboard.champion_metrics
    assert metrics["roc_auc"] >= 0.7
