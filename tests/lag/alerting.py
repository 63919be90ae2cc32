"""Which alerts fire, after Prometheus' own promtool, on what an exporter has served look after look."""

import os
import shutil
import subprocess
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from streamproof.errors import ClusterError
from streamproof.lag.document import LagReport
from streamproof.lag.exporter import Exporter

RULES = Path(__file__).parents[2] / "docker" / "prometheus" / "alerts.yml"
EVERY_S = 10  # between two looks, as the exporter has it unless it is told otherwise


def served(told: Iterable[LagReport | ClusterError]) -> list[str]:
    """What an exporter serves after each look."""
    exporter, texts = Exporter(), []
    for report in told:
        exporter.update(report)
        texts.append(generate_latest(exporter.registry).decode())
    return texts


def promtool() -> str:
    """Its path. Without it a test is skipped; with CI set it fails."""
    found = shutil.which("promtool")
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no promtool: install Debian's package prometheus")
        raise AssertionError
    return found


def check_fired(served: Sequence[str], expected: Collection[str], directory: Path) -> None:
    """`served`: the text of each look. Exactly the alerts that are `expected` must fire, at any time."""
    fired = {
        "expr": 'max by (alertname) (max_over_time(ALERTS{alertstate="firing"}[1d]))',
        "eval_time": f"{EVERY_S * len(served)}s",
        "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(expected)],
    }
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": f"{EVERY_S}s",
        "tests": [{"interval": f"{EVERY_S}s", "input_series": _series(served), "promql_expr_test": [fired]}],
    }
    path = directory / "alerts.test.yml"
    YAML(typ="safe").dump(test, path)
    done = subprocess.run([promtool(), "test", "rules", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _series(served: Sequence[str]) -> list[dict[str, str]]:
    """Each series with a value for each look; one that ends is stale from then on, as Prometheus has it."""
    found: dict[str, list[str]] = {}
    for look, text in enumerate(served):
        for metric in text_string_to_metric_families(text):
            for sample in metric.samples:
                labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
                values = found.setdefault(f"{sample.name}{{{labels}}}", [])
                values += ["_"] * look if not values else ["stale"] * (look - len(values))
                values.append(f"{sample.value:.6f}")
    return [
        {"series": name, "values": " ".join([*values, *["stale"] * (len(served) - len(values))])}
        for name, values in found.items()
    ]
