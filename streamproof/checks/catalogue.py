"""Which checks there are: a pair of SQL files each, and what their witnesses mean for each promise.

`NAME.sql` returns the witnesses; `NAME.evidence.sql` what a run must have shown before their absence means anything:
rows of `evidence`, `seen` and `enough` (null: this run gives nothing to judge), and, if need be, of `unseen` (true:
for it could not be seen), `of_faults` (true: only what is broken on purpose brings it about), `needed` (how much
would be enough; 1 where it is left out) and `advice` (what to change to see more; `advice.py` fills in what it names
in braces). What a built-in check's witnesses mean is a row of guarantees.toml; a check of a user's own says it in its
header. Knows no history.

A header is the comment at a file's top: `-- NAME: definition`, over as many lines as it takes, then fields:
    -- origin: ...      where the anomaly's name comes from
    -- assumes: ...     the model that it assumes
    -- witness: ...      a witness as a sentence, with the query's columns in braces: see messages.py
    -- between: A, B     the kinds of moments between which a fault may have had a part in it: see stories.py
    -- causes: ... | ... what it usually comes from, with the settings of clients by name
    -- uses: txn, ...   tables without which it still judges, though less; all others that it reads it needs
    -- kept: ...        (a view's) why its rows are kept, and not found anew for each query
    -- forbidden: exactly-once, at-least-once      (a user's own) elsewhere its witnesses are counted
"""

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from streamproof.errors import UsageError, did_you_mean, unreadable
from streamproof.history.promise import Delivery, Promise

HERE = Path(__file__).parent
FIELDS = ("origin", "assumes", "witness", "between", "causes", "uses", "forbidden", "kept")
EVIDENCE = ".evidence.sql"


class Status(StrEnum):
    """What witnesses of an anomaly mean for a run; and that an anomaly is not judged, which no witness can mean."""

    FORBIDDEN = "forbidden"  # the verdict is violated
    NEVER_UPHELD = "never upheld"  # the verdict is unproven
    COUNTED = "counted"  # allowed, and reported
    NOT_JUDGED = "not judged"  # a table is missing, or there is nothing to judge


class What(StrEnum):
    """The kinds of moments, as the views `moment_of_…` give them, and `fault` and `gone`, which `stories.py` adds."""

    SENT = "sent"
    OWNED = "owned"
    KEPT = "kept"
    HANDED_ON = "handed on"
    BEFORE = "before"
    AFTER = "after"
    EFFECT = "effect"
    HIDDEN = "hidden"
    OVERTAKEN = "overtaken"
    COMMITTED = "committed"
    BECAME = "became"
    BACK = "back"
    ABORTED = "aborted"
    READ = "read"
    BEGUN = "begun"
    DECIDED = "decided"
    MARKER = "marker"
    ENDED = "ended"
    MISSING = "missing"
    UNCOMMITTED = "uncommitted"
    FAULT = "fault"
    GONE = "gone"


@dataclass(frozen=True)
class Check:
    """An anomaly. `meanings`: for each promise; `core`: nothing is upheld unless it is judged.

    `between`: the two kinds of moments that contradict the promise, if there are two.
    """

    name: str
    definition: str
    sql: str
    evidence: str
    meanings: Mapping[Delivery, str]
    core: bool = False
    uses: frozenset[str] = frozenset()
    origin: str = ""
    assumes: str = ""
    witness: str = ""
    between: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()

    def meaning(self, promise: Promise, protocol: str) -> Status:
        """What this anomaly's witnesses mean for a group that promised so. `protocol`: the group's."""
        words = {promise.isolation, protocol, *(["ordered"] if promise.ordered else [])}
        return self._meaning(promise.delivery, words)

    def excluded_by(self, promise: Promise, protocol: str) -> tuple[Delivery, ...]:
        """The deliveries that this anomaly has no place in, for such a group. Order is a promise of its own."""
        words = {promise.isolation, protocol}
        return tuple(delivery for delivery in Delivery if self._meaning(delivery, words) is not Status.COUNTED)

    def _meaning(self, delivery: Delivery, words: Collection[str]) -> Status:
        meaning = self.meanings[delivery]
        if meaning.startswith("if "):
            return Status.FORBIDDEN if meaning[3:] in words else Status.COUNTED
        return Status(meaning)


