"""Two small published models that the tests of the ways in share: classes in text, and a number."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_models import LIMITS, client_of, clients, train_and_publish
from starlette.testclient import TestClient

from yunque.services.score import Shelf
from yunque.settings import Settings
from yunque.surfaces.bootstrap import Platform, open_platform
from yunque.surfaces.http.serving import Serving


@pytest.fixture(scope="session")
def first_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the champions `buys@1` and `spend@1`; do not change it."""
    home = tmp_path_factory.mktemp("first") / "home"
    platform = open_platform(Settings(home=home))
    frame = clients()
    train_and_publish(platform, frame.drop("spend"), "buys")
    train_and_publish(platform, frame.drop("buys"), "spend")
    platform.database.engine.dispose()
    return home


@pytest.fixture
def home(first_home: Path, tmp_path: Path) -> Path:
    """A copy of the home that a test may change."""
    return Path(shutil.copytree(first_home, tmp_path / "home"))


@pytest.fixture
def platform(home: Path) -> Iterator[Platform]:
    opened = open_platform(Settings(home=home))
    yield opened
    opened.database.engine.dispose()


@pytest.fixture
def serving(platform: Platform) -> Serving:
    return Serving(shelf=Shelf(platform.registry, default="buys"), limits=LIMITS, poll_seconds=0.1)


@pytest.fixture
def client(serving: Serving) -> Iterator[TestClient]:
    with client_of(serving) as opened:
        yield opened
