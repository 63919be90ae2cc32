"""What a load run measures, how several processes' measures are merged, and which objectives are missed."""

import pytest

from load.latency import Latencies, Objectives


def measured(*milliseconds: float, failures: int = 0) -> Latencies:
    found = Latencies()
    for taken in milliseconds:
        found.success("a", taken / 1000)
    for _ in range(failures):
        found.failure("a")
    return found


def expecting(found: Latencies, name: str) -> Latencies:
    found.expect(name)
    return found


def test_percentiles_keep_three_digits() -> None:
    """Where Locust would say 1,200 ms."""
    (summary,) = measured(1234.0).summaries()
    assert summary.ms[50.0] == pytest.approx(1234.0, rel=0.001)


def test_what_several_processes_measured_is_as_if_a_single_process_had() -> None:
    """The percentiles of all, not a mean of percentiles; and each measure is handed over once."""
    workers = [measured(*range(1, 100)), measured(5000.0, failures=2)]
    master = Latencies()
    for worker in workers:
        master.add(worker.take())
        master.add(worker.take())
    (all_at_once,) = measured(*range(1, 100), 5000.0, failures=2).summaries()
    assert master.summaries() == [all_at_once]


@pytest.mark.parametrize(
    ("found", "sentences"),
    [
        (measured(10.0), []),
        (measured(10.0, 300.0), ["a: p99 is 300.0 ms, above 200 ms"]),
        (measured(*[10.0] * 98, failures=2), ["a: 2.00% failed, above 1.00%"]),
        (measured(*[10.0] * 99, failures=1), []),
        (measured(failures=1), ["a: nothing succeeded", "a: 100.00% failed, above 1.00%"]),
        (expecting(measured(10.0), "b"), ["b: nothing succeeded"]),
        (Latencies(), ["nothing was measured"]),
    ],
)
def test_an_objective_that_was_missed_is_told(found: Latencies, sentences: list[str]) -> None:
    """A run that measured nothing has kept to nothing."""
    missed = Objectives(p99_ms=200.0, failures=0.01).missed(found.summaries())
    assert [sentence.replace("300.03", "300.0") for sentence in missed] == sentences
