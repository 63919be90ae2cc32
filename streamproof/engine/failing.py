"""The seeds by which subjects were violated: a default plan is made from its seed, so that it can be tried again.

A seed stands in .streamproof/failing.json, by the subject's name (or by its command), until a run with it is upheld.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from streamproof.engine.directories import HOME, ignored_by_git
from streamproof.errors import UsageError

FAILING = HOME / "failing.json"


def failing_seeds(path: Path = FAILING) -> Mapping[str, int]:
    """The seed that each subject is to be tried with first. UsageError for a file that holds something else."""
    try:
        seeds = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read ({error}); remove it") from error
    if not isinstance(seeds, dict) or not all(isinstance(seed, int) for seed in seeds.values()):
        raise UsageError(f"{path} holds no seeds; remove it")
    return seeds


def note_outcome(subject: str, seed: int, outcome: str, path: Path = FAILING) -> None:
    """Keep the seed of a run that was violated; forget the seed of a run that was upheld.

    What cannot be written is not kept: a verdict is no less true for it.
    """
    seeds = dict(failing_seeds(path))
    before = dict(seeds)
    if outcome == "violated":
        seeds[subject] = seed
    elif outcome == "upheld" and seeds.get(subject) == seed:
        del seeds[subject]
    if seeds == before:
        return
    with suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        ignored_by_git()
        new = path.with_suffix(".new")
        new.write_text(json.dumps(seeds, indent=1), encoding="utf-8")
        new.replace(path)