def load_checks(extra: Sequence[Path] = ()) -> tuple[Check, ...]:
    """All built-in checks, in the order of guarantees.toml, then those of the directories in `extra`, by name.

    UsageError when a file lacks its twin, its header or its meaning, or two checks have the same name.
    """
    with (HERE / "guarantees.toml").open("rb") as file:
        table = tomllib.load(file)
    checks = [
        _load(HERE / "anomalies" / f"{name}.sql", dict(zip(Delivery, meanings, strict=True)), core=core == "core")
        for name, (*meanings, core) in table.items()
    ]
    for directory in extra:
        if not directory.is_dir():
            raise UsageError(f"{directory} is not a directory; give a directory with NAME.sql and NAME{EVIDENCE} files")
        found = sorted(path for path in directory.glob("*.sql") if not path.name.endswith(EVIDENCE))
        checks += [_load(path, None) for path in found]
    names = [check.name for check in checks]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f'there are {names.count(name)} checks named "{name}"; rename the SQL files of your own')
    return tuple(checks)


def check_without(checks: Sequence[Check], names: Collection[str]) -> None:
    """UsageError unless each of `names` is a check that a verdict can do without where it cannot be judged."""
    cores = {check.name: check.core for check in checks}
    for name in names:
        if name not in cores:
            hint = did_you_mean(name, cores) or f"; there are {', '.join(cores)}"
            raise UsageError(f'without "{name}": there is no such anomaly{hint}')
        if cores[name]:
            others = ", ".join(other for other, core in cores.items() if not core)
            raise UsageError(f'without "{name}": nothing is upheld unless it is judged; what may be left out: {others}')


def _load(path: Path, meanings: Mapping[Delivery, str] | None, *, core: bool = False) -> Check:
    twin = path.with_name(path.stem + EVIDENCE)
    if not twin.is_file():
        raise UsageError(f"{path} has no {twin.name} beside it; write the query for what a run must have shown")
    sql = _read(path)
    header = read_header(sql, path)
    if meanings is None:
        meanings = _own_meanings(header, path)
    return Check(
        name=path.stem,
        definition=header["definition"],
        sql=sql,
        evidence=_read(twin),
        meanings=meanings,
        core=core,
        uses=frozenset(_words_of(header.get("uses", ""))),
        origin=header.get("origin", ""),
        assumes=header.get("assumes", ""),
        witness=header.get("witness", ""),
        between=_between(header, path),
        causes=tuple(cause.strip() for cause in header.get("causes", "").split("|") if cause.strip()),
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read ({unreadable(error)}); write it as a query in UTF-8") from error


def _between(header: Mapping[str, str], path: Path) -> tuple[str, ...]:
    words = tuple(_words_of(header.get("between", "")))
    if words and (len(words) != 2 or not set(words) <= set(What)):  # noqa: PLR2004 - a beginning and an end
        raise UsageError(
            f'{path}: "-- between: {", ".join(words)}" does not name two kinds of moments; there are {", ".join(What)}'
        )
    return words


def _own_meanings(header: Mapping[str, str], path: Path) -> Mapping[Delivery, str]:
    if "forbidden" not in header:
        raise UsageError(f'{path}: its header does not say "-- forbidden: exactly-once, ..."; name the promises')
    forbidden = _words_of(header["forbidden"])
    for word in forbidden:
        if word not in set(Delivery):
            raise UsageError(f'{path}: "-- forbidden: {word}" is no promise; there are {", ".join(Delivery)}')
    return {delivery: Status.FORBIDDEN if delivery in forbidden else Status.COUNTED for delivery in Delivery}


def read_header(sql: str, path: Path) -> dict[str, str]:
    """The header's fields, and `definition`; UsageError when it has no definition."""
    fields: dict[str, str] = {}
    field = None
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        text = line[2:].strip()
        named = re.match(rf"({path.stem}|{'|'.join(FIELDS)}): *(.*)", text)
        if named:
            field = named[1] if named[1] in FIELDS else "definition"
            fields[field] = named[2]
        elif field:
            fields[field] = f"{fields[field]} {text}".strip()
    if not fields.get("definition"):
        raise UsageError(f'{path} does not begin with "-- {path.stem}: " and its definition; add that comment')
    return fields


def _words_of(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
