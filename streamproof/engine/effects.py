"""Where the effects that a contract promises lie: on topics, and in the rows of queries."""

from collections.abc import Mapping
from dataclasses import dataclass

from streamproof.contract.model import Contract
from streamproof.engine.spec import queried
from streamproof.recording.expectations import Caused, EffectQuery
from streamproof.recording.topics import EffectTopic
from streamproof.subject import SubjectSpec
from streamproof.subject.placeholders import fill


@dataclass(frozen=True)
class EffectChannels:
    """The channels of a run's effects; dead letters are the last of the topics."""

    topics: tuple[EffectTopic, ...]
    queries: tuple[EffectQuery, ...]

    @property
    def all(self) -> tuple[Caused, ...]:
        return (*self.topics, *self.queries)


def effect_channels(subject: SubjectSpec, contract: Contract, values: Mapping[str, str]) -> EffectChannels:
    """Those of a contract. Channels that are queries lie in the subject's databases; `values` fill its placeholders."""
    topics = [
        EffectTopic(
            produced.channel.name, produced.channel.topic, produced.identity, produced.per_input, holds=produced.holds,
            partitions=produced.channel.partitions,
        )
        for produced in contract.produces
        if produced.channel.query is None
    ]  # fmt: skip
    if dead := contract.dead_letters:
        topics.append(EffectTopic(dead.channel.name, dead.channel.topic, dead.identity, dead_letters=True))
    queries = [
        EffectQuery(
            name, fill(subject.databases[name], values), produced.channel.query or "", produced.identity,
            produced.per_input, holds=produced.holds,
        )
        for name, produced in queried(subject, contract).items()
    ]  # fmt: skip
    return EffectChannels(tuple(topics), tuple(queries))
