"""What `yunque train` may hold of the memory, and what it says when the system took it all the same."""

from typing import Annotated

import typer

DEFAULT_MEMORY = "75%"

Memory = Annotated[
    str,
    typer.Option(
        "--memory",
        metavar="M",
        help="What the training may hold: 4GB, 512MiB, or a share of what is free.",
    ),
]


def tell_restart(number: int, is_last: bool) -> None:
    """Say that the system killed the training, and what happens now."""
    if is_last:
        typer.echo(
            f"The training was killed {number} times, most likely because the machine ran out of memory.\n"
            "Hint: give it less (--memory 2GB), fewer rows, or a machine with more memory.",
            err=True,
        )
        return
    typer.echo(
        "\nThe system killed the training, most likely because memory ran out. It goes on with the "
        "fits that it had finished; those that were running are made again in processes of their own.",
        err=True,
    )
