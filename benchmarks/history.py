"""What a question about many runs costs: each run's artifact read, or the index of the archive."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from moto.server import ThreadedMotoServer

from benchmarks.measure import Options, Result, Sample, compare
from benchmarks.runs import Shape, make, store
from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import load
from scripts.aws import Aws, Bucket
from scripts.deploy.remote import each
from scripts.paths import Paths

READ = Path(__file__).with_name("inside") / "read_results.py"
MWAA = Path(sys.executable).with_name("mwaa")
ENVIRONMENT, DAYS = "prod", "365d"
THREADS = (1, 16)
SQL = "select order_id, sum(amount) as amount from analytics.shop.stg_payments group by order_id\n" * 6
TIMING = [{"name": name, "started_at": "2026-11-20T05:00:00Z", "completed_at": "2026-11-20T05:00:01Z"} for name in "ce"]


@dataclass(frozen=True)
class Bench:
    """A bucket with the artifacts of many runs and with their index."""

    paths: Paths
    endpoint: str
    bucket: Bucket

    def read(self, threads: int) -> Sample:
        """Read every artifact."""
        seconds, output = self._timed([sys.executable, str(READ), self.endpoint, self.bucket.name, str(threads)])
        return Sample(seconds, json.loads(output))

    def history(self, *arguments: str) -> Sample:
        """Run our command."""
        keys = self.bucket.objects("archive/index/")
        seconds, _ = self._timed([str(MWAA), "history", "--env", ENVIRONMENT, "--since", DAYS, *arguments])
        return Sample(seconds, {"GETs": len(keys), "MB read": sum(one.size for one in keys.values()) / 1e6})

    def _timed(self, command: list[str]) -> tuple[float, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        keys = {"AWS_ACCESS_KEY_ID": "rehearsal", "AWS_SECRET_ACCESS_KEY": "rehearsal"}
        environment = {**own, **keys, "AWS_ENDPOINT_URL": self.endpoint}
        begun = time.monotonic()
        done = subprocess.run(
            command, cwd=self.paths.root, env=environment, capture_output=True, text=True, check=False
        )
        seconds = time.monotonic() - begun
        if done.returncode:
            raise ProjectError(
                f"The measured command failed:\n{done.stderr.strip()[-2000:]}",
                command[0],
                "mend what it names, then run this again",
            )
        return seconds, done.stdout


def measure(paths: Paths, options: Options) -> list[Result]:
    """Measure many small runs, and few large ones."""
    return [
        _measure(paths, options, Shape(1000, 30, datetime.now(UTC), every=timedelta(hours=1))),
        _measure(paths, options, Shape(30, 2000, datetime.now(UTC), every=timedelta(days=1))),
    ]


def _measure(paths: Paths, options: Options, shape: Shape) -> Result:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        bench = _filled(paths, f"http://{host}:{port}", shape)
        return compare(f"{shape.runs} runs of {shape.nodes} nodes", _ways(bench), options.runs)
    finally:
        # What moto holds is this process's, and would be there for the next server.
        requests.post(f"http://{host}:{port}/moto-api/reset", timeout=60)
        server.stop()


def _ways(bench: Bench) -> Mapping[str, Callable[[], Sample]]:
    one, many = THREADS
    return {
        "run_results.json of each run": lambda: bench.read(one),
        f"run_results.json of each run, {many} threads": lambda: bench.read(many),
        "mwaa history": bench.history,
        "mwaa history --json": lambda: bench.history("--json"),
    }


def _filled(paths: Paths, endpoint: str, shape: Shape) -> Bench:
    settings, lines = load(paths.settings).environment(ENVIRONMENT), make(shape)
    aws = Aws(settings.region, endpoint)
    aws.make_bucket(settings.bucket)
    bucket = aws.bucket(settings.bucket)
    store(bucket, lines)
    each(lambda line: _put(bucket, line), lines)
    return Bench(paths, endpoint, bucket)


def _put(bucket: Bucket, line: Mapping[str, Any]) -> None:
    results = [_result(name, *node) for name, node in line["nodes"].items()]
    data = json.dumps({"metadata": {}, "results": results, "elapsed_time": line["seconds"], "args": {}}).encode()
    bucket.put(f"artifacts/{line['run']}/run_results.json", data, hashlib.sha256(data).hexdigest())


def _result(name: str, status: str, _: float, seconds: float, __: int) -> dict[str, Any]:
    # As dbt 1.11 writes it, the SQL among it.
    return {
        "status": status,
        "timing": TIMING,
        "thread_id": "Thread-1 (worker)",
        "execution_time": seconds,
        "adapter_response": {"_message": "SUCCESS 150", "code": "SUCCESS", "rows_affected": 150, "query_id": "01b"},
        "message": "SUCCESS 150",
        "failures": None,
        "unique_id": name,
        "compiled": True,
        "compiled_code": SQL,
        "relation_name": f"ANALYTICS.SHOP.{name}",
        "batch_results": None,
    }
