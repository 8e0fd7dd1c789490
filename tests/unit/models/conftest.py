"""Packed bundles that the tests of this folder share."""

from collections.abc import Callable

import pytest
from bundle_world import World

from yunque.learning.task import SUPERVISED, TaskKind


@pytest.fixture(scope="session")
def world_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[TaskKind], World]:
    """Give the packed bundle of a kind of task, made once."""
    made: dict[TaskKind, World] = {}

    def give(kind: TaskKind) -> World:
        if kind not in made:
            made[kind] = World(kind, tmp_path_factory.mktemp(kind) / "bundle")
        return made[kind]

    return give


@pytest.fixture(scope="session", params=sorted(SUPERVISED), ids=str)
def world(request: pytest.FixtureRequest, world_of: Callable[[TaskKind], World]) -> World:
    """A packed bundle of every kind of task."""
    return world_of(request.param)


@pytest.fixture(scope="session")
def binary(world_of: Callable[[TaskKind], World]) -> World:
    """A packed bundle of a binary task."""
    return world_of(TaskKind.BINARY)
