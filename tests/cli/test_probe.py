"""`streamproof probe` as its user meets it: Apache Kafka is right at every moment, the client's mock cluster is not."""

import io
import json

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

from streamproof.checks.catalogue import load_checks
from streamproof.cluster import Cluster
from streamproof.kafka.groups import list_groups
from streamproof.kafka.topics import list_topics
from streamproof.kafka.transactions import list_ongoing_transactions
from streamproof.make_schemas import schemas
from streamproof.probe import ask as asking
from streamproof.probe.ask import QUESTIONS, ask
from streamproof.probe.client import NotShown
from streamproof.probe.document import ProbedMoment, ProbeReport
from streamproof.probe.question import Answer, Question, Sign, question, saw
from streamproof.report.probe import probe_table
from tests.calling import Call
from tests.conftest import WaitUntil

# each question that the mock cluster is known to answer wrongly
MOCK_WRONG = {
    "abort-hidden", "open-held-back", "offsets-committed", "dead-aborted", "predecessor-aborted", "old-epoch-produce",
    "old-epoch-partitions", "old-epoch-add-offsets", "old-epoch-offsets", "old-epoch-end", "outside-transaction",
    "late-end", "require-stable", "sequence-again", "sequence-gap", "append-time",
}  # fmt: skip
MOMENT = ProbedMoment(
    name="x", about="log", asked="What", right="this", answered="that", sign=Sign.WRONG, lets_through=("lost",)
)
REPORT = ProbeReport(cluster="here:1", brokers=1, moments=(MOMENT,), left_behind=())


def test_apache_kafka_is_right_at_every_moment(call: Call, embedded_cluster: Cluster, wait_until: WaitUntil) -> None:
    """Status 0, a document that fits its schema; and no topic, group or open transaction is left."""
    servers = embedded_cluster.bootstrap_servers
    called = call("probe", "--bootstrap", servers, "--json")
    document = json.loads(called.out)
    assert [moment for moment in document["moments"] if moment["sign"] != "right"] == []
    assert (called.status, called.err) == (0, "")
    assert [moment["name"] for moment in document["moments"]] == [each.name for each in QUESTIONS]
    assert list(Draft202012Validator(schemas()["probe.json"]).iter_errors(document)) == []
    assert document["left_behind"] == []
    wait_until(lambda: not [name for name in list_topics(servers) if "probe" in name])
    assert not [name for name in list_groups(servers) if "probe" in name]
    open_now = list_ongoing_transactions(servers).values()
    assert not [one for one in open_now if "probe" in one.transactional_id]


def test_the_mock_cluster_is_told_by_each_of_its_wrong_answers(call: Call, mock_brokers: str) -> None:
    """Aborted records and zombies pass there; status 1, in bounded time, and what could not be deleted is told."""
    called = call("probe", "--bootstrap", mock_brokers, "--json")
    document = json.loads(called.out)
    wrong = {moment["name"] for moment in document["moments"] if moment["sign"] == "wrong"}
    assert (called.status, called.err) == (1, "")
    assert wrong == MOCK_WRONG
    assert len(document["left_behind"]) == len(QUESTIONS)


def test_nobody_there_is_no_answer(call: Call) -> None:
    """Status 2, and a sentence."""
    called = call("probe", "--bootstrap", "127.0.0.1:1")
    assert called.status == 2
    assert called.err.startswith("streamproof: no broker answers at 127.0.0.1:1 ")


@pytest.mark.parametrize(
    ("signs", "status"),
    [
        ([Sign.RIGHT, Sign.ABSENT], 0),
        ([Sign.RIGHT, Sign.UNKNOWN], 3),
        ([Sign.UNKNOWN, Sign.WRONG], 1),
    ],
)
def test_the_status_tells_the_worst_answer(
    call: Call, monkeypatch: pytest.MonkeyPatch, signs: list[Sign], status: int
) -> None:
    """What is not offered is no fault; what is not known is not right; what is wrong is told before."""
    moments = tuple(MOMENT.model_copy(update={"sign": sign}) for sign in signs)
    shown = REPORT.model_copy(update={"moments": moments})
    monkeypatch.setattr("streamproof.probe.document.report", lambda _: shown)
    assert call("probe").status == status


def test_the_table_names_what_a_wrong_answer_lets_through() -> None:
    """Beside what was asked, what is right, and what the cluster answered; and what is left there."""
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(probe_table(REPORT.model_copy(update={"left_behind": ("probe-1-a", "probe-1-b")})))
    shown = console.export_text()
    assert "✘  What   this           that          lost" in shown
    assert "here:1, 1 broker: 0 right, 1 wrong" in shown
    assert "2 topics or groups, probe-1-a … probe-1-b" in shown


def test_each_question_says_which_anomalies_it_lets_through() -> None:
    """By their names in the catalogue; no two questions have a name."""
    known = {anomaly.name for anomaly in load_checks()}
    assert {name for each in QUESTIONS for name in each.lets_through} <= known
    assert len({each.name for each in QUESTIONS}) == len(QUESTIONS)


def _own(fails: Exception | None) -> Question:
    @question("log", right="this", lets_through=())
    def own(_: object) -> Answer:
        """What is asked"""
        if fails:
            raise fails
        return saw(True, "this")

    return own


@pytest.mark.parametrize(
    ("fails", "sign"), [(None, Sign.RIGHT), (NotShown("before"), Sign.UNKNOWN), (IndexError(), Sign.UNKNOWN)]
)
def test_what_fails_on_the_way_leaves_its_question_open(
    embedded_cluster: Cluster, fails: Exception | None, sign: Sign
) -> None:
    """Neither right nor wrong: the question itself was not answered."""
    asked = ask(embedded_cluster.bootstrap_servers, replication=3, questions=[_own(fails)])
    assert [answer.sign for _, answer in asked.answers] == [sign]


def test_a_question_without_an_end_is_given_up(embedded_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is unknown, and what it has made is deleted all the same."""
    monkeypatch.setattr(asking, "ALL_S", 0.0)
    asked = ask(embedded_cluster.bootstrap_servers, replication=3, questions=[_own(NotShown("slow"))])
    assert [answer.sign for _, answer in asked.answers] == [Sign.UNKNOWN]
    assert asked.left_behind == ()
