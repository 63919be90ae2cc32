"""A run's report tells what the history tells, to everyone: it is a single file, and what data holds is data."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from streamproof.checks import judge, write_witnesses
from streamproof.errors import ReportError
from streamproof.report.drawing import BADGE, Picture
from streamproof.report.page import write_page
from streamproof.report.timeline import read_timeline
from tests.checks.histories import STEP, Scene
from tests.checks.scenes import clean, names

HOSTILE = "</script><img src=x onerror=document.title='taken'>&{{ 7*7 }}"


def written(scene: Scene, directory: Path, again: str | None = None) -> Path:
    """The report of a scene."""
    history = scene.write(directory / "history")
    verdict = judge(history, threads=1)
    write_witnesses(history, verdict, directory / "witnesses")
    return write_page(verdict, history, directory, again)


def violated() -> Scene:
    """Six inputs are done again, and a broker's fault has no effect."""
    scene = clean()
    for name in names(0, 6):
        scene.effect(name)
    scene.fault("broker:leader", effective=False)
    scene.rows["fault"][-1] |= {"kind": "kill-broker", "node": 2, "evidence": "broker 2 was killed, and nobody noticed"}
    scene.wait(20)
    return scene


def test_it_tells_the_verdict_the_witnesses_the_evidence_and_the_faults(tmp_path: Path) -> None:
    """What was found, what it rests on, what was not shown, and how to repeat it."""
    report = written(violated(), tmp_path, again="streamproof verify mover --seed 1").read_text()
    text = " ".join(re.sub(r"<[^>]*>", " ", report).split())
    for told in (
        "mover broke its promise (exactly-once, ordered by key): 6 duplicated.",
        "Apache Kafka 4.3.1, embedded · seed 1 · group movers",
        "Not shown loss of power on all brokers, clock skew",
        "duplicated 6 witnesses more visible effects of one source on a channel than the contract allows",
        "input x000 (in[0]@0) has 2 effects on alpha, where 1 may be",
        f"… 5 more in {tmp_path}/witnesses/duplicated.parquet",
        "14:13:20.434 effect at alpha[0]@73",
        "14:13:20.247 seen (fault: kill@instance:1)",
        "retries of a producer with enable.idempotence=false",
        "inputs in the log 120 yes",
        "broker 2 was killed, and nobody noticed (no effect) kill-broker@broker:leader · 14:13:20.",
        "streamproof verify mover --seed 1",
    ):
        assert told in text


def test_an_upheld_and_an_unproven_promise_are_told_too(tmp_path: Path) -> None:
    """The sentence says which; what is missing is there. Without the run's command, its check is told."""
    upheld = written(clean(), tmp_path / "upheld").read_text()
    assert "mover kept its promise (exactly-once, ordered by key): " in upheld
    assert ": 120 events in (1 more aborted on purpose), 240 effects out." in upheld
    assert f"streamproof check {tmp_path}/upheld" in upheld
    unproven = written(clean().absent("fault", "process", "txn", "generation"), tmp_path / "unproven").read_text()
    assert "It is not proven that mover keeps its promise" in unproven
    assert "lost is not judged: no fault table in this history" in unproven


def test_what_data_holds_is_data_and_a_password_is_not_told(tmp_path: Path) -> None:
    """An id, a key or a fault's evidence may look like HTML or like a template."""
    scene = clean()
    scene.effect(HOSTILE)
    scene.rows["fault"][0]["evidence"] = HOSTILE
    report = written(scene, tmp_path, again="streamproof verify --registry http://me:secret@host/").read_text()
    assert "<img" not in report
    assert "{{ 7*7 }}" in report
    assert report.count("</script>") == 1
    assert "secret" not in report
    assert "http://…@host/" in report


def test_it_is_one_small_file_however_much_happened(tmp_path: Path) -> None:
    """It names no other file and no host, and thousands of moments are drawn as what a picture can show."""
    scene = clean()
    for number in range(3_000):
        scene.effect(f"x{number % 60:03}")
        scene.rebalance(member="same")
    file = written(scene, tmp_path)
    assert file == tmp_path / "report.html"
    assert file.stat().st_size < 600_000
    assert not re.search(r"(src|href|url|import)\b\s*[=(](?!\"#)|https?:|<link", file.read_text())


