"""Where the effects that a contract promises lie: on topics, and in the rows of queries."""

from collections.abc import Mapping

from streamproof.contract.model import Contract
from streamproof.engine.spec import queried
from streamproof.recording.databases import EffectQuery
from streamproof.recording.logs import EffectTopic
from streamproof.subject import SubjectSpec
from streamproof.subject.spec import fill


def effect_topics(contract: Contract) -> tuple[EffectTopic, ...]:
    """Those of the channels that are topics, dead letters last."""
    topics = [one for one in contract.produces if one.channel.query is None]
    effects = [EffectTopic(p.channel.name, p.channel.topic, p.identity, p.per_input) for p in topics]
    if dead := contract.dead_letters:
        effects.append(EffectTopic(dead.channel.name, dead.channel.topic, dead.identity, dead_letters=True))
    return tuple(effects)


def effect_queries(subject: SubjectSpec, contract: Contract, values: Mapping[str, str]) -> tuple[EffectQuery, ...]:
    """Channels that are queries, each in the subject's database, whose placeholders `values` fill."""
    return tuple(
        EffectQuery(name, fill(subject.databases[name], values), one.channel.query or "", one.identity, one.per_input)
        for name, one in queried(subject, contract).items()
    )
