"""`streamproof completion`: the script by which a shell completes commands and flags."""

from enum import StrEnum
from typing import Annotated

import typer
from typer.completion import completion_init, get_completion_script  # type: ignore[attr-defined]

VARIABLE = "_STREAMPROOF_COMPLETE"  # by which the script asks for what may follow
EPILOG = (
    "Examples:\n\nstreamproof completion bash >> ~/.bash_completion\n\n"
    'streamproof completion zsh > "${fpath[1]}/_streamproof"\n\n'
    "streamproof completion fish > ~/.config/fish/completions/streamproof.fish"
)


class Shell(StrEnum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print the script by which a shell completes commands and flags."""
    print(get_completion_script(prog_name="streamproof", complete_var=VARIABLE, shell=shell))


def complete(app: typer.Typer) -> None:
    """Answer the script, and exit."""
    completion_init()
    app(prog_name="streamproof")
