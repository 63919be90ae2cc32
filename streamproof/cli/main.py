"""The command: its verbs put together, and what becomes of their errors.

Exit status: 0 upheld, 1 violated, 2 usage or environment, 3 unproven; 130 when a signal ended it, 141 when nobody reads
what it says any more.
"""

import os
import signal
import sys
import traceback
from types import FrameType
from typing import Annotated

import typer

from streamproof import __version__
from streamproof.cli import (
    check,
    compat,
    completion,
    crash,
    demo,
    init,
    lag,
    probe,
    report,
    shrink,
    steps,
    up,
    validate,
    verify,
)
from streamproof.cli.judged import STATUSES
from streamproof.cli.streams import told_streams
from streamproof.errors import OutputError, StreamproofError

INTERRUPTED = 130
UNREAD = 141  # as of a program that SIGPIPE ended
UNUSABLE = 2

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # main() tells of them
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Does a Kafka pipeline keep the promises in its contract, when things break?",
    epilog=STATUSES,
)
app.command(epilog=demo.EPILOG)(demo.demo)
app.command(epilog=init.EPILOG)(init.init)
app.command(epilog=up.EPILOG)(up.up)
app.command(epilog=verify.EPILOG)(verify.verify)
app.command(epilog=crash.EPILOG)(crash.crash)
app.command(epilog=shrink.EPILOG)(shrink.shrink)
app.command(epilog=validate.EPILOG)(validate.validate)
app.command(epilog=check.EPILOG)(check.check)
app.command(epilog=lag.EPILOG)(lag.lag)
app.command(epilog=probe.EPILOG)(probe.probe)
app.command(epilog=report.EPILOG)(report.report)
app.command(epilog=compat.EPILOG)(compat.compat)
app.command(epilog=steps.EPILOG)(steps.steps)
app.command(epilog=completion.EPILOG)(completion.completion)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"streamproof {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    _version: Annotated[
        bool, typer.Option("--version", metavar="", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def _heed_signals() -> None:
    """SIGINT, SIGTERM and SIGHUP end a run in order: everything that it started is ended too.

    SIGINT does so though a script that started it with `&` had it ignored; SIGHUP is left ignored, as `nohup` wants it.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Entry point: an error that a user can mend is one sentence and exit status 2."""
    _heed_signals()
    if completion.VARIABLE in os.environ:
        completion.complete(app)
    try:
        with told_streams():
            status = _status()
    except OutputError as error:
        status = UNREAD if error.unread else UNUSABLE
        if not error.unread:
            print(f"streamproof: {error}", file=sys.stderr)
    sys.exit(status)


def _status() -> int:
    try:
        status: int | None = app(standalone_mode=False)  # what a typer.Exit holds
    except OutputError:
        raise
    except typer.Abort:  # of a question: Ctrl-C, or the end of standard input
        print(file=sys.stderr)
        status = INTERRUPTED
    except typer.TyperException as error:
        if error.format_message():  # none: it was help that was shown, to a command that needs more words
            print(f"streamproof: {_usage(error)}", file=sys.stderr)
        return UNUSABLE
    except StreamproofError as error:
        print(f"streamproof: {error}", file=sys.stderr)
        return UNUSABLE
    except (Exception, SystemExit):  # noqa: BLE001 - a status of 1 would say "violated"
        traceback.print_exc()
        print("streamproof: this is a fault of Streamproof, not of the subject; please report it", file=sys.stderr)
        return UNUSABLE
    if status == INTERRUPTED:
        print("streamproof: interrupted; everything that it started is ended", file=sys.stderr)
    return status or 0


def _usage(error: typer.TyperException) -> str:
    """What the parser of flags complains of, as a sentence that ends in where to read more."""
    told = " ".join(error.format_message().split()).rstrip(".").replace("Value error, ", "")
    told = told.replace("Input should be greater than or equal to", "give at least").replace("Input should be", "give")
    told = told.partition(", unable to parse")[0]
    context: typer.Context | None = getattr(error, "ctx", None)
    return f"{told[:1].lower()}{told[1:]} (see {context.command_path if context else 'streamproof'} --help)"
