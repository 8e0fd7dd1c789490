"""Packed bundles that the tests of this folder share."""

import pytest
from bundle_world import World

from yunque.learning.task import TaskKind


@pytest.fixture(scope="session", params=list(TaskKind), ids=str)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A packed bundle of every kind of task."""
    return World(request.param, tmp_path_factory.mktemp("world") / "bundle")


@pytest.fixture(scope="session")
def binary(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A packed bundle of a binary task."""
    return World(TaskKind.BINARY, tmp_path_factory.mktemp("binary") / "bundle")
