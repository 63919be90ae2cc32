"""The report of a run: a single HTML file that needs no server, no network and no other file; and its summary."""

import base64
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from streamproof import __version__
from streamproof.checks import Finding, Status, Verdict
from streamproof.errors import ReportError
from streamproof.history.store import History
from streamproof.report.drawing import Picture
from streamproof.report.text import is_amiss, others, sentence, shown, witnesses_of
from streamproof.report.timeline import US, Timeline, read_timeline

NAME = "report.html"
USERINFO = re.compile(r"(?<=://)[^\s/@]+(?=@)")  # of a URL: it may hold a password


def page(verdict: Verdict, history: History, directory: Path, again: str | None = None) -> str:
    """The report as HTML. `directory`: of the run, where its witnesses are.

    `again`: the command that repeats the run, if the run's record has none. Without any, the report tells the command
    that judges the run again. HistoryError for a history, or witnesses, that cannot be read.
    """
    timeline = _timeline(verdict, history, directory)
    return _render(
        "page.html.jinja",
        verdict=verdict,
        history=history,
        record=history.record,
        version=__version__,
        sentence=sentence(verdict, history.record.subject),
        date=datetime.fromtimestamp(history.record.started_at / US, UTC).date(),
        shown=shown(verdict, history),
        timeline=timeline,
        picture=Picture(timeline),
        alone=False,
        findings=sorted(verdict.findings, key=lambda finding: not is_amiss(finding)),
        kept=_kept(directory),
        is_amiss=is_amiss,
        status=_status,
        others=others,
        again=_again(history, directory, again),
    )


def summary(verdict: Verdict, history: History, directory: Path) -> str:
    """The verdict in a sentence, the timeline as a picture, and the command that repeats the run, as a piece of HTML.

    For a place that takes plain elements alone: without style, script or SVG. `directory`: as for `page`.
    """
    timeline = _timeline(verdict, history, directory)
    picture = _render("timeline.svg.jinja", timeline=timeline, picture=Picture(timeline), alone=True)
    return _render(
        "summary.html.jinja",
        verdict=verdict,
        sentence=sentence(verdict, history.record.subject),
        picture=base64.b64encode(picture.encode()).decode(),
        again=_again(history, directory),
    )


def _kept(directory: Path) -> Path:
    return directory / "witnesses"


def _timeline(verdict: Verdict, history: History, directory: Path) -> Timeline:
    kept = _kept(directory)
    files = {finding.anomaly: kept / f"{finding.anomaly}.parquet" for finding in verdict.findings if is_amiss(finding)}
    return read_timeline(history, verdict.group, files)


def _again(history: History, directory: Path, again: str | None = None) -> str:
    return USERINFO.sub("…", again or history.record.again or shlex.join(["streamproof", "check", str(directory)]))


def _render(template: str, **values: object) -> str:
    environment = Environment(
        loader=PackageLoader("streamproof.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = _code
    return environment.get_template(template).render(values)


def write_page(verdict: Verdict, history: History, directory: Path, again: str | None = None) -> Path:
    """The file of the report, in the run's `directory`; ReportError when it cannot be written. See `page`."""
    return _written(directory / NAME, page(verdict, history, directory, again))


def write_html(path: Path, template: str, **values: object) -> Path:
    """A page made from a template of this package; ReportError when it cannot be written."""
    return _written(path, _render(template, **values))


def _written(path: Path, text: str) -> Path:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ReportError(f"{path} cannot be written ({error.strerror}); clear the way, or judge a copy") from error
    return path


def _status(finding: Finding) -> str:
    if finding.reason is not None:
        return f"not judged: {finding.reason}"
    if not finding.witnesses:
        return "none seen"
    return witnesses_of(finding) + (", allowed" if finding.status is Status.COUNTED else "")


def _code(text: str) -> Markup:
    """Words between backticks as code."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before
