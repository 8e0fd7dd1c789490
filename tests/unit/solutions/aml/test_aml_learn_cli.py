"""`yunque aml policy` and `yunque aml train`: what is in use, what is refused and why."""

import json

import pytest

from yunque.surfaces.cli.app import run


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YUNQUE_HOME", str(tmp_path / "home"))


def test_a_new_house_has_the_base_model_and_no_policy(home, capsys):
    assert run(["aml", "policy", "show", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["capas"]["marca"] == "modelo_base_sintetico"
    assert facts["en_vigor"]["politica"] == "umbrales_del_modelo"
    assert facts["propuesta"] is None
    assert run(["aml", "policy", "show"]) == 0
    assert "modelo_base_sintetico" in capsys.readouterr().out


def test_what_cannot_be_done_yet_says_why(home, capsys):
    assert run(["aml", "policy", "propose"]) == 1
    assert run(["aml", "policy", "approve", "v1"]) == 1
    assert run(["aml", "policy", "rollback", "--reason", "x"]) == 1
    assert run(["aml", "train"]) == 2
    told = capsys.readouterr().err
    assert "No period closed" in told
    assert "too few to learn from" in told


def test_settings_are_set_within_their_ranges_and_freezing_is_told(home, capsys):
    assert run(["aml", "policy", "settings", "--set", "lowest=0.3", "--set", "shadow_days=14"]) == 0
    capsys.readouterr()
    assert run(["aml", "policy", "settings", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["lowest"], facts["shadow_days"], facts["gamma"]) == (0.3, 14, 0.0)
    for wrong in ("banana=1", "lowest=2", "lowest=x"):
        assert run(["aml", "policy", "settings", "--set", wrong]) == 1
    assert run(["aml", "policy", "freeze", "--reason", "auditoría"]) == 0
    assert run(["aml", "policy", "propose"]) == 1
    assert "frozen" in capsys.readouterr().err
