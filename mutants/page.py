"""The page of mutants: what there is to know of each without a run, and what its last run has shown.

`python -m mutants --docs` writes the rows of the mutants that it ran; the others keep what their last run has shown.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from mutants.judge import Judgement
from mutants.mutant import Mutant
from mutants.plans import FAULTS as PLANS
from mutants.registry import CLEAN, MUTANTS

PAGE = Path("docs/mutants.md")
UNSEEN = ("not run yet", "")
CALM = "none"
INTRODUCTION = """\
# Mutants
Pipelines with one bug each, by which the verifier itself is tested: a verifier that lets a mutant live is at fault.
Each is a right member of the [reference pipeline](../pipeline) with one thing overridden ([mutants/](../mutants)). It
writes a journal of what it does, and from that it is reckoned what the verifier must find: the anomaly, and exactly
which inputs. A witness too few, one too many, or another anomaly is a fault of the verifier's.

What no pipeline can cause takes a broker that lies. There the pipeline is right, and a proxy says something else than
its broker, to the pipeline or to the verifier's own readers: the smallest change to an honest answer
([mutants/lies.py](../mutants/lies.py)), with a journal of what it lied about.

```sh
uv run python -m mutants
```
runs them all, and the clean twins, which look like a mutant and are right; `--only NAME` picks some, `--list` tells
them. `--docs` writes what was seen into this page: the faults that were between the two moments that contradict the
promise, in the story of the first witness ("{calm}": the bug shows by itself), and how many witnesses were found of how
many that are there.

| mutant | its bug | in the place of | caught by | faults between | found |
| --- | --- | --- | --- | --- | --- |
"""
CLEAN_TWINS = """
## Clean twins
About these nothing may be found.

| twin | what it does | in the place of |
| --- | --- | --- |
"""
BY_FAULT = """
## Which fault shows which mutant
A fault that stands here without a mutant was done in these runs, and stood in no story.

| fault | mutants |
| --- | --- |
"""


def page(seen: Mapping[str, tuple[str, str]]) -> str:
    """The whole page, as Markdown. `seen`: of each mutant the last two cells of its row."""
    rows = [_row(mutant, seen.get(mutant.name, UNSEEN)) for mutant in MUTANTS.values()]
    twins = [f"| `{twin.name}` | {twin.bug.removeprefix('none: ')} | {twin.subject} |" for twin in CLEAN.values()]
    return "\n".join(
        [
            INTRODUCTION.format(calm=CALM) + "\n".join(rows),
            CLEAN_TWINS + "\n".join(twins),
            BY_FAULT + _by_fault(seen),
            "",
        ]
    )


def seen_in(text: str) -> Mapping[str, tuple[str, str]]:
    """What a page says was seen."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| `")]
    return {name: (row[-2], row[-1]) for row in rows if (name := row[0].strip("`")) in MUTANTS}


def seen_of(judgements: Iterable[Judgement]) -> Mapping[str, tuple[str, str]]:
    """What these runs have shown; nothing of those that had no occasion, or were judged wrongly."""
    return {
        judgement.mutant.name: (", ".join(f"`{kind}`" for kind in judgement.between) or CALM, _found(judgement))
        for judgement in judgements
        if judgement.mutant.anomalies and judgement.had_occasion and not judgement.faults
    }


def _found(judgement: Judgement) -> str:
    counts = [(anomaly, len(ids)) for anomaly, ids in judgement.expected.items()]
    return ", ".join(f"{count} of {count} {anomaly}" for anomaly, count in counts)


def _row(mutant: Mutant, seen: tuple[str, str]) -> str:
    own, *more = mutant.anomalies
    names = ", ".join([f"[{own}](anomalies.md#{own})", *more])
    return f"| `{mutant.name}` | {mutant.bug} | {mutant.subject} | {names} | {seen[0]} | {seen[1]} |"


def _by_fault(seen: Mapping[str, tuple[str, str]]) -> str:
    shown: dict[str, list[str]] = defaultdict(list)
    for name, (kinds, _) in seen.items():
        for kind in re.findall(r"`([\w-]+)`", kinds):
            shown[kind].append(f"`{name}`")
    done = {fault.action.kind for plan in PLANS.values() for fault in plan}
    return "\n".join(f"| {kind} | {', '.join(shown[kind])} |" for kind in sorted(done | shown.keys()))
