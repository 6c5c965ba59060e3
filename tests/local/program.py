"""What stands in Airflow's place where a test is not about Airflow.

`api-server`, or Airflow 2's `webserver`, answers every request with what it was asked; `scheduler` and `celery worker`
end a second after SIGTERM, as ones whose task still runs; they note when they began and when that task ended. Any
other command says what it was asked for, and fails if it is about what is missing. The state of every DAG run is
whether `some-tool` is installed.
"""

PROGRAM = """
import http.server, importlib.util, json, os, signal, sys, time

home = os.environ["AIRFLOW_HOME"]
WEB = {"api-server": "AIRFLOW__API__PORT", "webserver": "AIRFLOW__WEBSERVER__WEB_SERVER_PORT"}
PROCESSES = (*WEB, "celery", "dag-processor", "scheduler", "triggerer")

def note(what):
    with open(os.path.join(home, "notes"), "a") as file:
        file.write(what + " " + os.environ.get("RELEASE", "") + "\\n")

# What the task of the DAG mwaa_check finds, in this very virtualenv.
THERE = importlib.util.find_spec("some_tool_program") is not None
PROOF = {"state": "success" if THERE else "failed"}
PROOF["content"] = [{"event": "no", "error_detail": [{"exc_value": "some-tool is missing, requirements.txt pins it"}]}]

class Echo(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        asked = {"method": self.command, "path": self.path, "body": body}
        asked |= {name: self.headers[name] for name in ("authorization", "cookie")}
        self.send_response(404 if "missing" in self.path else 500 if "broken" in self.path else 200)
        self.send_header("set-cookie", "one=1")
        self.send_header("set-cookie", "two=2")
        if self.path == "/home":
            self.send_header("set-cookie", "session=a-visitor")
        self.end_headers()
        if "slow" in self.path:
            for _ in range(30):
                self.wfile.write(b" ")
                time.sleep(0.5)
        if "stuck" in self.path:
            self.wfile.write(b"{")
            self.wfile.flush()
            time.sleep(15)
        if "text" in self.path:
            self.wfile.write(b"no JSON")
            return
        asked |= PROOF
        asked["filling"] = "x" * 7_000_000 if "large" in self.path else ""
        self.wfile.write(json.dumps({"access_token": "let-me-in", **asked}).encode())
    do_GET = do_POST = do_PATCH = do_DELETE = answer

def command(words):
    note("command began")
    time.sleep(0.5 if "slowly" in words else 0)
    print(json.dumps({"words": words, "release": os.environ.get("RELEASE")}))
    print("a warning", file=sys.stderr)
    note("command ended")
    sys.exit(3 if "missing" in words else 0)

def main():
    if sys.argv[1] not in PROCESSES:
        command(sys.argv[1:])
    if sys.argv[1] in WEB:
        if os.environ.get("RELEASE") == "without an API server":
            sys.exit("no API server today")
        address = ("127.0.0.1", int(os.environ[WEB[sys.argv[1]]]))
        http.server.ThreadingHTTPServer(address, Echo).serve_forever()
    if "celery" in sys.argv:
        if os.environ.get("RELEASE") == "without workers":
            sys.exit("no worker today")
        signal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), note("worker ended"), sys.exit()))
        note("worker began")
        print("celery@here ready.", flush=True)
    if "scheduler" in sys.argv:
        note("began")
        signal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), note("task ended"), sys.exit()))
    while True:
        time.sleep(60)
"""
