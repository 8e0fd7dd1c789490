"""Every setting of the platform, typed, with defaults that need no configuration at all."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from yunque.errors import UsageError

Names = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """Settings from the environment (`YUNQUE_*`) and a `.env` file; the environment wins.

    Only `surfaces/bootstrap.py` reads them; everything below is given what it needs.
    """

    model_config = SettingsConfigDict(
        env_prefix="YUNQUE_", env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    home: Path = Field(default=Path(".yunque"), description="Folder of models, jobs, logs and the database.")
    database_url: SecretStr | None = Field(
        default=None, description="SQLAlchemy address of the database; SQLite under the home when empty."
    )
    storage_url: str | None = Field(
        default=None, description="Where bundles and files are kept; a folder under the home when empty."
    )
    broker_url: SecretStr | None = Field(
        default=None, description="Celery broker that carries job numbers; an embedded worker when empty."
    )
    dask_address: str | None = Field(
        default=None, description="Dask scheduler for candidates beyond one machine; none when empty."
    )
    mlflow_tracking_uri: str | None = Field(
        default=None,
        validation_alias=AliasChoices("YUNQUE_MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_URI"),
        description="MLflow server that runs are mirrored to; local records only when empty.",
    )
    default_model: str | None = Field(
        default=None, description="Model that answers /api/v1/predict when several are published."
    )
    api_keys: Names = Field(
        default=(), description="Accepted API keys as `name:sha256`, comma separated; never the keys."
    )
    api_keys_file: Path | None = Field(
        default=None,
        description="File with one `name:sha256` per line; `api_keys` under the home when empty.",
    )
    cors_origins: Names = Field(
        default=(), description="Origins that browsers may call from; none when empty."
    )
    max_body_bytes: int = Field(
        default=16 * 2**20, ge=1024, description="Largest request body, counted while it streams in."
    )
    max_rows: int = Field(default=10_000, ge=1, description="Most rows in one prediction request.")
    body_timeout_seconds: float = Field(
        default=30.0, gt=0, description="Longest wait for the whole body of a request."
    )
    poll_seconds: float = Field(
        default=2.0, gt=0, description="How often the server looks for a newly promoted champion."
    )
    counters_folder: Path | None = Field(
        default=None, description="Where the workers of one server share counters; `yunque serve` sets it."
    )
    threads: int | None = Field(default=None, ge=1, description="Threads of training; all cores when empty.")
    language: Literal["en", "es"] = Field(default="en", description="Language of reports and cards.")
    debug: bool = Field(default=False, description="Show tracebacks on the command line.")

    @field_validator("api_keys", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @classmethod
    def load(cls) -> Self:
        """Read the environment and `.env`.

        Raises:
            UsageError: a setting has a value it cannot take; named with its environment variable.
        """
        try:
            return cls()
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            variable = name if name.isupper() else f"YUNQUE_{name.upper()}"
            raise UsageError(
                f"The setting {variable} has a value it cannot take: {first['msg']}.",
                hint=f"Unset or correct {variable} in the environment or in .env.",
            ) from error
