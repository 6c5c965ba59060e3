"""Deploy a build's folder to a bucket, as `mwaa deploy` does, and print what was sent as JSON.

Called as deploy_to.py <endpoint> <bucket> <build>.
"""

import json
import sys
from pathlib import Path

from scripts.aws import Aws
from scripts.deploy.apply import Source, make_live
from scripts.deploy.lock import locked
from scripts.deploy.plan import make_plan
from scripts.deploy.remote import look
from scripts.release import read_record

bucket = Aws("us-east-1", sys.argv[1]).bucket(sys.argv[2])
source = Source(read_record(Path(sys.argv[3])), Path(sys.argv[3]))
plan = make_plan(source.record, look(bucket, source.record))
# The record, the pointer, the log, and the lock taken, confirmed and given back.
own = 0 if plan.idle else 3 + 2
if not plan.idle:
    with locked(bucket) as lock:
        make_live(bucket, source, lock, "deploy")
objects = len(plan.send) + len(plan.create) + len(plan.replace) + own
print(json.dumps({"PUTs": objects, "MB sent": sum(plan.send.values()) / 1e6}))
