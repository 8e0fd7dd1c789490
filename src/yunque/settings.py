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
        default=(),
        description="Accepted API keys, comma separated, each `name:sha256` and its terms; never the keys.",
    )
    api_keys_file: Path | None = Field(
        default=None,
        description="File with one such key per line; `api_keys` under the home when empty.",
    )
    jwt_jwks_url: str | None = Field(
        default=None, description="Where the public keys of signed tokens are; no tokens when empty."
    )
    jwt_secret: SecretStr | None = Field(
        default=None,
        description="Secret of tokens signed by HS256 (older Supabase projects); none when empty.",
    )
    jwt_issuer: str = Field(default="", description="Who must have issued a token (`iss`).")
    jwt_audience: str = Field(default="", description="For whom a token must be meant (`aud`).")
    jwt_algorithms: Names = Field(
        default=("RS256", "ES256", "EdDSA"), description="Accepted signatures; public keys only."
    )
    jwt_tenant_claim: str = Field(
        default="",
        description="Claim that names the tenant, as `app_metadata.tenant`; no tenants when empty.",
    )
    jwt_scopes_claim: str = Field(default="scope", description="Claim that names the scopes.")
    jwt_default_scopes: str = Field(
        default="predict+read", description="Scopes of a token that says nothing of scopes."
    )
    jwt_require_nbf: bool = Field(
        default=False, description="Refuse tokens without `nbf`; it is checked whenever it is there."
    )
    jwt_rate: str = Field(
        default="", description="How often one subject may come, as 100/m; no limit when empty."
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
    head_timeout_seconds: float = Field(
        default=10.0, gt=0, description="Longest wait for the head of a request on an open connection."
    )
    stall_timeout_seconds: float = Field(
        default=30.0, gt=0, description="Longest wait for a client to go on reading its answer."
    )
    max_connections: int = Field(default=1000, ge=1, description="Most connections of one worker.")
    poll_seconds: float = Field(
        default=2.0, gt=0, description="How often the server looks for a newly promoted champion."
    )
    prediction_log: bool = Field(
        default=False, description="Record every answered row, features and answer, under the home."
    )
    log_keep_days: int = Field(
        default=30, ge=1, description="Days after which recorded rows are removed, while a server runs."
    )
    log_leave_out: Names = Field(
        default=(), description="Features that are not recorded, comma separated: names, addresses, health."
    )
    log_file: Path | None = Field(
        default=None, description="File that log lines are appended to, as logs/app.log; none when empty."
    )
    counters_folder: Path | None = Field(
        default=None, description="Where the workers of one server share counters; `yunque serve` sets it."
    )
    traces_url: str | None = Field(
        default=None,
        description="Where a collector takes OpenTelemetry traces by HTTP; none are made when empty.",
    )
    traces_share: float = Field(
        default=1.0, ge=0.0, le=1.0, description="Share of the traces begun here that are kept."
    )
    data_folder: Path | None = Field(
        default=None,
        description="Folder of tables that jobs may name by path; `data` under the home when empty.",
    )
    max_upload_bytes: int = Field(
        default=500 * 2**20, ge=1024, description="Largest uploaded file, counted while it streams in."
    )
    tenant_upload_bytes: int | None = Field(
        default=10 * 2**30, ge=1024, description="What the uploads of one tenant may take together."
    )
    upload_keep_days: int = Field(
        default=30,
        ge=1,
        description="Days that an upload and its copy in outputs are kept; longer while a job needs it.",
    )
    upload_timeout_seconds: float = Field(
        default=1800.0, gt=0, description="Longest wait for the whole of an upload."
    )
    lease_seconds: float = Field(
        default=60.0, gt=0, description="How long a worker holds a job without a heartbeat."
    )
    analysis_timeout_seconds: float = Field(
        default=300.0, gt=0, description="Longest run of a solution over a file (the kind `pipeline`)."
    )
    running_per_tenant: int | None = Field(
        default=None, ge=1, description="Jobs of one tenant that may run at once; no limit when empty."
    )
    waiting_per_tenant: int | None = Field(
        default=1000, ge=1, description="Jobs of one tenant that may wait in line; no limit when empty."
    )
    llm_model: str = Field(
        default="",
        description="Language model that may read and reword questions; templates alone when empty.",
    )
    llm_base_url: str = Field(
        default="", description="OpenAI-compatible endpoint of the language model; OpenAI's own when empty."
    )
    llm_api_key: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("YUNQUE_LLM_API_KEY", "OPENAI_API_KEY"),
        description="Key of the language model.",
    )
    llm_factory: str = Field(
        default="",
        description="`module:Class` of a LangChain chat model; langchain_openai:ChatOpenAI when empty.",
    )
    llm_seconds: float = Field(
        default=1.8, gt=0, le=60, description="Longest that the language model may delay an answer."
    )
    llm_rewords: bool = Field(default=True, description="Let the language model reword answers.")
    llm_price_in: float = Field(default=0.0, ge=0, description="Price of a million tokens read; logged.")
    llm_price_out: float = Field(default=0.0, ge=0, description="Price of a million tokens written; logged.")
    threads: int | None = Field(default=None, ge=1, description="Threads of training; all cores when empty.")
    language: Literal["en", "es"] = Field(default="en", description="Language of reports and cards.")
    debug: bool = Field(default=False, description="Show tracebacks on the command line.")

    @field_validator("api_keys", "cors_origins", "jwt_algorithms", "log_leave_out", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    def environment(self) -> dict[str, str]:
        """Give what was set as variables of the environment, for a process that starts in another folder."""
        found: dict[str, str] = {"YUNQUE_HOME": str(self.home.absolute())}
        for name in self.model_fields_set - {"home"}:
            value = getattr(self, name)
            if value is None:
                continue
            if isinstance(value, SecretStr):
                value = _from_anywhere(value.get_secret_value())
            elif isinstance(value, Path):
                value = value.absolute()
            elif isinstance(value, tuple):
                value = ",".join(value)
            found[f"YUNQUE_{name.upper()}"] = str(value)
        return found

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


def _from_anywhere(url: str) -> str:
    """Give the address of a SQLite file so that it holds in another working folder too."""
    scheme, separator, path = url.partition(":///")
    is_relative = scheme.startswith("sqlite") and separator and path and not path.startswith((":", "/"))
    return f"{scheme}:///{Path(path).absolute()}" if is_relative else url
