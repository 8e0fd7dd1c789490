"""The option `--config`: a file's settings stand where the command line gives none."""

from pathlib import Path
from typing import Annotated

import typer


def _use(context: typer.Context, given: Path | None) -> Path | None:
    """Make the file's settings the defaults of the options, before any other is read."""
    if given is not None:
        from yunque.services.model_config import read_model_config

        context.default_map = {**(context.default_map or {}), **read_model_config(given).options}
    return given


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings and targets, as configs/model_config.yaml (R4); options given here win.",
        dir_okay=False,
        is_eager=True,
        callback=_use,
    ),
]


def config_targets(config: Path | None) -> tuple[str, ...]:
    """Give the targets that a configuration declares."""
    if config is None:
        return ()
    from yunque.services.model_config import read_model_config

    return read_model_config(config).targets
