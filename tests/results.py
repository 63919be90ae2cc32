"""Runs pytest in a directory of its own, as its user would, and reads the Allure results that it left."""

import json
from pathlib import Path
from typing import Any

import pytest

RESULTS = "allure-results"
Result = dict[str, Any]


def results_of(pytester: pytest.Pytester, *arguments: str) -> dict[str, Result]:
    """What Allure got of each test, by its title."""
    pytester.runpytest_subprocess(f"--alluredir={RESULTS}", "-p", "no:cacheprovider", *arguments)
    found = [json.loads(path.read_text()) for path in (pytester.path / RESULTS).glob("*-result.json")]
    return {result["name"]: result for result in found}


def attached(pytester: pytest.Pytester, result: Result) -> dict[str, Path]:
    """The files attached to a test or to a step, by name."""
    return {file["name"]: pytester.path / RESULTS / file["source"] for file in result.get("attachments", [])}
