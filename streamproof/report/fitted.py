"""Lines that fit the terminal. Where there is no terminal, each line is whole, so that a program finds it."""

import re
import sys
import textwrap

from rich.console import Console
from rich.text import Text

# what a line begins with, under which the rest of it stands where it is too long
HEAD = re.compile(r" *(?:\d\d:\d\d:\d\d\.\d{3}  |never {9}|- )?")


def width_of(console: Console) -> int:
    """How many letters a line may have."""
    return console.width if console.is_terminal else sys.maxsize


def fitted(text: Text, width: int, under: int) -> list[Text]:
    """A line as lines of at most `width` letters, those after the first `under` letters further to the right.

    A word that is longer, such as a path, is not broken: it could not be copied.
    """
    first, *rest = textwrap.wrap(
        text.plain, width, subsequent_indent=" " * under, break_long_words=False, break_on_hyphens=False
    ) or [""]
    return [text[: len(first)], *map(Text, rest)]


def print_fitted(text: str | Text, console: Console, *, under: int | None = None) -> None:
    """Print lines, of markup or of text; what is too long goes on `under`, or under where a line's words began."""
    for line in (Text.from_markup(text) if isinstance(text, str) else text).split(allow_blank=True):
        head = HEAD.match(line.plain)
        begin = under if under is not None else head.end() if head else 0
        console.print(*fitted(line, width_of(console), begin), sep="\n", soft_wrap=True)
