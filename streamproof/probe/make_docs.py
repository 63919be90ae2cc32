"""`python -m streamproof.probe.make_docs NAME=FILE …` writes the table of docs/probe.md.

Each FILE is what `streamproof probe --json` has printed about a broker, NAME the head of its column.
"""

import sys
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path

from streamproof.probe.ask import QUESTIONS
from streamproof.probe.document import ProbedMoment, ProbeReport
from streamproof.probe.question import Sign

PAGE = Path("docs/probe.md")
BEGIN, END = "<!-- made from runs -->\n", "<!-- end -->\n"
SIGNS = {Sign.RIGHT: "✔", Sign.WRONG: "✘", Sign.UNKNOWN: "?", Sign.ABSENT: "–"}


def table(reports: Mapping[str, ProbeReport]) -> str:
    """A row for each question, a column for each broker; where an answer is right, its sign says it all."""
    answers = {name: {each.name: each for each in report.moments} for name, report in reports.items()}
    lines = [
        f"| what is asked | a right Kafka | lets through | {' | '.join(answers)} |",
        f"|---|---|---|{'---|' * len(answers)}",
    ]
    for about, questions in groupby(QUESTIONS, lambda question: question.about):
        lines.append(f"| **{about}** | | |{' |' * len(answers)}")
        for each in questions:
            cells = " | ".join(_cell(told[each.name]) for told in answers.values())
            lines.append(f"| {each.asked} | {each.right} | {', '.join(each.lets_through)} | {cells} |")
    return "\n".join(lines) + "\n"


def _cell(moment: ProbedMoment) -> str:
    return SIGNS[moment.sign] + ("" if moment.sign is Sign.RIGHT else f" {moment.answered}")


def write(reports: Mapping[str, ProbeReport]) -> None:
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(before + BEGIN + table(reports) + END + after)


if __name__ == "__main__":
    pairs = (argument.split("=", 1) for argument in sys.argv[1:])
    write({name: ProbeReport.model_validate_json(Path(file).read_bytes()) for name, file in pairs})
