"""Questions at a terminal. Where there is none, nobody is asked."""

import sys
from collections.abc import Callable, Sequence

from streamproof.errors import UsageError, did_you_mean


def is_terminal() -> bool:
    """Whether somebody may answer: the question goes to standard error, the answer comes from standard input."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, options: Sequence[str] = (), *, default: str = "", check: Callable[[str], str]) -> str:
    """The answer, which is a word or the number of an option. It is asked for again while `check` refuses it.

    An empty answer stands for the default; EOFError at the end of standard input.
    """
    for number, option in enumerate(options, 1):
        print(f"  {number}  {option}", file=sys.stderr)
    while True:
        print(f"{question}{f' [{default}]' if default else ''}: ", end="", file=sys.stderr, flush=True)
        text = input().strip() or default
        if text.isdecimal() and 0 < int(text) <= len(options):
            text = options[int(text) - 1]
        try:
            if text:
                return check(text)
        except UsageError as error:
            print(error, file=sys.stderr)


def one_of(options: Sequence[str], what: str) -> Callable[[str], str]:
    """A check: UsageError for a word that is none of the options. Without options any word will do."""

    def check(text: str) -> str:
        if options and text not in options:
            hint = did_you_mean(text, options) or f"; there are {', '.join(options)}"
            raise UsageError(f'{what} "{text}" is not there{hint}')
        return text

    return check
