"""`python -m mutants`: every mutant through the verifier; exit status 1 unless each is caught exactly as it must be.

A mutant that was never killed between two of its steps had no occasion to be wrong, and runs again with another seed;
exit status 3 when it had none in three runs. `python -m mutants NAME` is the mutant itself: a subject, in the
reference's place. `--list` tells them.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mutants.registry import CLEAN, MUTANTS
from pipeline.errors import PipelineError
from pipeline.process import say

if TYPE_CHECKING:
    from mutants.judge import Judgement

ALL = MUTANTS | CLEAN
RUNS = 3  # of a mutant that had no occasion


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m mutants", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", nargs="?", choices=sorted(ALL), help="be this mutant")
    parser.add_argument("--list", action="store_true", help="say which there are, and what is wrong with each")
    parser.add_argument("--only", action="append", choices=sorted(ALL), help="verify this mutant (may be given again)")
    parser.add_argument("--seed", type=int, default=1, help="of the workload and of the kills (1)")
    given = parser.parse_args(arguments)
    if given.name:
        return be(given.name)
    if given.list:
        for mutant in ALL.values():
            print(f"{mutant.name:<18}{mutant.bug}")
        return 0
    return verify(given.only or list(ALL), given.seed)


def be(name: str) -> int:
    """Run as this mutant; the same exit status as the reference's."""
    try:
        ALL[name].run()
    except PipelineError as error:
        say(f"{name}: {error}")
        return error.status
    return 0


def verify(names: Sequence[str], seed: int) -> int:
    """Run each mutant through the verifier, and print what the verifier made of it."""
    from mutants.runner import verify_mutants  # a mutant that runs as a subject has no use for the verifier

    faulty = False
    for again in range(seed, seed + RUNS):
        with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
            judgements = verify_mutants([ALL[name] for name in names], again, Path(directory))
        for judgement in judgements:
            print(told(judgement))
        faulty = faulty or any(judgement.faults for judgement in judgements)
        names = [judgement.mutant.name for judgement in judgements if not judgement.had_occasion]
        if not names:
            return 1 if faulty else 0
    print(f"no occasion to be wrong in {RUNS} runs: {', '.join(names)}")
    return 1 if faulty else 3


def told(judgement: "Judgement") -> str:
    """A line for a judgement, and a line for each of its faults."""
    sign = "✘" if judgement.faults else "✔" if judgement.had_occasion else "·"
    counts = ", ".join(f"{len(ids)} {anomaly}" for anomaly, ids in judgement.expected.items()) or "nothing"
    first = f"{sign} {judgement.mutant.name:<18}{judgement.verdict:<10} to be found: {counts}"
    return "\n".join([first, *(f"    {fault}" for fault in judgement.faults)])


if __name__ == "__main__":
    sys.exit(main())
