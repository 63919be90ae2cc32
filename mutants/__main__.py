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

from mutants.families import find
from pipeline.errors import PipelineError
from pipeline.process import say

if TYPE_CHECKING:
    from mutants.judge import Judgement
    from mutants.mutant import Mutant

RUNS = 3  # of a mutant that had no occasion


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m mutants", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", nargs="?", help="be this mutant")
    parser.add_argument("--list", action="store_true", help="say which there are, and what is wrong with each")
    parser.add_argument("--only", action="append", metavar="NAME", help="verify this mutant (may be given again)")
    parser.add_argument("--seed", type=int, default=1, help="of the workload and of the kills (1)")
    parser.add_argument("--docs", action="store_true", help="write what was seen into docs/mutants.md")
    given = parser.parse_args(arguments)
    try:
        if given.name:
            find(given.name).run()
            return 0
        mutants = [find(name) for name in given.only or ()]
    except PipelineError as error:
        say(f"{given.name or 'mutants'}: {error}")
        return error.status
    from mutants.registry import CLEAN, MUTANTS  # slow to import: a mutant that runs as a subject has no use for all

    if given.list:
        for mutant in (MUTANTS | CLEAN).values():
            print(f"{mutant.name:<20}{mutant.bug}")
        return 0
    return verify(mutants or [*MUTANTS.values(), *CLEAN.values()], given.seed, docs=given.docs)


def verify(mutants: "Sequence[Mutant]", seed: int, *, docs: bool) -> int:
    """Run each mutant through the verifier, and print what the verifier made of it."""
    from mutants.page import PAGE, page, seen_in, seen_of
    from mutants.runner import verify_mutants

    faulty = False
    for again in range(seed, seed + RUNS):
        with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
            judgements = []
            for judgement in verify_mutants(mutants, again, Path(directory)):
                judgements.append(judgement)
                print(told(judgement), flush=True)
        if docs:
            PAGE.write_text(page({**seen_in(PAGE.read_text()), **seen_of(judgements)}))
        faulty = faulty or any(judgement.faults for judgement in judgements)
        mutants = [judgement.mutant for judgement in judgements if not judgement.had_occasion]
        if not mutants:
            return 1 if faulty else 0
    print(f"no occasion to be wrong in {RUNS} runs: {', '.join(mutant.name for mutant in mutants)}")
    return 1 if faulty else 3


def told(judgement: "Judgement") -> str:
    """A line for a judgement, and a line for each of its faults."""
    sign = "✘" if judgement.faults else "✔" if judgement.had_occasion else "·"
    counts = ", ".join(f"{len(ids)} {anomaly}" for anomaly, ids in judgement.expected.items()) or "nothing"
    first = f"{sign} {judgement.mutant.name:<20}{judgement.verdict:<10} to be found: {counts}"
    return "\n".join([first, *(f"    {fault}" for fault in judgement.faults)])


if __name__ == "__main__":
    sys.exit(main())
