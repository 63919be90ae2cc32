"""Verdicts as JUnit's XML, which CI systems show: a suite for each run, a case for each anomaly."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path

from streamproof.checks import Finding, Outcome, Status, Verdict
from streamproof.errors import ReportError
from streamproof.history.store import History
from streamproof.report.text import promise_of, told_of, witnesses_of

US = 1_000_000
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(path: Path, judged: Iterable[tuple[Verdict, History]]) -> None:
    """The file of these verdicts: a failure is a broken promise, an error is what a run did not show."""
    suites = [_suite(verdict, history) for verdict, history in judged]
    root = ET.Element("testsuites", _counts(suites))
    root.extend(suites)
    ET.indent(root)
    try:
        ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise ReportError(f"{path} cannot be written ({error.strerror}); name another file after --junit") from error


def _suite(verdict: Verdict, history: History) -> ET.Element:
    record = history.record
    unjudged = verdict.outcome is Outcome.UNPROVEN  # a witness on a broker that is not trusted accuses nobody
    cases = [_case(finding, f"{record.subject}.{verdict.group}", untrusted=unjudged) for finding in verdict.findings]
    if verdict.untrusted:
        cases.append(ET.Element("testcase", {"classname": record.subject, "name": "broker", "time": "0"}))
        _said(cases[-1], "error", "unproven", verdict.untrusted)
    seconds = f"{(record.ended_at - record.started_at) / US:.3f}"
    suite = ET.Element("testsuite", {"name": f"{record.subject} (seed {record.seed})", "time": seconds})
    properties = {
        "outcome": verdict.outcome,
        "promise": promise_of(verdict),
        "seed": str(record.seed),
        "kafka": record.kafka_version,
        "history": str(history.directory),
        "again": record.again or "",
    }
    listed = ET.SubElement(suite, "properties")
    for name, value in properties.items():
        ET.SubElement(listed, "property", {"name": name, "value": _clean(value)})
    suite.extend(cases)
    suite.attrib |= _counts([suite])
    return suite


def _case(finding: Finding, classname: str, *, untrusted: bool) -> ET.Element:
    case = ET.Element("testcase", {"classname": _clean(classname), "name": finding.anomaly, "time": "0"})
    if finding.witnesses and finding.status is Status.FORBIDDEN:
        tag, kind = ("error", "unproven") if untrusted else ("failure", "violated")
        _said(case, tag, kind, told_of(finding), f"{witnesses_of(finding)}: {finding.told[0]}")
    elif lacking := finding.lacking:
        _said(case, "error", "unproven", lacking)
    elif finding.reason is not None:
        ET.SubElement(case, "skipped", {"message": _clean(finding.reason)})
    elif finding.witnesses:
        ET.SubElement(case, "system-out").text = f"allowed: {witnesses_of(finding)}"
    return case


def _said(case: ET.Element, tag: str, kind: str, sentences: Iterable[str], head: str = "") -> None:
    first, *_ = told = [_clean(sentence) for sentence in sentences]
    ET.SubElement(case, tag, {"type": kind, "message": _clean(head or first)}).text = "\n".join(told)


def _counts(elements: Iterable[ET.Element]) -> dict[str, str]:
    elements = list(elements)
    names = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    return {name: str(sum(len(list(each.iter(tag))) for each in elements)) for name, tag in names.items()}


def _clean(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return _NO_XML.sub("�", text)
