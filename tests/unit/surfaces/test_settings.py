"""Settings: defaults need nothing, mistakes are named with their variable."""

from pathlib import Path

import pytest

from yunque.errors import UsageError
from yunque.settings import Settings


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("YUNQUE_HOME", "MLFLOW_TRACKING_URI", "YUNQUE_API_KEYS"):
        monkeypatch.delenv(name, raising=False)


def test_the_defaults_need_no_environment() -> None:
    settings = Settings.load()
    assert settings.home == Path(".yunque")
    assert settings.api_keys == () and settings.default_model is None and settings.database_url is None


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUNQUE_CORS_ORIGINS", "https://a.example, https://b.example,")
    assert Settings.load().cors_origins == ("https://a.example", "https://b.example")


def test_mlflow_is_found_under_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracker:5000")
    assert Settings.load().mlflow_tracking_uri == "http://tracker:5000"


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("YUNQUE_MAX_ROWS=5\nYUNQUE_DEFAULT_MODEL=late\nOTHER=1\n")
    monkeypatch.setenv("YUNQUE_MAX_ROWS", "7")
    settings = Settings.load()
    assert (settings.max_rows, settings.default_model) == (7, "late")


def test_a_wrong_value_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUNQUE_POLL_SECONDS", "often")
    with pytest.raises(UsageError, match="YUNQUE_POLL_SECONDS"):
        Settings.load()


def test_a_database_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUNQUE_DATABASE_URL", "postgresql://me:hunter2@db/yunque")
    assert "hunter2" not in repr(Settings.load())


def test_every_setting_says_what_it_is_for() -> None:
    assert all(field.description for field in Settings.model_fields.values())
