"""Read each run's own run_results.json from S3 and sum up its nodes' seconds, as scripts over dbt's artifacts do.

Called as read_results.py <endpoint> <bucket> <threads>; prints what was read as JSON.
"""

import json
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import boto3

endpoint, bucket, threads = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="artifacts/")
keys = [item["Key"] for page in pages for item in page.get("Contents", [])]


def read(key: str) -> tuple[int, list[tuple[str, float]]]:
    """Return an object's size and its nodes' seconds."""
    data = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return len(data), [(one["unique_id"], one["execution_time"]) for one in json.loads(data)["results"]]


with ThreadPoolExecutor(int(threads)) as pool:
    found = list(pool.map(read, keys))
seconds: dict[str, float] = defaultdict(float)
for _, nodes in found:
    for node, took in nodes:
        seconds[node] += took
print(json.dumps({"GETs": len(keys), "MB read": sum(size for size, _ in found) / 1e6}))
