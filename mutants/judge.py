"""Each mutant through the verifier: is it caught, by the anomaly named for it, with exactly the right witnesses?"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq

from mutants.journal import read
from mutants.mutant import Mutant
from mutants.witnesses import Tables, with_poison_apart
from streamproof.history.store import History


@dataclass(frozen=True)
class RunResult:
    """What the verifier said of a run. `witnesses`: the ids, or places, of each forbidden anomaly that it found.

    `between`: the kinds of the faults that the story of its first witness names.
    """

    verdict: str
    witnesses: Mapping[str, frozenset[str]]
    history: History
    between: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Judgement:
    """What a mutant says of the verifier. `faults`: each a sentence; without any, the mutant is dead."""

    mutant: Mutant
    verdict: str
    expected: Mapping[str, frozenset[str]]
    faults: tuple[str, ...] = field(default=())
    between: tuple[str, ...] = field(default=())  # kinds of faults, in the story of its own anomaly

    @property
    def had_occasion(self) -> bool:
        """Whether the mutant did wrong in the run: a kill between two of its steps is left to luck."""
        return _had_occasion(self.mutant, self.expected)


# Runs the mutant's command as a subject, with JOURNAL set in its environment to the given path.
# The path contains {instance}, which the subject's supervisor fills in.
Run = Callable[[Mutant, Path], RunResult]


def judge_mutant(run: Run, mutant: Mutant) -> Judgement:
    """Run it and compare; the caller looks at the faults."""
    with TemporaryDirectory(prefix=f"mutant-{mutant.name}-") as directory:
        outcome = run(mutant, Path(directory) / "journal-{instance}.jsonl")
        rows = read(sorted(Path(directory).glob("journal-*.jsonl")))
    tables: Tables = {name: pq.read_table(path) for name, path in outcome.history.tables.items()}
    expected = {name: ids for name, ids in with_poison_apart(mutant.witnesses(rows, tables), tables).items() if ids}
    between = outcome.between.get(mutant.anomalies[0], ()) if mutant.anomalies else ()
    return Judgement(mutant, outcome.verdict, expected, tuple(_faults(mutant, outcome, expected)), between)


def _had_occasion(mutant: Mutant, expected: Mapping[str, frozenset[str]]) -> bool:
    return not mutant.anomalies or mutant.anomalies[0] in expected


def _faults(mutant: Mutant, outcome: RunResult, expected: Mapping[str, frozenset[str]]) -> Iterable[str]:
    # what is only late may come yet
    wanted = "unproven" if expected.keys() == {"late"} else "violated" if expected else "upheld"
    # a run that gave no occasion may have shown too little for a verdict
    if outcome.verdict != wanted and (_had_occasion(mutant, expected) or outcome.verdict == "violated"):
        yield f"the verdict is {outcome.verdict}, not {wanted}"
    for anomaly in sorted(expected.keys() | outcome.witnesses.keys()):
        should, did = expected.get(anomaly, frozenset()), outcome.witnesses.get(anomaly, frozenset())
        for what, ids in (("missed", should - did), ("raised wrongly", did - should)):
            if ids:
                yield f"{anomaly}: {len(ids)} of {len(should)} {what}, such as {', '.join(sorted(ids)[:3])}"
