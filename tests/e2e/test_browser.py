"""What a person sees of a run, from the login to dbt's documentation, in a real browser on the rehearsal.

`make test-browser`; with SCREENSHOTS=docs/images it renews the pictures of the documents.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, sync_playwright

from scripts.local import state
from tests.e2e.conftest import Project, copy_project

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [pytest.mark.browser, pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")]
PATIENCE = 300.0  # seconds that a run may take
CHOSEN = "+customers"
# Beside the rehearsal's own, which starts no run by itself: assets shall.
OPTIONS = '[environments.local.airflow]\n"scheduler.use_job_schedule" = "True"\n\n'


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Start a rehearsal in which assets start runs, and schedules none."""
    copy = copy_project(tmp_path_factory.mktemp("browser"))
    (copy.paths.root / "dags" / "finance.py").unlink()
    copy.edit("dags/jaffle_shop.py", 'schedule="0 5 * * *"', "schedule=None")
    copy.edit("settings.toml", "[environments.local.slack]", f"{OPTIONS}[environments.local.slack]")
    up = copy.up()
    assert up.code == 0, up.err
    yield copy
    copy.mwaa("local", "down")


@pytest.fixture(scope="module")
def page(project: Project) -> Iterator[Page]:
    """Log in by MWAA's own way."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(60_000)
        page.goto(project.mwaa("open", "--print").out.splitlines()[0])
        page.get_by_role("link", name="Dags").first.wait_for()
        yield page
        browser.close()


def picture(page: Page, name: str) -> None:
    """Keep what is seen for the documents, if that is asked for."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder, f"{name}.png"))


def ask(project: Project, path: str) -> dict[str, Any]:
    """Ask Airflow's REST API."""
    url = state.needed(project.paths).url("airflow")
    token = requests.get(f"{url}/auth/token", timeout=30).json()["access_token"]
    answer = requests.get(f"{url}/api/v2/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    return dict(answer.json())


def awaited(look: Callable[[], Any]) -> Any:
    """Look until there is something."""
    end = time.monotonic() + PATIENCE
    while not (found := look()) and time.monotonic() < end:
        time.sleep(1)
    assert found
    return found


def ended(project: Project, dag: str) -> dict[str, Any] | None:
    """Return a DAG's one run, once it has ended."""
    runs = ask(project, f"dags/{dag}/dagRuns")["dag_runs"]
    return next((run for run in runs if run["state"] in ("success", "failed")), None)


@pytest.fixture(scope="module")
def run(project: Project, page: Page) -> dict[str, Any]:
    """Trigger the sample DAG by its form, for some nodes, in full, and watch it."""
    awaited(lambda: ask(project, "dags/jaffle_shop").get("dag_id"))
    page.goto(f"{page.url.split('/', 3)[0]}//{page.url.split('/', 3)[2]}/dags/jaffle_shop")
    page.get_by_role("button", name="Trigger Dag").click()
    form = page.get_by_role("dialog")
    form.locator("input[name=element_select]").fill(CHOSEN)
    # A switch is drawn over it.
    form.locator("input[name=element_full_refresh]").evaluate("box => box.click()")
    picture(page, "trigger")
    form.get_by_role("button", name="Trigger", exact=True).click()
    done: dict[str, Any] = awaited(lambda: ended(project, "jaffle_shop"))
    return done


def test_run_is_green(page: Page, project: Project, run: dict[str, Any]) -> None:
    """The form's values reach the run; its tree names the models, the chosen ones green."""
    assert run["state"] == "success"
    assert (run["conf"]["select"], run["conf"]["full_refresh"]) == (CHOSEN, True)
    page.get_by_role("button", name="Expand all task groups").click()
    for name in ("stg_orders", "customers", "monthly_store_margins"):
        page.get_by_text(name, exact=True).first.wait_for()
    picture(page, "tree")


def test_built_tables_are_told(project: Project, run: dict[str, Any]) -> None:
    """Each table that was built has one event, by the task that built it; what was skipped has none."""
    tasks = ask(project, f"dags/jaffle_shop/dagRuns/{run['dag_run_id']}/taskInstances")["task_instances"]
    states = {task["task_id"]: task["state"] for task in tasks}
    events = ask(project, "assets/events?limit=100&source_dag_id=jaffle_shop")["asset_events"]
    told = sorted(event["source_task_id"] for event in events)
    built = {
        name for name, state in states.items() if state == "success" and not name.split(".")[-1].startswith("dbt_")
    }
    # dbt inlines the last: it is no table.
    assert told == sorted(built - {"start", "end", "jaffle_shop.int_order_items_costed"})
    assert "jaffle_shop.customers" in told
    assert states["jaffle_shop.daily_revenue"] == "skipped"
    assert all(event["uri"].endswith(event["source_task_id"].removeprefix("jaffle_shop.")) for event in events)


def test_second_dag_follows(project: Project, run: dict[str, Any]) -> None:
    """The second project's DAG runs by itself, since both models that it waits for were built, and reads their rows."""
    followed = awaited(lambda: ended(project, "loyalty"))
    assert (followed["state"], followed["run_type"]) == ("success", "asset_triggered")
    assert project.sql("select count(*) > 0 from ANALYTICS.loyalty.rewards") == [(True,)]


def test_task_is_described(page: Page, run: dict[str, Any]) -> None:
    """A model's task shows what dbt knows of it, and leads to its page."""
    page.goto(f"{page.url.split('/dags/')[0]}/dags/jaffle_shop/tasks/jaffle_shop.orders")
    page.get_by_role("button", name="Documentation").click()
    page.get_by_text("Orders with totals and payments").first.wait_for()
    page.get_by_role("cell", name="The order's number.").first.wait_for()
    picture(page, "task-docs")
    link = page.get_by_role("link", name="dbt docs").last.get_attribute("href")
    assert link == "/dbt-docs/jaffle_shop#!/model/model.jaffle_shop.orders"


def test_dbt_docs_are_shown(page: Page, run: dict[str, Any]) -> None:
    """The menu leads to the list of projects, that to the page of one, and a deep link to a model."""
    base = page.url.split("/dags/")[0]
    page.goto(f"{base}/plugin/dbt-docs")
    inside = page.frame_locator("iframe").first
    inside.get_by_role("link", name="jaffle_shop").click()
    inside.get_by_text("Welcome to the auto-generated documentation").first.wait_for()
    page.goto(f"{base}/dbt-docs/jaffle_shop#!/model/model.jaffle_shop.orders")
    page.get_by_role("heading", name="orders incremental").first.wait_for()
    page.get_by_text("The order's number.").first.wait_for()
    picture(page, "dbt-docs")
