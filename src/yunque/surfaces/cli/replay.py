"""`yunque replay`: make a published model again, and say whether it is the same."""

from typing import Annotated

import typer

from yunque.errors import UsageError
from yunque.surfaces.cli.console import note, say, write_json
from yunque.surfaces.cli.options import AsJson, source_of

DIFFERS = 2


def replay(
    model: Annotated[
        str, typer.Argument(metavar="NAME[@VERSION]", help="For example late@3.", show_default=False)
    ],
    tables: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TABLE]",
            help="The table it was made from; found by itself where it still lies.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit a model again from its plan, with no clock: the same bytes, or what differs and by how much.

    Exit code 2 when it differs.
    """
    from yunque.services.replay import as_document
    from yunque.services.replay import replay as run_replay
    from yunque.services.source_memory import recall_source
    from yunque.surfaces.bootstrap import open_platform

    platform = open_platform()
    version = platform.registry.resolve(model)
    bundle = platform.registry.load(version)
    source = tables or recall_source(platform.settings.home, bundle.manifest.dataset.fingerprint)
    if source is None:
        raise UsageError(
            f"It is not known where the table of {version.label} lies.",
            hint=f"Name it: yunque replay {version.label} TABLE",
        )
    replayed = run_replay(bundle, source_of(source))
    if as_json:
        write_json({"model_version": version.label, **as_document(replayed)})
    elif replayed.identical:
        say(
            f"{version.label} comes out again to the byte: {len(replayed.files)} files, "
            f"digest {replayed.digest[:16]}."
        )
    else:
        say(f"{version.label} comes out otherwise: {', '.join(replayed.differing)}.")
        say(f"Predictions differ by up to {replayed.largest_prediction_difference:.3g}.")
        for each in replayed.arrays:
            size = "another shape" if each.largest is None else f"up to {each.largest:.3g}"
            note(f"  {each.member}: {each.array} differs ({size})")
    for line in replayed.versions:
        note(f"Note: {line}.")
    if not replayed.identical:
        raise typer.Exit(DIFFERS)
