"""What a probe has shown, as the document that `probe --json` prints and its table shows."""

from pydantic import BaseModel, ConfigDict

from streamproof.kafka import requests
from streamproof.probe.ask import Asked, ask
from streamproof.probe.question import Sign

REPLICATION = 3  # where there are as many brokers


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProbedMoment(_Document):
    """A question, and what the cluster answered. `sign`: absent is what it does not offer, and need not.

    `lets_through`: the anomalies that a wrong answer brings about, or hides.
    """

    name: str
    about: str
    asked: str
    right: str
    answered: str
    sign: Sign
    lets_through: tuple[str, ...]


class ProbeReport(_Document):
    """`left_behind`: topics and groups of the probe's own that the cluster did not let be deleted."""

    cluster: str
    brokers: int
    moments: tuple[ProbedMoment, ...]
    left_behind: tuple[str, ...]

    def count(self, sign: Sign) -> int:
        return sum(moment.sign is sign for moment in self.moments)


def report(bootstrap: str) -> ProbeReport:
    """All questions, asked of a running cluster; `ClusterError` when no broker can be reached."""
    brokers = len(requests.find_metadata(bootstrap).brokers)
    return _report_of(bootstrap, brokers, ask(bootstrap, replication=min(brokers, REPLICATION)))


def _report_of(bootstrap: str, brokers: int, asked: Asked) -> ProbeReport:
    moments = tuple(
        ProbedMoment(
            name=question.name,
            about=question.about,
            asked=question.asked,
            right=question.right,
            answered=answer.told,
            sign=answer.sign,
            lets_through=question.lets_through,
        )
        for question, answer in asked.answers
    )
    return ProbeReport(cluster=bootstrap, brokers=brokers, moments=moments, left_behind=asked.left_behind)
