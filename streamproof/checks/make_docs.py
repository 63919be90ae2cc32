"""The page of anomalies, made from the headers of the SQL files: `python -m streamproof.checks.make_docs`."""

from pathlib import Path

from streamproof.checks.catalogue import HERE, Check, load_checks, read_header
from streamproof.history.promise import Delivery

PAGE = Path("docs/anomalies.md")
INTRODUCTION = """\
# Anomalies
What a history is judged by. Each anomaly is an SQL query in `streamproof/checks/`, whose rows are the witnesses, and a
second query, `….evidence.sql`, for what the run must have shown before the absence of witnesses means anything. This
page is made from the queries' own headers.

The first witness of each anomaly is told as a story: what was sent and when, who owned its partition, each effect, who
committed past it and when, and the faults that were *between*: that began or ended in the time between the two moments
that contradict the promise, on a broker, or on an instance that owned the partition or wrote what is told of. Where the
record leaves open which instance that was, neither a fault nor its absence is told.

To add an anomaly, write the two files and a row in `guarantees.toml`. Any columns will do for witnesses; its story is
found by `id` where an input is at fault, and by `channel`; without an input by the place of a record (`topic`,
`part`, `off`), by a commit (`n`), or by a transaction (`tid`, `t_from`). `-- between: committed, effect` in the
header names the two moments, of those that the views `moment_of_…` give, and `-- causes: … | …` what the anomaly
usually comes from. Evidence is rows of `evidence` (what there must be: a noun, as in "no crashes"), `seen` (how
many), `enough` (true, false, or null where this run gives nothing to judge) and, if need be, `unseen` (true where
that is because it could not be seen), `of_faults` (true where only what is broken on purpose brings it about),
`needed` (how much would be enough; 1 where it is left out) and `advice` (what to change to see more). A project adds
its own by a directory of such files, with `-- forbidden: exactly-once, …` in the header in the row's place. `checks =
"DIR"`, above the tables of `streamproof.toml`, has every run judged by them too; `streamproof check` does it with
`--checks DIR`. With `-- witness: input {id} went astray at {t:clock}` its witnesses are told in words, and not in
columns.

An anomaly is *not judged* for one of two reasons, and the verdict names it. **Nothing happened that it could be
about**: evidence is null, as for torn in a run without any transaction. That is a note, and the run may be upheld. Or
**what happened could not be seen**: a table that the check needs is not in the history, as where a cluster refuses to
have `__transaction_state` read, or a topic of the subject's own holds records that name no input. Then a run is
unproven where the anomaly is forbidden, for there may have been witnesses. Whoever accepts that says so: `--without
torn`, of `verify` and `check`, or `without = ["torn"]` above the tables of `streamproof.toml`. The verdict then
stands "without: torn". A witness that is there still counts, and the core can never be left out: lost, duplicated,
reordered, late and record-gap.
"""


def page() -> str:
    """The whole page, as Markdown."""
    checks = load_checks()
    views = sorted((HERE / "views").glob("*.sql"))
    return "\n".join(
        [
            INTRODUCTION,
            "## Guarantees",
            _row("anomaly", *Delivery),
            _row("---", *("---" for _ in Delivery)),
            *(
                _row(f"[{check.name}](#{check.name})", *(check.meanings[delivery] for delivery in Delivery))
                for check in checks
            ),
            "",
            *(_section(check) for check in checks),
            "## Views",
            "What several queries share, beside the history's own tables and the one-row table `promise`.",
            "A query sees of each table what is the judged group's.\n",
            _row("view", "what it is"),
            _row("---", "---"),
            *(_row(f"`{path.stem}`", read_header(path.read_text(), path)["definition"]) for path in views),
            "",
        ]
    )


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _section(check: Check) -> str:
    evidence = check.evidence.split("\nSELECT", 1)[0].split("\nWITH", 1)[0]
    shown = " ".join(line.removeprefix("--").strip() for line in evidence.splitlines())
    facts = [f"- **Origin** {check.origin}", f"- **Assumes** {check.assumes}", f"- **Evidence** {shown}"]
    if check.uses:
        facts.append(f"- **Uses, where it is there** {', '.join(f'`{use}`' for use in sorted(check.uses))}")
    causes = ["", "Usual causes:", *(f"- {cause[0].upper()}{cause[1:]}" for cause in check.causes)]
    meant = f"{check.definition[0].upper()}{check.definition[1:]}\n"
    return "\n".join([f"## {check.name}", meant, *facts, *causes, ""])


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())
