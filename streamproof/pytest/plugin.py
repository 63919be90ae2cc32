"""The pytest plugin: a real cluster and runs as fixtures, `.feature` files as tests, their steps in Allure.

A cluster for each session, so for each xdist worker, a fresh name for everything else. Nothing is started before
a test asks for it, nor imported: pytest loads this module in every project of an environment, used or not.
Step definitions of the verifier are in `steps.py`.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import types
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from pytest_bdd.parser import Feature, Scenario, Step

    from streamproof.cluster import Cluster
    from streamproof.cluster.registry import Registry
    from streamproof.engine.run import Run
    from streamproof.engine.session import Session
    from streamproof.guardian import Guardian

pytest_plugins = ["streamproof.pytest.steps", "streamproof.pytest.schema_steps", "streamproof.pytest.allure_steps"]

PACKAGE = Path(__file__).parents[1]
OPTIONS = ("--streamproof-config", "--cluster", "--registry", "--kafka-brokers", "--kafka-version", "--security")
_runs = pytest.StashKey[list["Run"]]()
_described = pytest.StashKey[list["Run"]]()


class RunSubject(Protocol):
    """What the fixture `run_subject` is."""

    def __call__(
        self,
        name: str | None = None,
        *,
        records: int = 1000,
        seed: int = 1,
        instances: int | None = None,
        env: Mapping[str, str] | None = None,
    ) -> contextlib.AbstractContextManager[Run]: ...


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("streamproof", "Kafka pipelines under test")
    group.addoption("--streamproof-config", help="where subjects are declared, if not in streamproof.toml")
    group.addoption(
        "--cluster",
        help="embedded, testcontainers, or HOST:PORT of an existing cluster; else as in streamproof.toml, or embedded",
    )
    group.addoption("--registry", metavar="URL", help="an existing schema registry (else it is started where needed)")
    group.addoption("--kafka-brokers", type=int, help="how many brokers to start (else as in streamproof.toml, or 3)")
    group.addoption("--security", metavar="MODE", help="tls, mtls or scram: how a subject comes in to what is started")
    group.addoption("--kafka-version", help="Apache Kafka version to start (else as in streamproof.toml)")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "feature: made from a .feature file")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """In the report a test shows the runs that it made and, unless it passed, their logs."""
    passed = False
    try:
        result = yield
        passed = True
        return result
    finally:
        _show(item, logs=not passed)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure that its sentence tells has no frames of libraries.

    In the report a failure is sorted by the type of its error: a broken promise is not a broken test.
    """
    if call.excinfo is not None:
        _hide_libraries(call.excinfo, item.config)
    if call.excinfo is not None and item.config.getoption("--alluredir", None):
        import allure

        from streamproof.report.categories import LABEL, category_of

        if category := category_of(call.excinfo.value):
            allure.dynamic.label(LABEL, category)
    return (yield)


def _hide_libraries(failure: pytest.ExceptionInfo[BaseException], config: pytest.Config) -> None:
    from streamproof.errors import StreamproofError, VerdictError

    error = failure.value
    if isinstance(error, StreamproofError | VerdictError) and not config.getoption("fulltrace"):
        own = _without_libraries(error.__traceback__)
        failure.traceback = type(failure.traceback)(own or ())
        error.__cause__, error.__suppress_context__ = None, True


def _without_libraries(trace: types.TracebackType | None) -> types.TracebackType | None:
    if trace is None:
        return None
    rest = _without_libraries(trace.tb_next)
    path = Path(trace.tb_frame.f_code.co_filename)
    if path.is_relative_to(PACKAGE) or "site-packages" in path.parts or path == Path(contextlib.__file__):
        return rest
    return types.TracebackType(rest, trace.tb_frame, trace.tb_lasti, trace.tb_lineno)


