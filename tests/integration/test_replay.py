"""Replay through the command line: the same bytes, another table refused, and another model told apart."""

import json
from pathlib import Path

import pytest
from small_models import clients

from yunque.surfaces.bootstrap import open_platform
from yunque.surfaces.cli.app import run


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A home with one published model, and the table that it was made from."""
    folder = tmp_path_factory.mktemp("replay")
    table = folder / "clients.csv"
    clients(500).drop("spend").write_csv(table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("YUNQUE_HOME", str(folder / "home"))
        assert run(["train", str(table), "--target", "buys", "--name", "buys", "--budget", "6s"]) in (0, 2)
    return folder / "home", table


@pytest.fixture(autouse=True)
def home(trained: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUNQUE_HOME", str(trained[0]))


def test_a_model_comes_out_again_to_the_byte(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["replay", "buys@1", "--json"]) == 0
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["identical"] and not outcome["differing"] and not outcome["versions"]
    assert {"arrays.bin", "blend.json", "recipe.json", "golden.json"} <= set(outcome["files"])
    platform = open_platform()
    manifest = platform.registry.load(platform.registry.resolve("buys@1")).manifest
    assert outcome["digest"] == manifest.replayable_digest


def test_another_table_is_refused(
    trained: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.csv"
    clients(499).drop("spend").write_csv(other)
    assert run(["replay", "buys@1", str(other)]) != 0
    assert "is not the one" in capsys.readouterr().err


def test_what_differs_is_told_with_its_size(
    trained: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bundle whose plan says another seed stands for one made by other versions of the libraries."""
    from dataclasses import replace

    import msgspec

    from yunque.services.replay import replay

    platform = open_platform()
    bundle = platform.registry.load(platform.registry.resolve("buys@1"))
    plan = {**bundle.manifest.plan}
    plan["members"] = [{**member, "weight": 1.0 + i} for i, member in enumerate(plan["members"])]
    plan["calibration"] = {"kind": "identity", "parameters": []}
    manifest = msgspec.structs.replace(
        bundle.manifest, plan=plan, versions={**bundle.manifest.versions, "numpy": "1.0"}
    )
    found = replay(replace(bundle, manifest=manifest), str(trained[1]))
    if len(plan["members"]) > 1:
        assert not found.identical and "blend.json" in found.differing
        assert 0.0 < found.largest_prediction_difference < 1.0
    assert any(line.startswith("numpy: 1.0 then") for line in found.versions)
