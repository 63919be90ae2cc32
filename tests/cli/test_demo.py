"""`streamproof demo`: both verdicts are as they should be, on one broker, and nothing is left running."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
from jsonschema import Draft202012Validator

from streamproof.make_schemas import schemas
from tests.calling import Call
from tests.conftest import WaitUntil

STREAMPROOF = str(Path(sys.executable).with_name("streamproof"))


def test_the_error_is_caught_and_its_mend_upheld(call: Call) -> None:
    """Lost inputs are shown, then the diff, then a promise that is kept; the files stay for their user."""
    called = call("demo", "--json")
    assert called.status == 0, called.err
    told = json.loads(called.out)
    assert (told["before"]["outcome"], told["after"]["outcome"]) == ("violated", "upheld")
    found = {finding["anomaly"] for finding in told["before"]["findings"] if finding["witnesses"]}
    assert "commit-ahead" in found, "and, if it died in such a moment, lost"
    assert not list(Draft202012Validator(schemas()["demo.json"]).iter_errors(told))
    assert called.err.count("1 broker, Apache Kafka") == 1, "one cluster for both"
    assert '-        "enable.auto.commit": True,' in called.err
    assert called.err.index("VIOLATED") < called.err.index("The forwarder commits by the clock")
    assert called.err.index("The forwarder commits by the clock") < called.err.index("UPHELD")
    assert Path(told["after"]["report"]).is_file()
    again = call("demo")
    assert again.status == 2
    assert "streamproof-demo/streamproof.toml is there already, so nothing was written" in again.err


def test_ctrl_c_leaves_nothing_running(tmp_path: Path, wait_until: WaitUntil) -> None:
    """While both instances run; the files stay."""
    with subprocess.Popen(
        [STREAMPROOF, "demo"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        children: list[psutil.Process] = []

        def runs() -> bool:
            children[:] = psutil.Process(demo.pid).children(recursive=True)
            return sum("forwarder.py" in " ".join(child.cmdline()) for child in children) == 2

        wait_until(runs)
        demo.send_signal(signal.SIGINT)
        _, err = demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert err.endswith("interrupted; everything that it started is ended\n")
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
    assert (tmp_path / "streamproof-demo" / "forwarder.py").is_file()
