"""How long things took, from when they were *meant* to happen: HDR histograms of each process, merged at the master.

Locust keeps two digits, and its users wait for an answer before they ask again: when the system stalls they ask less,
and the stall is one slow request among many that were quick. Measured from the intended time, all that should have
happened meanwhile was late too.
"""

from dataclasses import dataclass

from hdrh.histogram import HdrHistogram

LONGEST_US = 3_600_000_000
DIGITS = 3
PERCENTILES = (50.0, 90.0, 99.0, 99.9, 100.0)


class Latencies:
    """Successes by name, in microseconds, and how many failed."""

    def __init__(self) -> None:
        self._histograms: dict[str, HdrHistogram] = {}
        self._failures: dict[str, int] = {}

    def success(self, name: str, seconds: float) -> None:
        self._of(name).record_value(min(LONGEST_US, max(1, round(seconds * 1e6))))

    def failure(self, name: str) -> None:
        self._of(name)
        self._failures[name] += 1

    def expect(self, name: str) -> None:
        """Say that a request of this name should succeed: without any, nothing is measured."""
        self._of(name)

    def _of(self, name: str) -> HdrHistogram:
        if name not in self._histograms:
            self._histograms[name] = HdrHistogram(1, LONGEST_US, DIGITS)
            self._failures[name] = 0
        return self._histograms[name]

    def take(self) -> dict[str, tuple[str, int]]:
        """All so far as plain values, to be sent to another process; counting begins anew."""
        taken = {name: (kept.encode().decode(), self._failures[name]) for name, kept in self._histograms.items()}
        self.clear()
        return taken

    def clear(self) -> None:
        self._histograms.clear()
        self._failures.clear()

    def add(self, taken: dict[str, tuple[str, int]]) -> None:
        """What another process has taken."""
        for name, (encoded, failures) in taken.items():
            self._of(name).decode_and_add(encoded)
            self._failures[name] += failures

    def summaries(self) -> list["Summary"]:
        return [
            Summary(
                name=name,
                count=histogram.get_total_count(),
                failures=self._failures[name],
                ms={share: histogram.get_value_at_percentile(share) / 1000 for share in PERCENTILES},
            )
            for name, histogram in sorted(self._histograms.items())
        ]


@dataclass(frozen=True)
class Summary:
    """The successes of a name, in milliseconds by percentile, and its failures."""

    name: str
    count: int
    failures: int
    ms: dict[float, float]

    def line(self) -> str:
        shares = "  ".join(f"p{share:g} {ms:.1f}" for share, ms in self.ms.items())
        return f"{self.name:<24}{self.count:>10,} ok {self.failures:>8,} failed   ms: {shares}"


@dataclass(frozen=True)
class Objectives:
    """What a run must keep to: a bound on the 99th percentile in milliseconds, and on the share that failed."""

    p99_ms: float
    failures: float

    def missed(self, summaries: list[Summary]) -> list[str]:
        """A sentence for each objective that was missed; a run that measured nothing has missed all."""
        sentences = [] if summaries else ["nothing was measured"]
        for summary in summaries:
            if not summary.count:
                sentences.append(f"{summary.name}: nothing succeeded")
            share = summary.failures / max(1, summary.count + summary.failures)
            if share > self.failures:
                sentences.append(f"{summary.name}: {share:.2%} failed, above {self.failures:.2%}")
            if summary.count and summary.ms[99.0] > self.p99_ms:
                sentences.append(f"{summary.name}: p99 is {summary.ms[99.0]:,.1f} ms, above {self.p99_ms:,.0f} ms")
        return sentences
