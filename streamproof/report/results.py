"""What a run leaves in Allure's results: its verdict, its report, the witnesses, the logs, and where it ran."""

import csv
import io
import platform
import re
from collections.abc import Iterable
from fcntl import LOCK_EX, flock
from html import escape
from pathlib import Path

import allure
import confluent_kafka
import pyarrow.parquet as pq
from rich.text import Text

from streamproof import __version__
from streamproof.checks import Status, Verdict
from streamproof.cluster import OwnedCluster
from streamproof.engine.run import Run
from streamproof.history.store import History
from streamproof.report.page import page, summary
from streamproof.report.text import explain

SHOWN_WITNESSES = 20
LAST_LINES = 30
TAIL_BYTES = 16_384  # more than the last lines of a log


def describe(words: str, runs: Iterable[tuple[Verdict, History]]) -> None:
    """Describe the test that is running, where its page is read first.

    By its own words, and by the summary of each run: verdict, timeline, and the command that repeats it.
    """
    summaries = (summary(verdict, history, history.directory.parent) for verdict, history in runs)
    allure.dynamic.description_html("\n".join([f"<p>{escape(words.strip())}</p>", *summaries]))


def attach_verdict(verdict: Verdict, history: History) -> None:
    """Attach the verdict of a finished run, its report and its first witnesses to the test that is running."""
    allure.attach(Text.from_markup(explain(verdict, history)).plain, "verdict", allure.attachment_type.TEXT)
    allure.attach(page(verdict, history, history.directory.parent), "report", allure.attachment_type.HTML)
    for finding in verdict.findings:
        if finding.witnesses and finding.status in (Status.FORBIDDEN, Status.NEVER_UPHELD):
            table = _first_rows(history.directory.parent / "witnesses" / f"{finding.anomaly}.parquet")
            name = f"{finding.anomaly}: {min(finding.witnesses, SHOWN_WITNESSES)} of {finding.witnesses} witnesses"
            allure.attach(table, name, allure.attachment_type.CSV)


def attach_logs(run: Run) -> None:
    """Attach the subject's and the brokers' logs to the test that is running: their last lines, and all of each."""
    logs = sorted({process.log for process in run.supervisor.current_all()})
    if isinstance(run.cluster, OwnedCluster):
        logs += map(run.cluster.log, run.cluster.brokers)
    with allure.step("Logs"):
        last = "\n\n".join(f"── {log.name}\n{_last_lines(log)}" for log in logs)
        allure.attach(last, "last lines", allure.attachment_type.TEXT)
        for log in logs:
            allure.attach.file(log, log.name, allure.attachment_type.TEXT)


def write_environment(directory: Path, run: Run) -> None:
    """Write environment.properties among the results: the report shows from it where its tests ran.

    The seeds are those of all runs that have results there, from whichever of pytest's workers.
    """
    with (directory / "environment.properties").open("a+") as file:
        flock(file, LOCK_EX)
        file.seek(0)
        before = re.search("^Seeds = (.+)$", file.read(), re.MULTILINE)
        seeds = {run.spec.seed, *(map(int, before[1].split(", ")) if before else ())}
        file.truncate(0)
        file.write(_environment(run, seeds))


def _environment(run: Run, seeds: Iterable[int]) -> str:
    values = {
        "Apache Kafka": run.cluster.version,
        "Backend": run.cluster.backend,
        "Brokers": len(run.cluster.brokers),
        "librdkafka": confluent_kafka.libversion()[0],
        "Python": platform.python_version(),
        "Seeds": ", ".join(map(str, sorted(seeds))),
        "Streamproof": __version__,
    }
    return "".join(f"{name.replace(' ', chr(92) + ' ')} = {value}\n" for name, value in values.items())


def _first_rows(path: Path) -> str:
    table = pq.read_table(path).slice(0, SHOWN_WITNESSES)
    text = io.StringIO()
    rows = csv.DictWriter(text, table.column_names)
    rows.writeheader()
    rows.writerows(table.to_pylist())
    return text.getvalue()


def _last_lines(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL_BYTES))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-LAST_LINES:]) or "(empty)"