@pytest.hookimpl(tryfirst=True)
def pytest_bdd_step_error(feature: Feature, step: Step, exception: Exception) -> None:
    """Without frames of libraries, nothing else tells where in a scenario it failed."""
    exception.add_note(f"in {feature.rel_filename}:{step.line_number}: {step.keyword} {step.name}")


@pytest.hookimpl(tryfirst=True)  # the report shows the error too
def pytest_bdd_step_func_lookup_error(
    request: pytest.FixtureRequest, scenario: Scenario, step: Step, exception: Exception
) -> None:
    from streamproof.pytest.vocabulary import unknown_step

    if sentence := unknown_step(request, scenario, step):
        exception.args = (sentence,)


def _show(item: pytest.Item, *, logs: bool) -> None:
    runs = item.stash.get(_runs, [])
    directory = item.config.getoption("--alluredir", None)
    if not runs or not directory:
        return
    from streamproof.report.results import attach_logs, attach_verdict, describe, write_environment

    described = item.stash.setdefault(_described, [])
    for run in list(runs):
        if logs:
            attach_logs(run)
        if run.judged is not None:
            attach_verdict(run.verdict, run.history)
            write_environment(item.config.invocation_params.dir / directory, run)
            runs.remove(run)
            described.append(run)
    describe(_words(item), [(run.verdict, run.history) for run in described])


def _words(item: pytest.Item) -> str:
    """What the test says of itself: a scenario by its feature, another by its docstring."""
    from streamproof.pytest.allure_steps import feature_words

    return item.stash.get(feature_words, None) or getattr(getattr(item, "function", None), "__doc__", None) or ""


class FeatureFile(pytest.Module):
    """A `.feature` file named on the command line: a module in which its scenarios are bound."""

    def _getobj(self) -> types.ModuleType:
        from pytest_bdd.exceptions import NoScenariosFound

        module = types.ModuleType(self.path.stem.replace("-", "_"))
        module.__file__ = str(self.path.with_suffix(".py"))
        binding = "from pytest_bdd import scenarios\nscenarios(feature)\n"
        module.__dict__["feature"] = str(self.path)
        try:
            exec(compile(binding, module.__file__, "exec"), module.__dict__)  # noqa: S102 - binds in the module's own frame
        except UnicodeDecodeError as error:
            raise self.CollectError(f"{self.path} cannot be read (it is no UTF-8 text); save it as UTF-8") from error
        except (KeyError, NoScenariosFound) as error:  # a KeyError where there is not even a feature
            raise self.CollectError(f"{self.path} holds no scenario; write a scenario, or remove the file") from error
        return module


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    if file_path.suffix != ".feature" or not _is_named(file_path, parent.config):
        return None
    return FeatureFile.from_parent(parent, path=file_path)


def _is_named(path: Path, config: pytest.Config) -> bool:
    """Whether the file, its folder, or a `features` folder above it stands on the command line or in testpaths.

    Others are bound by a test module of the user's own, and would run twice.
    """
    for argument in config.args:
        named = (config.invocation_params.dir / argument.split("::")[0]).resolve()
        if named in (path, path.parent) or (named.name == "features" and named in path.parents):
            return True
    return False


@pytest.fixture(scope="session")
def kafka_guardian() -> Iterator[Guardian]:
    """Owns every process of the session; ends them, whatever ends pytest."""
    from streamproof.guardian import Guardian

    with Guardian() as guardian:
        yield guardian


@pytest.fixture(scope="session")
def streamproof_session(
    kafka_guardian: Guardian, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Session]:
    """What `kafka_cluster`, `schema_registry` and `run_subject` share. Nothing runs before one of them is asked for.

    `[cluster]` of streamproof.toml says where Kafka runs, unless a flag does.
    """
    from streamproof.config.file import ClusterConfig, read_config
    from streamproof.engine.session import Session

    path = _config_path(pytestconfig)
    declared = read_config(path).cluster if path.is_file() else ClusterConfig()
    config = declared.overridden(
        where=pytestconfig.getoption("--cluster"),
        brokers=pytestconfig.getoption("--kafka-brokers"),
        version=pytestconfig.getoption("--kafka-version"),
        registry=pytestconfig.getoption("--registry"),
        security=pytestconfig.getoption("--security"),
    )
    with Session(config, logs=tmp_path_factory.mktemp("kafka"), guardian=kafka_guardian) as session:
        yield session


