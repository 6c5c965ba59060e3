"""What MWAA's own plugin adds to Airflow's web server: the command line and the login, each behind a token.

The address that tokens come with is the front's, so Airflow's REST API is passed on from here, and a browser sent on.
"""

from __future__ import annotations

import base64
import hashlib
import json
from urllib.parse import parse_qs

import requests
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from urllib3.exceptions import HTTPError

from scripts.local import record, state
from scripts.local.airflow_cli import AirflowCli, Ended
from scripts.local.airflow_web import AirflowWeb, airflow_web
from scripts.local.refusal import RefusedError
from scripts.local.tokens import Tokens
from scripts.paths import Paths

# Both prefixes lead to the page; Airflow 2 had the first only (MWAA user guide, call-mwaa-apis-web).
PREFIXES = ("/aws_mwaa", "/pluginsv2/aws_mwaa")
SESSION = 12 * 3600  # seconds
ALL = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
# Of one connection each, never passed on (RFC 9110, 7.6.1).
HOP = {"connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
PATIENCE = 60.0  # seconds
SCRIPT = """
const token = location.hash.slice(1), form = new URLSearchParams({ token });
history.replaceState(null, "", location.pathname);
fetch(LOGIN, { method: "POST", body: form }).then(
  (answer) => answer.ok ? location.replace("/") : Promise.reject("the token is not valid any more; ask for a new one"),
).catch((why) => { document.body.textContent = `Not signed in: ${why}`; });
"""
PAGE = "<!doctype html><title>Airflow</title><body>Signing in …</body><script>{script}</script>"
POLICY = "default-src 'none'; connect-src 'self'; script-src 'sha256-{digest}'"


class Webserver:
    """The web server of the environment, as far as it is not Airflow's own.

    Args:
        paths: the project.
        cli: the tokens of CreateCliToken.
        web: those of CreateWebLoginToken.
    """

    def __init__(self, paths: Paths, cli: Tokens, web: Tokens) -> None:
        self._paths, self._cli, self._web = paths, cli, web
        self._airflow = AirflowCli(paths)

    @property
    def routes(self) -> list[Route]:
        """Its routes, the last of which takes all that no other takes."""
        return [
            *(Route(f"{prefix}/aws-console-sso", self.enter) for prefix in PREFIXES),
            *(Route(f"{prefix}/login", self.login, methods=["POST"]) for prefix in PREFIXES),
            Route(f"{PREFIXES[0]}/cli", self.command, methods=["POST"]),
            Route(f"{PREFIXES[0]}/cli/", self.command, methods=["POST"]),
            Route("/api/{rest:path}", self.api, methods=ALL),
            Route("/{rest:path}", self.others, methods=ALL),
        ]

    async def command(self, request: Request) -> Response:
        """Run a command of Airflow's command line; both its outputs come back in base64."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not self._cli.valid(token):
            return JSONResponse({"error": "Forbidden"}, 403)
        line, found = (await request.body()).decode(errors="replace"), record.read(self._paths) or {}
        ended = await run_in_threadpool(self._airflow.run, line, str(found.get("AirflowVersion", "3")))
        return _told(ended)

    async def enter(self, _: Request) -> Response:
        """Answer a browser with the page that changes the token behind the # into a cookie."""
        script = SCRIPT.replace("LOGIN", json.dumps(self._airflow_web.login))
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        headers = {"Content-Security-Policy": POLICY.format(digest=digest), "Cache-Control": "no-store"}
        return HTMLResponse(PAGE.format(script=script), headers=headers)

    async def login(self, request: Request) -> Response:
        """Change a token into a session: a cookie whose value is Airflow's own."""
        web = self._airflow_web
        if request.url.path != web.login:
            return JSONResponse({"detail": "Not Found"}, 404)
        form = parse_qs((await request.body()).decode(errors="replace"))
        if not self._web.valid(form.get("token", [""])[0]):
            return JSONResponse({"error": "Forbidden"}, 403)
        try:
            value = await run_in_threadpool(web.session)
        except requests.RequestException as error:
            return JSONResponse({"error": f"Airflow does not answer: {error}"}, 503)
        answer = JSONResponse({})
        answer.set_cookie(web.cookie, value, max_age=SESSION, httponly=True, samesite="lax")
        return answer

    async def api(self, request: Request) -> Response:
        """Pass a request on to Airflow's REST API, which looks at the token in it."""
        body = await request.body()
        try:
            return await run_in_threadpool(self._pass, request, body)
        except (requests.RequestException, HTTPError) as error:
            return JSONResponse({"detail": f"Airflow does not answer: {error}"}, 503)

    async def others(self, request: Request) -> Response:
        """Send a browser to Airflow, on the same host, so that the cookie goes with it."""
        if request.headers.get("authorization", "").startswith("AWS4-"):
            raise RefusedError("UnknownOperationException", f"No operation: {request.method} {request.url.path}", 404)
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{self._airflow_web.url}/{request.path_params['rest'].lstrip('/')}{query}")

    @property
    def _airflow_web(self) -> AirflowWeb:
        return airflow_web(state.needed(self._paths))

    def _pass(self, request: Request, body: bytes) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        url = f"{self._airflow_web.url}{request.scope['raw_path'].decode()}{query}"
        headers = {name: value for name, value in request.headers.items() if name not in HOP}
        with requests.Session() as session:
            session.trust_env = False
            session.headers.clear()
            wanted = session.request(
                request.method, url, data=body, headers=headers, timeout=PATIENCE, stream=True, allow_redirects=False
            )
            # As it came, packed or not, since its headers say so.
            answer = Response(wanted.raw.read(decode_content=False), wanted.status_code)
        for name, value in wanted.raw.headers.items():
            if name.lower() not in HOP:
                answer.headers.append(name, value)
        return answer


def _told(ended: Ended) -> Response:
    texts = {"stdout": base64.b64encode(ended.out).decode(), "stderr": base64.b64encode(ended.err).decode()}
    return JSONResponse(texts, 400 if ended.code else 200)
