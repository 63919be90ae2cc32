"""`python -m examples`: builds each example, runs it through the verifier, and compares the verdict with the expected.

Exit status 0 where all came as expected, 1 where not. An example that did not show what it must runs again with another
seed, six times at most. Needs what the examples are built with: uv, Node.js with npm, Go, a JDK with Maven.
`--known-bugs` runs the known bugs of clients in their place, each version with five seeds.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from examples.catalogue import read_examples
from examples.runner import Result, verify_examples


def main(arguments: Sequence[str] | None = None) -> int:
    examples = read_examples()
    names = dict.fromkeys(example.name for example in examples)
    parser = argparse.ArgumentParser(
        prog="python -m examples", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", action="append", choices=names, metavar="NAME", help="this example (may be given again)"
    )
    parser.add_argument("--known-bugs", action="store_true", help="the known bugs of clients, in place of the others")
    parser.add_argument("--list", action="store_true", help="say which there are, and what is expected of each")
    parser.add_argument("--seed", type=int, default=1, help="of the workload and of the faults (1)")
    parser.add_argument("--directory", type=Path, metavar="DIR", help="keep the runs there; else they are removed")
    parser.add_argument("--json", action="store_true", help="a JSON document on standard output")
    given = parser.parse_args(arguments)
    chosen = [
        example
        for example in examples
        if (example.name in given.only if given.only else example.known_bug is given.known_bugs)
    ]
    if given.list:
        for example in chosen:
            print(
                f"{example.name:<32}{example.expected.framework} {example.expected.version}: {example.expected.verdict}"
            )
        return 0
    results = []
    kept = nullcontext(given.directory) if given.directory else tempfile.TemporaryDirectory(prefix="examples-")
    with kept as directory:
        for result in verify_examples(chosen, given.seed, Path(directory)):
            results.append(result)
            if not given.json:
                print(told(result), flush=True)
    if given.json:
        print(json.dumps([result.to_json() for result in results]))
    return 1 if any(result.fault for result in results) else 0


def told(result: Result) -> str:
    """A line for a result, and lines for what is wrong with it."""
    outcome = result.verdict.outcome if result.verdict else "no verdict"
    found = ", ".join(f"{count} {anomaly}" for anomaly, count in result.found.items())
    again = f" · run {result.runs}" if result.runs > 1 else ""
    if result.example.known_bug:
        again = f" · {result.hits} of {result.runs} runs"
    sign = "✘" if result.fault else "✔"
    name = f"{result.example.name} {result.example.expected.version}"
    lines = [f"{sign} {name:<38}{outcome:<11}{result.seconds:6.1f} s{again}  {found}".rstrip()]
    if result.fault:
        lines.append(f"    {result.fault}")
        lines += [f"    {sentence}" for sentence in (result.verdict.missing if result.verdict else ())]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