def _config_path(config: pytest.Config) -> Path:
    """In pytest's root, or where pytest was called: without a file of its own settings its root may be `tests`."""
    name = config.getoption("--streamproof-config") or "streamproof.toml"
    called = config.invocation_params.dir / name
    return called if called.is_file() and not (config.rootpath / name).is_file() else config.rootpath / name


@pytest.fixture(scope="session")
def kafka_cluster(streamproof_session: Session) -> Cluster:
    """Real Apache Kafka brokers, started once a session, when first asked for; `--cluster` says where."""
    return streamproof_session.cluster


@pytest.fixture(scope="session")
def schema_registry(streamproof_session: Session) -> Registry:
    """The schema registry that `--registry` names, or a real registry, started once a session, when first asked for."""
    return streamproof_session.registry


def _again(request: pytest.FixtureRequest) -> str:
    """The command that runs the test again where pytest was called, with the options that the plugin looks at."""
    config, node = request.config, request.node
    path = os.path.relpath(node.path, config.invocation_params.dir)
    given = [(option, config.getoption(option)) for option in (*OPTIONS, "--rootdir")]
    settings = ["-c", str(config.getoption("-c"))] if config.getoption("-c") else []
    return shlex.join(
        [
            "pytest",
            "::".join([path, *node.nodeid.split("::")[1:]]),
            *settings,
            *(f"{option}={value}" for option, value in given if value is not None),
        ]
    )


@pytest.fixture
def run_subject(request: pytest.FixtureRequest, streamproof_session: Session, tmp_path: Path) -> Iterator[RunSubject]:
    """Starts a subject of streamproof.toml, as often as it is called. What it gives is a context manager of a `Run`.

    In its block the subject is ready, and its input flows. When the block is left, the run is finished and judged, and
    `report.html` is written beside its history, in the test's `tmp_path`.

    `name`: the subject; without it, the first of the file. `records`: how many events are fed in. `seed`: of the
    events; the same seed makes the same events. `instances`: how many processes, if not as the file says. `env`:
    variables beside those of the file, or in their place.
    """
    from streamproof.config.file import read_config
    from streamproof.engine.request import declared_spec
    from streamproof.engine.spec import TEST_FEED_S

    runs = request.node.stash.setdefault(_runs, [])

    @contextlib.contextmanager
    def start(
        name: str | None = None,
        *,
        records: int = 1000,
        seed: int = 1,
        instances: int | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Iterator[Run]:
        suffix = f"-{secrets.token_hex(4)}"
        spec = declared_spec(
            read_config(_config_path(request.config)), name,
            records=records, seed=seed, directory=tmp_path / f"run{suffix}", suffix=suffix,
        )  # fmt: skip
        count = spec.subject.instances if instances is None else instances
        subject = spec.subject.changed(instances=count, env={**spec.subject.env, **(env or {})})
        spec = replace(spec, subject=subject, again=_again(request))
        with streamproof_session.run(spec, feed_s=TEST_FEED_S) as run:
            runs.append(run)
            yield run
        from rich.text import Text

        from streamproof.report.page import write_page
        from streamproof.report.text import explain

        report = write_page(run.verdict, run.history, spec.directory)
        told = Text.from_markup(explain(run.verdict, run.history, witnesses=spec.directory / "witnesses")).plain
        request.node.add_report_section("call", "run", f"{told}\n        Report  {report}")

    yield start
    _show(request.node, logs=False)  # what a scenario that broke off has finished only now
