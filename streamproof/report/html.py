"""The HTML report of test results, made by Allure's own generator: a program of npm's, so Node.js is needed.

Its index.html needs no server and no file beside it.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from streamproof.errors import ReportError, UsageError
from streamproof.guardian import Guardian
from streamproof.report.categories import CATEGORIES, LABEL

GENERATOR = "allure@3.18.0"
NODE = "20"  # the oldest that it runs on
TIMEOUT_S = 300.0  # the first use downloads it
ANALYTICS = re.compile(
    r'<script async src="https://www\.googletagmanager\.com/.*?</script>\s*<script>.*?</script>', re.DOTALL
)
DATA = re.compile(r"<script async>\s*window\.allureReportDataReady.*?</script>\s*<script defer>.*?</script>", re.DOTALL)

# the generator's own rules: by the label that the pytest plugin gives, else by the status
RULES: tuple[dict[str, Any], ...] = (
    *({"name": name, "matchers": {"labels": {LABEL: name}}} for name, _ in CATEGORIES),
    {"name": "Test defects", "matchers": {"statuses": ["broken"]}},
    {"name": "Other failures", "matchers": {"statuses": ["failed"]}},
)


def generate(results: Path, output: Path, history: Path | None = None) -> Path:
    """The report over `results`, in `output`; its index.html. A report that `output` holds already is replaced.

    `history`: a file to which each report adds its outcomes, and from which it shows those before. UsageError when
    there are no results, or `output` holds something else; ReportError when the generator is missing or fails.
    """
    if not any(_is_result(file) for file in results.glob("*-result.json")):
        raise UsageError(f"{results} holds no results of Allure's; make some by pytest --alluredir {results}")
    if output.exists() and any(output.iterdir() if output.is_dir() else [output]) and not _is_report(output):
        raise UsageError(f"{output} holds something that is not a report; name another directory, or remove it")
    npx = shutil.which("npx")
    if npx is None:
        raise ReportError(
            f"npx is not there; the report needs Node.js {NODE} or later with npm: install nodejs and npm"
        )
    with tempfile.TemporaryDirectory(prefix="streamproof-report-") as scratch:
        config, made, telling = Path(scratch, "allurerc.json"), Path(scratch, "report"), Path(scratch, "results")
        config.write_text(json.dumps(_config(history)))
        _copy_telling(results, telling)
        command = [npx, "--yes", "--prefer-offline", GENERATOR, "generate", str(telling)]
        _run([*command, "--config", str(config), "--output", str(made)], cwd=scratch)
        if not _is_report(made):
            raise ReportError(f"{GENERATOR} made no report of {results}; run it by hand: {' '.join(command)}")
        index = made / "index.html"
        index.write_text(_stand_alone(index.read_text()))
        try:
            if output.exists():
                shutil.rmtree(output)
            shutil.copytree(made, output)
        except OSError as error:
            raise ReportError(f"{output} cannot be written ({error.strerror}); name another directory") from error
    return output / "index.html"


def _stand_alone(page: str) -> str:
    """The generator's page, without what counts its readers at a host of Google's, and with its data in front.

    As it is generated, the page may look for its data before that is there, and then shows nothing.
    """
    page = ANALYTICS.sub("", page)
    data = "".join(DATA.findall(page))
    return DATA.sub("", page).replace("</head>", f"{data}</head>", 1)


def counts(index: Path) -> dict[str, int]:
    """How many tests had each outcome, and the `total`, as the report with this index counts them itself."""
    stats: dict[str, int] = json.loads((index.parent / "summary.json").read_bytes())["stats"]
    return stats


def _copy_telling(results: Path, target: Path) -> None:
    """All results but the fixtures that have nothing to tell: pytest's own alone would fill the page."""
    target.mkdir()
    for file in results.iterdir():
        if file.is_file() and (not file.name.endswith("-container.json") or _tells(file)):
            shutil.copy(file, target)


def _tells(container: Path) -> bool:
    """Whether a fixture failed, or something is attached to it."""
    fixtures = json.loads(container.read_bytes())
    parts = [part for when in ("befores", "afters") for part in fixtures.get(when, [])]
    return any(part.get("status") in {"failed", "broken"} or part.get("attachments") for part in parts)


def _is_result(file: Path) -> bool:
    """Whether the file is a result: of other files the generator makes an empty report."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and "uuid" in found


def _is_report(directory: Path) -> bool:
    return (directory / "index.html").is_file() and (directory / "summary.json").is_file()


def _config(history: Path | None) -> dict[str, Any]:
    return {
        "name": "Streamproof",
        "categories": RULES,
        "plugins": {"awesome": {"options": {"singleFile": True}}},
        "hideLabels": ["host", "thread", "framework", "language", "package"],
        **({"historyPath": str(history.absolute())} if history else {}),
    }


def _run(command: list[str], cwd: str) -> None:
    """Run the command; the guardian ends its processes when it is late, or when we are interrupted."""
    environment = {**os.environ, "NO_COLOR": "1", "npm_config_update_notifier": "false"}
    with Guardian() as guardian:
        process = guardian.popen(
            command,
            env=environment,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            output, _ = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            raise ReportError(
                f"{GENERATOR} did not end in {TIMEOUT_S:.0f} s; see that npm's registry answers, and run it again"
            ) from error
    if process.returncode != 0:
        lines = [line.strip() for line in output.decode(errors="replace").splitlines() if line.strip()]
        raise ReportError(
            f"{GENERATOR} ended with status {process.returncode} ({lines[-1] if lines else 'it said nothing'}); "
            f"it needs Node.js {NODE} or later and, the first time, npm's registry"
        )
