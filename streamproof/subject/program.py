"""The program of a subject's command, and the file that it is to run: looked for before anything is started."""

import errno
import itertools
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

from streamproof.errors import SubjectError
from streamproof.subject.placeholders import PLACEHOLDERS, fill
from streamproof.subject.spec import SubjectSpec

# what these run is the file that is named first; Node.js takes a name without its ending too
INTERPRETERS = re.compile(r"(python|pypy)[\d.]*|ruby|perl|php|node|bash|dash|sh|zsh")
UNBUFFERED = "-u"  # Python's, which often stands before the file


def search_path() -> str:
    """PATH, beginning with our virtual environment, as if it was activated.

    Unless it belongs to a tool's installer, such as pipx, which only links to the command from elsewhere.
    """
    own, found = str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)
    in_use = sys.prefix != sys.base_prefix and not Path(sys.argv[0]).is_symlink()
    return f"{own}{os.pathsep}{found}" if in_use else found


def require_program(spec: SubjectSpec) -> None:
    """SubjectError for a command whose program, directory, or file to run is not there. Nothing is started."""
    if spec.cwd is not None and not spec.cwd.is_dir():
        raise unplaced(spec, os.strerror(errno.ENOENT))
    program, *arguments = shlex.split(spec.command)
    if not _is_known(program):
        return
    here = (spec.cwd or Path()).absolute()
    place = here / program if os.sep in program else program
    path = spec.env.get("PATH", search_path())
    if not shutil.which(place, path=path):
        there = isinstance(place, Path) and place.exists()
        raise unknown(spec, program, os.strerror(errno.EACCES if there else errno.ENOENT))
    file = _file_of(program, arguments)
    if file and _is_known(file) and not ((here / file).exists() or shutil.which(file, path=path)):  # as a shell looks
        raise SubjectError(
            f"subject {spec.name}: there is no file {here / file}, which {program} is to run; {CHECK}, or its cwd"
        )


CHECK = "check the command in streamproof.toml or after --run"


def unplaced(spec: SubjectSpec, why: str | None) -> SubjectError:
    """That its directory is not there, or is none."""
    return SubjectError(
        f"subject {spec.name}: cannot run in {spec.cwd} ({why}); "
        "make that directory, or name another by cwd in streamproof.toml"
    )


def unknown(spec: SubjectSpec, program: str, why: str | None) -> SubjectError:
    """That its program is not there, or is none."""
    return SubjectError(f"subject {spec.name}: cannot run {program!r} ({why}); {CHECK}")


def _is_known(word: str) -> bool:
    """Whether the word is known before a run: it has no placeholder."""
    return fill(word, dict.fromkeys(PLACEHOLDERS, "")) == word


def _file_of(program: str, arguments: list[str]) -> str | None:
    """The file that an interpreter is to run, where that is certain."""
    name = Path(program).name
    if name == "java":
        return next((file for flag, file in itertools.pairwise(arguments) if flag == "-jar"), None)
    if not INTERPRETERS.fullmatch(name):
        return None
    first = next((word for word in arguments if word != UNBUFFERED), "-")
    if first.startswith("-") or (name == "node" and not Path(first).suffix):
        return None
    return first
