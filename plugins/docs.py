"""Show dbt's documentation in Airflow's UI, to who is logged in: what a deploy has put below docs/ in the bucket.

It is read with the container's own role. Cosmos has such pages, too, but on Airflow 3 they are open to whoever reaches
the web server (astronomer-cosmos#2972), want s3fs, which MWAA has not, and each project in Airflow's configuration.
"""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from airflow import __version__
from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

PATH = "/dbt-docs"
# s3://bucket/prefix; nothing is shown without it.
FOLDER = conf.get("cosmos", "dbt_docs_dir", fallback=None) or ""
PROJECT = re.compile(r"\w[\w-]*")
# The page's own script needs nothing of Airflow's: without a session it could do no harm, whatever a description says.
POLICY = "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'"
TEXT = '<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><p>{}</p>'
LOGIN = TEXT.format('<a href="/" target="_top">Log in to Airflow</a>, then open this page again.')
NONE = TEXT.format("There is no dbt documentation of that name in this release.")
AWAY = TEXT.format("The bucket does not answer; the web server's log says why.")

log = logging.getLogger(__name__)


class Page(NamedTuple):
    """An answer: HTML, gzipped or not."""

    content: bytes
    status: int = 200
    packed: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """Return its headers but the type."""
        packed = {"Content-Encoding": "gzip"} if self.packed else {}
        return {"Cache-Control": "private, no-cache", "Content-Security-Policy": POLICY, **packed}


def read(project: str = "") -> Page:
    """Return the page of a project, or that of all."""
    if project and not PROJECT.fullmatch(project):
        return Page(NONE.encode(), 404)
    bucket, _, prefix = FOLDER.removeprefix("s3://").partition("/")
    name = f"{project}/index.html.gz" if project else "index.html"
    try:
        found = _s3().get_object(Bucket=bucket, Key=f"{prefix}/{name}")
        return Page(found["Body"].read(), packed=bool(project))
    except _s3().exceptions.NoSuchKey:
        return Page(NONE.encode(), 404)
    # Whatever is wrong with AWS is no reason to show its answer to a visitor.
    except Exception:
        log.exception("%s/%s cannot be read", FOLDER, name)
        return Page(AWAY.encode(), 502)


@functools.cache
def _s3() -> Any:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    # Without a connection: as what MWAA's web server is, by its execution role.
    return S3Hook(aws_conn_id=None).get_conn()


class Late:
    """An app that is made when it is first called, which happens in a web server alone; all processes load plugins."""

    async def __call__(self, scope: Any, receive: Callable[..., Awaitable[Any]], send: Callable[..., Any]) -> None:
        """Answer as an ASGI app does."""
        await _app()(scope, receive, send)


@functools.cache
def _app() -> Any:
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import requires_access_view
    from fastapi import Depends, FastAPI
    from fastapi.responses import HTMLResponse, Response

    app = FastAPI(openapi_url=None, dependencies=[Depends(requires_access_view(AccessView.WEBSITE))])

    @app.get("/")
    @app.get("/{project}")
    def page(project: str = "") -> Response:
        found = read(project)
        return HTMLResponse(found.content, found.status, found.headers)

    # The latter for a session that is over.
    @app.exception_handler(401)
    @app.exception_handler(403)
    def login(_: Any, error: Any) -> Response:
        return HTMLResponse(LOGIN, error.status_code)

    return app


def _view() -> Any:
    """Return the same for the web server of Airflow 2."""
    from airflow.security import permissions
    from airflow.www.auth import has_access
    from flask import Response
    from flask_appbuilder import BaseView, expose

    class DbtDocs(BaseView):
        route_base = PATH

        @expose("/")  # type: ignore[untyped-decorator]
        @expose("/<project>")  # type: ignore[untyped-decorator]
        @has_access([(permissions.ACTION_CAN_READ, permissions.RESOURCE_WEBSITE)])  # type: ignore[untyped-decorator]
        def page(self, project: str = "") -> Any:
            found = read(project)
            return Response(found.content, found.status, found.headers, mimetype="text/html")

    return DbtDocs()


def _menu() -> dict[str, str]:
    base = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
    return {"name": "dbt docs", "href": f"{base}{PATH}/", "url_route": "dbt-docs", "category": "browse"}


class Docs(AirflowPlugin):
    """Hang the pages into Airflow's web server, of either generation."""

    name = "dbt_docs"
    if FOLDER and __version__.startswith("2."):
        appbuilder_views = [{"view": _view()}]
    elif FOLDER:
        fastapi_apps = [{"name": "dbt docs", "app": Late(), "url_prefix": PATH}]
        external_views = [_menu()]
