"""What is kept of companies: whole whoever trains beside it, and nobody else's."""

import threading
from pathlib import Path

import polars as pl
import pytest
from demand_case import small_basis

from yunque.errors import NotFoundError, StorageError
from yunque.services.demand_store import (
    companies,
    keep,
    keep_simulation,
    model_id_of,
    models,
    open_kept,
    room_of,
    settle,
    stamp_of,
)
from yunque.solutions.demand.tradeoff import CURVE

NAME = "empresa_900123456"


def test_two_trainings_at_once_leave_one_whole_and_readers_never_see_half(tmp_path: Path) -> None:
    keep(tmp_path, "t", small_basis(), {"who": "first"})
    stop, wrong, seen = threading.Event(), list[str](), set[str]()

    def read() -> None:
        while not stop.is_set():
            try:
                seen.add(open_kept(tmp_path, "t", NAME).facts["who"])
            except (StorageError, NotFoundError) as error:
                wrong.append(str(error))

    writers = [
        threading.Thread(target=keep, args=(tmp_path, "t", small_basis(), {"who": name})) for name in "abc"
    ]
    reader = threading.Thread(target=read)
    for one in (reader, *writers):
        one.start()
    for one in writers:
        one.join()
    stop.set()
    reader.join()
    assert wrong == [] and seen <= {"first", *"abc"}
    last = open_kept(tmp_path, "t", NAME)
    assert last.facts["who"] in "abc" and last.version == 4
    assert models(tmp_path, "t") == [NAME]


def test_old_trainings_go_and_one_that_came_to_nothing_leaves_nothing(tmp_path: Path) -> None:
    for who in range(4):
        keep(tmp_path, "t", small_basis(), {"who": who})
    home = tmp_path / "t" / NAME
    assert sorted(one.name for one in home.iterdir()) == ["00000003", "00000004"]
    before = stamp_of(tmp_path, "t", NAME)
    with pytest.raises(ZeroDivisionError), room_of(tmp_path, "t", NAME) as room:
        (room.folder / "half").touch()
        raise ZeroDivisionError
    assert not room.folder.exists() and stamp_of(tmp_path, "t", NAME) == before
    assert open_kept(tmp_path, "t", NAME).facts["who"] == 3
    with room_of(tmp_path, "t", NAME) as room:
        settle(room, small_basis(), {"who": 5})
    assert stamp_of(tmp_path, "t", NAME) != before and stamp_of(tmp_path, "t", "empresa_1") == ""


def test_a_curve_stays_with_the_training_that_it_is_of(tmp_path: Path) -> None:
    first = keep(tmp_path, "t", small_basis(), {})
    keep(tmp_path, "t", small_basis(), {})
    keep_simulation(tmp_path, "t", first, pl.DataFrame(schema=CURVE))
    assert open_kept(tmp_path, "t", NAME).simulation is None
    keep(tmp_path, "t", small_basis(), {})
    with pytest.raises(StorageError, match="newest training"):
        keep_simulation(tmp_path, "t", first, pl.DataFrame(schema=CURVE))


def test_tenants_whose_names_look_alike_are_apart(tmp_path: Path) -> None:
    keep(tmp_path, "a=b", small_basis(), {"who": "a=b"})
    assert companies(tmp_path, "a_b") == {} and list(companies(tmp_path, "a=b")) == [NAME]
    assert companies(tmp_path, "a=b")[NAME] == ("1", "900123456") and model_id_of(small_basis().book) == NAME
    for tenant in ("../a=b", "a=b/", "", "A=B"):
        with pytest.raises(NotFoundError):
            open_kept(tmp_path, tenant, NAME)


def test_what_was_damaged_is_told_and_not_shown(tmp_path: Path) -> None:
    keep(tmp_path, "t", small_basis(), {})
    (tmp_path / "t" / NAME / "00000001" / "panel_items.parquet").write_bytes(b"x")
    with pytest.raises(StorageError, match="cannot be read") as told:
        open_kept(tmp_path, "t", NAME)
    assert str(tmp_path) not in str(told.value)
    keep(tmp_path, "t", small_basis(), {})
    assert open_kept(tmp_path, "t", NAME).version == 2