def test_a_report_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """By its path, and what to do."""
    (tmp_path / "report.html").mkdir()
    with pytest.raises(ReportError, match=r"report\.html cannot be written \(Is a directory\); clear the way"):
        written(clean(), tmp_path)


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [
        (0.5, ["14:13:20.000", "14:13:20.100", "14:13:20.200", "14:13:20.300", "14:13:20.400", "14:13:20.500"]),
        (
            40,
            [
                "14:13:20",
                "14:13:25",
                "14:13:30",
                "14:13:35",
                "14:13:40",
                "14:13:45",
                "14:13:50",
                "14:13:55",
                "14:14:00",
            ],
        ),
        (7_200, ["14:30:00", "15:00:00", "15:30:00", "16:00:00"]),
    ],
)
def test_its_times_are_round(tmp_path: Path, seconds: float, labels: list[str]) -> None:
    """However long a run takes: a few, and each can be read."""
    timeline = read_timeline(clean().write(tmp_path))
    assert [tick.label for tick in Picture(replace(timeline, seconds=seconds)).ticks] == labels


def test_faults_at_the_same_time_have_numbers_that_can_be_read(tmp_path: Path) -> None:
    """None of them hides another."""
    scene = clean()
    for _ in range(4):
        scene.fault()
    places = Picture(read_timeline(scene.write(tmp_path))).badges
    assert all(later - earlier >= BADGE for earlier, later in pairwise(places))


@contextmanager
def opened(browser: Browser, file: Path, **how: object) -> Iterator[Page]:
    """The file in a browser that has no network; an error of a script fails the test."""
    errors: list[object] = []
    with browser.new_context(offline=True, **how) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108 - it cannot mark a builtin
        page.goto(file.as_uri())
        yield page
    assert not errors


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 400])
def test_it_is_read_from_disk_in_light_and_dark_on_any_screen(
    browser: Browser, tmp_path: Path, scheme: str, width: int
) -> None:
    """Nothing is wider than the screen, and the paper is as the reader wants it."""
    file = written(violated(), tmp_path)
    with opened(browser, file, color_scheme=scheme, viewport={"width": width, "height": 900}) as page:
        expect(page.get_by_role("heading", level=1)).to_contain_text("broke its promise")
        expect(page.get_by_label("Timeline of the run")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(255, 255, 255)") is (scheme == "light")
        page.screenshot(path=tmp_path / "report.png", full_page=True)


def test_the_timeline_is_zoomed_and_moved(browser: Browser, tmp_path: Path) -> None:
    """By the wheel once it was clicked: before that the wheel moves the page. A double click shows all again."""
    with opened(browser, written(violated(), tmp_path), viewport={"width": 1200, "height": 700}) as page:
        timeline = page.get_by_label("Timeline of the run")
        plot, time = timeline.locator(".plot"), timeline.locator(".window")
        timeline.scroll_into_view_if_needed()
        whole = str(plot.get_attribute("viewBox"))
        timeline.hover()
        page.mouse.wheel(0, -20)
        expect(plot).to_have_attribute("viewBox", whole)
        timeline.click()
        page.mouse.wheel(0, -300)
        expect(time).to_have_text(re.compile(r"14:13:20\.\d{3}–14:13:20\.\d{3}"))
        zoomed = str(time.text_content())
        expect(timeline.get_by_text("instance 1").first).to_be_in_viewport()
        page.screenshot(path=tmp_path / "zoomed.png")
        page.mouse.down()
        page.mouse.move(500, 400, steps=3)
        page.mouse.up()
        expect(time).not_to_have_text(zoomed)
        timeline.dblclick()
        expect(plot).to_have_attribute("viewBox", whole)
        expect(time).to_be_empty()


def test_a_time_of_a_story_is_a_link_to_it_in_the_timeline(browser: Browser, tmp_path: Path) -> None:
    """The picture shows the seconds around it, with a line where it is."""
    scene = violated()
    scene.wait(60_000)
    with opened(browser, written(scene, tmp_path), viewport={"width": 1200, "height": 700}) as page:
        page.get_by_role("link", name="14:13:20.434").click()
        expect(page.locator(".window")).to_have_text("14:13:20.000–14:13:30.000")
        expect(page.get_by_label("Timeline of the run")).to_be_in_viewport()
        assert page.locator(".here").get_attribute("d")


def test_without_scripts_all_is_there(browser: Browser, tmp_path: Path) -> None:
    """But for the words on how to zoom; and what hostile data holds does nothing with them."""
    scene = violated()
    scene.effect(HOSTILE)
    scene.wait(STEP // 100)
    file = written(scene, tmp_path)
    with opened(browser, file, java_script_enabled=False) as page:
        expect(page.get_by_label("Timeline of the run")).to_be_visible()
        expect(page.get_by_text("the wheel zooms")).to_be_hidden()
    with opened(browser, file) as page:
        assert page.title() == "Violated: mover"
        expect(page.get_by_text("the wheel zooms")).to_be_visible()
