"""`verify --run` with pipelines that are not ours, and on a cluster that was started elsewhere."""

import shlex
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from streamproof.checks import Outcome, Status
from streamproof.cluster import EmbeddedCluster, kafka_jars
from streamproof.cluster.artifacts import cached, parse_pins
from streamproof.config.file import ClusterConfig
from streamproof.engine.events import QuietReached, SessionEvent
from streamproof.engine.request import Request, plan_of, spec_of, verify
from streamproof.engine.session import Session
from streamproof.errors import SubjectError, UsageError
from streamproof.faults.plan import NO_BROKERS
from streamproof.history.promise import Delivery, Isolation
from streamproof.report.text import explain
from streamproof.serde.locators import Locator
from tests.java import compiled

FOREIGN = Path(__file__).parent / "foreign"
JVM = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
STAGES = shlex.join([sys.executable, str(FOREIGN / "stages.py")])
LOOP = shlex.join([sys.executable, str(FOREIGN / "loop.py")])
STORED = shlex.join([sys.executable, str(FOREIGN / "stored.py")])


@pytest.fixture
def elsewhere(embedded_cluster: EmbeddedCluster) -> str:
    """The address of a cluster that no run of these tests has started."""
    return embedded_cluster.bootstrap_servers


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A session with a cluster of its own, on which every group is the subject's."""
    with Session(ClusterConfig(brokers=1), logs=tmp_path_factory.mktemp("logs")) as session:
        yield session


def loop_request(directory: Path, servers: str, promise: Delivery) -> Request:
    name = directory.name
    return Request(
        directory=directory,
        seed=3,
        command=f"{LOOP} {{bootstrap_servers}} {name} in-{name} out-{name}",
        input_topic=f"in-{name}",
        output_topics=(f"out-{name}",),
        group=name,
        promise=promise,
        instances=2,
        events=2_000,
        cluster=servers,
    )


def test_a_plain_loop_keeps_at_least_once_on_a_cluster_that_was_started_elsewhere(
    elsewhere: str, tmp_path: Path
) -> None:
    """What it repeats when it is killed is counted; brokers that are not ours are not broken, and that is said."""
    judged = verify(loop_request(tmp_path, elsewhere, Delivery.AT_LEAST_ONCE))
    verdict, history = judged.verdict, judged.history
    assert verdict.outcome is Outcome.UPHELD, explain(verdict)
    assert history.record.backend == "existing"
    assert NO_BROKERS in history.record.not_shown


@pytest.mark.parametrize(
    ("identity", "found"), [("key", 'the id of an input: there lies "s3-k'), ("header:nothing", "an id; say where")]
)
def test_effects_whose_ids_lie_elsewhere_are_a_mistake_of_the_contract(
    elsewhere: str, tmp_path: Path, *, identity: str, found: str
) -> None:
    """Each would be called lost, and a phantom too: that is told early, and not of the pipeline."""
    spec = spec_of(loop_request(tmp_path, elsewhere, Delivery.AT_LEAST_ONCE), None, 3)
    (produced,) = spec.contract.produces
    elsewhere_in_it = replace(produced, identity=Locator.parse(identity))
    spec = replace(spec, contract=replace(spec.contract, produces=(elsewhere_in_it,)))
    told: list[SessionEvent] = []
    with (
        pytest.raises(UsageError, match=rf"effects on out-{tmp_path.name} has at {identity} {found}"),
        Session(ClusterConfig(where=elsewhere), logs=tmp_path / "logs", listeners=[told.append]) as session,
    ):
        session.verify(spec)
    assert not any(isinstance(event, QuietReached) for event in told), "not at the end of the run"


def test_a_subject_that_dies_again_and_again_without_a_fault_ends_the_run(elsewhere: str, tmp_path: Path) -> None:
    """At once, with its last lines: else it would be waited for to the end, and all its inputs be called late."""
    request = loop_request(tmp_path, elsewhere, Delivery.AT_LEAST_ONCE)
    dies = "import sys; text = open(sys.argv.pop(1)).read(); exec(text.replace('consumer.commit', 'sys.exit(7) or id'))"
    command = shlex.join([sys.executable, "-c", dies, str(FOREIGN / "loop.py")])
    told: list[SessionEvent] = []
    command = (request.command or "").replace(LOOP, command)
    with pytest.raises(SubjectError, match=r"ended on its own 6 times, the last time with status 7 after \d+\.\d s"):
        verify(replace(request, command=command, faults="none", events=500), told.append)
    assert not any(isinstance(event, QuietReached) for event in told)


def test_a_plain_loop_is_caught_when_it_promises_exactly_once(elsewhere: str, tmp_path: Path) -> None:
    """It is killed between its effects and their commit, so it does them twice."""
    request = loop_request(tmp_path, elsewhere, Delivery.EXACTLY_ONCE)
    verdict = verify(replace(request, faults="kill-in-flight@instance:1")).verdict
    assert verdict.outcome is Outcome.VIOLATED
    assert {finding.anomaly for finding in verdict.findings if finding.witnesses} == {"duplicated"}


