"""`python -m mutants NAME`: runs one as a subject, in the reference forwarder's place. Without a name: lists them."""

import argparse
import sys
from collections.abc import Sequence

from mutants.registry import CLEAN, MUTANTS
from pipeline.errors import PipelineError
from pipeline.process import Stop, say
from pipeline.settings import ForwarderSettings


def main(arguments: Sequence[str] | None = None) -> int:
    """The same exit status as the reference's."""
    all_of_them = MUTANTS | CLEAN
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("name", nargs="?", choices=sorted(all_of_them))
    name = parser.parse_args(arguments).name
    if name is None:
        for mutant in all_of_them.values():
            print(f"{mutant.name:<16}{mutant.bug}")
        return 0
    try:
        settings = ForwarderSettings.from_environment()
        stop = Stop(settings.stop_ms)
        stop.listen()
        all_of_them[name].forwarder(settings, stop).run()
    except PipelineError as error:
        say(f"{name}: {error}")
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
