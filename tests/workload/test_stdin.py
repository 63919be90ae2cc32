"""Feeding a subject through its standard input."""

import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from streamproof.contract.flags import contract_from_flags
from streamproof.history.terms import SendOutcome
from streamproof.workload import StdinWorkload, make_events
from streamproof.workload.answered import STDIN

CONTRACT = contract_from_flags(input_topic="a", output_topics=[], group="g", identity="json:/id")
EVENTS = tuple(make_events(CONTRACT, count=300, seed=1, aborted=0))
ECHO = """
import json, sys
for offset, line in enumerate(sys.stdin):
    print("talk")
    print(json.dumps({"outcome": "ok", "id": json.loads(line)["id"], "partition": 2, "offset": offset}), flush=True)
"""
Start = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a small program with pipes; it is ended after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(program: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-c", textwrap.dedent(program)]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def test_each_answer_is_an_outcome(start: Start) -> None:
    """A row for each event with what the answer says; other lines are passed over."""
    process = start(ECHO)
    rows: list[Any] = []
    workload = StdinWorkload(CONTRACT, lambda _: process)
    workload.run(EVENTS, rows.extend)
    assert [row["id"] for row in rows] == [event.id for event in EVENTS]
    assert {(row["outcome"], row["part"], row["producer"]) for row in rows} == {("ok", 2, "stdin-1")}
    assert [row["off"] for row in rows] == list(range(300))
    assert workload.fates == {event.id: (event.seq, event.fate) for event in EVENTS}


def test_an_answer_may_be_that_it_failed_or_is_not_known(start: Start) -> None:
    """The subject's own word is taken, and has no place in the log then."""
    process = start(ECHO.replace('"ok"', '["fail", "unknown"][offset % 2]'))
    rows: list[Any] = []
    StdinWorkload(CONTRACT, lambda _: process).run(EVENTS, rows.extend)
    assert Counter(row["outcome"] for row in rows) == {"fail": 150, "unknown": 150}
    assert {row["off"] for row in rows} == {None}


def test_each_key_has_one_instance(start: Start) -> None:
    """So that the order of its events is for that instance to keep."""
    processes = {1: start(ECHO), 2: start(ECHO)}
    rows: list[Any] = []
    StdinWorkload(CONTRACT, processes.__getitem__, instances=2).run(EVENTS, rows.extend)
    assert {row["producer"] for row in rows} == {"stdin-1", "stdin-2"}
    assert len({(row["key"], row["producer"]) for row in rows}) == len({event.key for event in EVENTS})


LEAVING = """
        if offset == 100:
            os.close(1)
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            signal.pause()
"""


def test_what_a_process_leaves_unanswered_is_unknown(start: Start) -> None:
    """It falls silent after a hundred answers, and dies later; its successor is given the rest, and nothing twice."""
    program = textwrap.dedent(ECHO).replace("json, sys", "json, os, signal, sys")
    first, _, rest = program.partition('    print("talk")')
    leaving = textwrap.indent(textwrap.dedent(LEAVING), "    ")
    processes = [start(f'{first}{leaving}    print("talk"){rest}')]

    def current(_: int) -> "subprocess.Popen[bytes]":
        if processes[-1].poll() is not None:
            processes.append(start(ECHO))
        return processes[-1]

    rows: list[Any] = []
    workload = StdinWorkload(CONTRACT, current)
    # 150 are ended, by an answer or by its end, before the rest is let through
    workload.run(EVENTS, rows.extend, gate=lambda: 0.5 if workload.counts.total() < 150 else 1.0)
    assert Counter(row["id"] for row in rows) == Counter(event.id for event in EVENTS)
    outcomes = Counter(row["outcome"] for row in rows)
    assert set(outcomes) == {"ok", "unknown"}
    assert outcomes["unknown"] <= 50
    assert workload.accounted() == {(STDIN, 1): 300}


def test_when_stopped_nothing_more_is_given(start: Start) -> None:
    """A subject that answers nothing holds nobody up."""
    process = start("import sys\nfor line in sys.stdin: pass")
    rows: list[Any] = []
    workload = StdinWorkload(CONTRACT, lambda _: process)

    def gate() -> float:
        if workload.sent == 30:
            workload.stop()
        return 0.1

    workload.run(EVENTS, rows.extend, gate=gate)
    assert [row["outcome"] for row in rows] == ["unknown"] * 30


PAIRS = """
import json, sys
def answer(line):
    print(json.dumps({"outcome": "ok", "id": json.loads(line)["id"]}), flush=True)
while first := sys.stdin.readline():
    answer(sys.stdin.readline())
    answer(first)
"""


def test_answers_account_for_lines_without_a_gap(start: Start) -> None:
    """Of each two lines the second is answered first: that alone accounts for neither."""
    process = start(PAIRS)
    workload = StdinWorkload(CONTRACT, lambda _: process)
    workload.run(EVENTS, lambda _: None)
    assert [(advance.part, advance.off) for advance in workload.advances] == [(1, off) for off in range(2, 301, 2)]
    assert [advance.t for advance in workload.advances] == sorted(advance.t for advance in workload.advances)
    assert workload.places == {event.id: (1, off) for off, event in enumerate(EVENTS)}
    assert workload.last() == {(STDIN, 1): 299}


def test_what_a_live_process_leaves_unanswered_is_not_accounted_for(start: Start) -> None:
    """It may still answer: the wait for it ends, and the lines behind it are answered and not accounted for."""
    process = start("print('up', flush=True)" + ECHO.replace("print(json", "offset == 10 or print(json"))
    assert process.stdout
    assert process.stdout.readline() == b"up\n"  # it is waited for half a second, and might start for longer
    rows: list[Any] = []
    workload = StdinWorkload(CONTRACT, lambda _: process, answer_s=0.5)
    workload.run(EVENTS, rows.extend)
    assert workload.accounted() == {(STDIN, 1): 10}
    assert [line.off for line in workload.given if line.outcome is None] == [10]
    assert [row["id"] for row in rows if row["outcome"] == SendOutcome.UNKNOWN] == [EVENTS[10].id]