def test_a_client_may_send_its_commits_again_when_the_coordinator_is_lost(
    streamproof_session: Session, tmp_path: Path
) -> None:
    """They overtake each other, and librdkafka makes up for it: a right loop is upheld."""
    name = tmp_path.name
    request = Request(
        directory=tmp_path / "run",
        command=f"{STORED} {{bootstrap_servers}} {name} in-{name} out-{name}",
        input_topic=f"in-{name}",
        output_topics=(f"out-{name}",),
        group=name,
        promise=Delivery.AT_LEAST_ONCE,
        instances=2,
        events=5_000,
        faults="kill-broker@broker:group-coordinator,kill@instance:1",
    )
    verdict = streamproof_session.verify(spec_of(request, None, 5), plan_of(request)).verdict
    assert verdict.outcome is Outcome.UPHELD, explain(verdict)


@pytest.mark.parametrize("isolation", Isolation)
def test_what_was_aborted_is_no_input_but_for_those_who_say_that_they_read_it(
    elsewhere: str, tmp_path: Path, isolation: Isolation
) -> None:
    """A loop that reads uncommitted records is caught, unless that is what it promises; nothing else is said of it."""
    request = loop_request(tmp_path, elsewhere, Delivery.AT_LEAST_ONCE)
    command = f"{request.command} {Isolation.READ_UNCOMMITTED}"
    judged = verify(replace(request, command=command, isolation=isolation, faults="none", events=500))
    verdict, history = judged.verdict, judged.history
    caught = isolation is Isolation.READ_COMMITTED
    assert verdict.outcome is (Outcome.VIOLATED if caught else Outcome.UNPROVEN)
    (found,) = [finding for finding in verdict.findings if finding.witnesses]
    assert (found.anomaly, found.status) == ("aborted-read", Status.FORBIDDEN if caught else Status.COUNTED)
    fates = pq.read_table(history.tables["input"], columns=["fate"])["fate"].to_pylist()
    assert found.witnesses == fates.count("abort")


@pytest.mark.parametrize(("wrong", "ahead_at"), [("none", None), ("first", "{name}-in"), ("second", "{name}-between")])
def test_two_stages_are_followed_through_the_topic_between_them(
    own: Session, tmp_path: Path, *, wrong: str, ahead_at: str | None
) -> None:
    """Right, or with a stage that commits before it has written: that is told of the topic that this stage reads.

    The second needs no fault to be seen.
    """
    name = tmp_path.name
    request = Request(
        directory=tmp_path,
        seed=3,
        command=f"{STAGES} {{bootstrap_servers}} {name} {name}-in {name}-out {wrong}",
        input_topic=f"{name}-in",
        output_topics=(f"{name}-out",),
        group=name,
        promise=Delivery.AT_LEAST_ONCE,
        instances=2,
        events=500 if ahead_at else 2_000,
        faults="none" if ahead_at else "kill-in-flight@instance:2,pause-beyond-session@instance:1",
    )
    judged = own.verify(spec_of(request, None, 3), plan_of(request))
    promise = judged.history.record.promise()
    assert (promise.through, promise.stages) == ((f"{name}-between",), (f"{name}-second",))
    ahead = judged.verdict.finding("commit-ahead")
    assert {row["topic"] for row in ahead.sample} == ({ahead_at.format(name=name)} if ahead_at else set())
    assert judged.verdict.outcome is (Outcome.VIOLATED if ahead_at else Outcome.UPHELD), explain(judged.verdict)


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The command of the Kafka Streams pipeline, but for its arguments."""
    pins = parse_pins(tomllib.loads((FOREIGN / "kafka-streams-4.3.1.toml").read_text()))
    classes = tmp_path_factory.mktemp("classes")
    path = compiled(FOREIGN / "StreamsJoin.java", (*cached(pins), *kafka_jars("4.3.1")), classes)
    temporary = f"-Djava.io.tmpdir={classes}"  # native libraries are unpacked there, and stay when it is killed
    return shlex.join(["java", *JVM, temporary, "-cp", path])


def test_kafka_streams_keeps_exactly_once_through_topics_of_its_own(own: Session, streams: str, tmp_path: Path) -> None:
    """Keyed anew, counted and joined: an input is committed past when it is safe in the next topic, and not ahead."""
    request = Request(
        directory=tmp_path / "run",
        seed=5,
        command=f"{streams} StreamsJoin {{bootstrap_servers}} joined joined-in joined-out {tmp_path}/{{instance}}",
        input_topic="joined-in",
        output_topics=("joined-out",),
        group="joined",
        instances=2,
        events=2_000,
        faults="kill-in-flight@instance:2,pause-beyond-session@instance:1",
    )
    judged = own.verify(spec_of(request, None, 5), plan_of(request))
    verdict, history = judged.verdict, judged.history
    assert history.record.promise().through == ("joined-again-repartition", "joined-counted-repartition")
    assert verdict.outcome is Outcome.UPHELD, (explain(verdict), history.directory)
