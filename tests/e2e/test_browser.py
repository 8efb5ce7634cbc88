"""What a person sees in MLflow's interface, behind the links that the project gives."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Error, Page, TimeoutError, expect, sync_playwright

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(400)]

NAMES = ("chromium", "chromium-browser", "google-chrome")
OFFLINE = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-software-rasterizer",  # there is nothing to see that needs one
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
VIEW = "workflowType=machine_learning"
PATIENCE = 30_000  # milliseconds
CHANGED = {"forecasters": [{"kind": "linear"}, {"kind": "persistence"}], "seeds": [3]}
USUAL = {"width": 1400, "height": 1000}
WIDE = {"width": 2800, "height": 1400}  # the grid of runs holds only columns in sight


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"none of {', '.join(NAMES)} is installed")
    with sync_playwright() as playwright:
        try:
            launched = playwright.chromium.launch(executable_path=program, args=OFFLINE)
        except Error as error:
            pytest.skip(f"{program} does not start: {error.message.splitlines()[0]}")
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """Every test leaves a screenshot of what it saw last in its `tmp_path`."""
    page = browser.new_page(viewport=USUAL, reduced_motion="reduce")
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    yield page
    page.screenshot(path=tmp_path / "page.png")
    page.close()


def test_the_link_of_a_run_leads_back_to_its_flow_run(
    stack: Stack, airline_run: str, page: Page
) -> None:
    page.goto(stack.runs(airline_run)[0]["tags"]["prefect.flow_run_url"])
    expect(page.get_by_text("train airline").first).to_be_visible()
    expect(page.get_by_text("Completed").first).to_be_visible()


def test_the_runs_page_shows_names_and_metrics(stack: Stack, airline_run: str, page: Page) -> None:
    page.set_viewport_size(WIDE)
    parent = stack.runs(airline_run)[0]
    page.goto(f"{stack.mlflow_url}/#/experiments/{parent['experiment_id']}/runs?{VIEW}")
    expect(page.get_by_text(parent["run_name"]).first).to_be_visible()
    # Of few rows MLflow shows the button's plus sign only, and hides its words.
    page.get_by_role("button").filter(has_text="Show more columns").first.click()
    expect(page.get_by_text("test/rmse").first).to_be_visible()


def test_a_run_started_from_prefects_own_form_leads_to_its_champion(
    stack: Stack, page: Page
) -> None:
    """With a changed parameter; then by its links to MLflow's pages of the run and the version."""
    page.goto(stack.prefect_page("train/tutorial", "run"))
    page.get_by_text("dict", exact=True).first.click()
    page.locator("textarea").nth(1).fill(json.dumps(CHANGED))
    submit(page)
    page.locator('a[href*="/runs/flow-run/"]').first.click()
    page.wait_for_url("**/runs/flow-run/**")
    flow_run = stack.ended(page.url.rpartition("/")[2].partition("?")[0])
    assert flow_run["state_name"] == "Completed"
    assert flow_run["parameters"]["overrides"] == CHANGED
    page.get_by_text("Artifacts", exact=True).first.click()
    run = page.get_by_role("link", name="MLflow run").get_attribute("href")
    version = page.get_by_role("link", name="Champion's version").get_attribute("href")
    assert run and version
    verdict = re.search(r"\*\*(.+?)\*\*", stack.artifacts(flow_run["id"])["tutorial-verdict"])
    assert verdict
    page.goto(run)
    expect(page.get_by_text(verdict[1]).first).to_be_visible()
    expect(page.get_by_text("test/rmse", exact=True).first).to_be_visible()
    selected(page, "Model training", "GenAI")
    page.goto(version)
    expect(page.get_by_text("decision", exact=True).first).to_be_visible()
    page.goto(f"{stack.mlflow_url}/#/models/tutorial?{VIEW}")
    expect(page.get_by_text("the first champion").first).to_be_visible()
    expect(page.get_by_role("status", name="champion", exact=True)).to_be_visible()


def submit(page: Page) -> None:
    """Once more where the page says that something went wrong: the server's SQLite may be busy."""
    for _ in range(3):
        page.get_by_role("button", name="Submit").click()
        with suppress(TimeoutError):
            page.wait_for_url("**tab=Runs")
            return
    raise AssertionError("the form could not be submitted")


def selected(page: Page, name: str, other: str) -> None:
    """Of the switch between model training and GenAI: the chosen label is the darker one."""
    expect(page.get_by_text("Model registry", exact=True).first).to_be_visible()
    assert brightness(page, name) < brightness(page, other)


def brightness(page: Page, label: str) -> int:
    text = page.get_by_text(label, exact=True).first
    colour = str(text.evaluate("element => getComputedStyle(element).color"))
    return sum(map(int, re.findall(r"\d+", colour)[:3]))
