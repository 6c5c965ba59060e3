"""Parse many DAG folders with Airflow, each in a fresh fork, as its DAG processor does.

Called with Airflow's Python as parse_all.py <folder of containers>; prints JSON: container → tags of its DAGs, errors.
"""

import json
import os
import sys
from pathlib import Path

import cosmos  # noqa: F401 - imported once, before the forks
from airflow.dag_processing.dagbag import DagBag


def parse(container: Path) -> dict[str, object]:
    """Return DAG id → tags, and the import errors, of one container's DAG folder."""
    os.environ["MWAA_DBT_HOME"] = str(container / "home")
    bag = DagBag(container / "dags", bundle_path=container / "dags")
    dags = {name: sorted(dag.tags) for name, dag in bag.dags.items()}
    return {"dags": dags, "errors": {name: text.strip().splitlines()[-3:] for name, text in bag.import_errors.items()}}


def forked(container: Path) -> dict[str, object]:
    """Parse in a child."""
    ours, theirs = os.pipe()
    if not os.fork():
        os.write(theirs, json.dumps(parse(container)).encode())
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as answer:
        found = json.load(answer)
    os.wait()
    return dict(found)


print(json.dumps({path.name: forked(path) for path in sorted(Path(sys.argv[1]).iterdir())}))
