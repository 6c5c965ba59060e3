"""The index as it lies in S3, whole and damaged."""

from __future__ import annotations

import gzip
import random
from datetime import UTC, datetime

import pytest

from benchmarks.runs import Shape, make
from mwaa_dbt.errors import ProjectError
from scripts.aws import Aws, Bucket
from scripts.history.archive import Damage, fetch, unpack
from scripts.history.window import Window
from tests.deploy.proxy import running
from tests.history.conftest import LAST, line, packed, put

KEY = "archive/index/shop/2026-11.jsonl.gz"
NOVEMBER = Window(datetime(2026, 11, 1, tzinfo=UTC))


def test_empty_archive(bucket: Bucket) -> None:
    """Without an index there are no runs, no DAGs, and no error, also if a DAG is named."""
    assert fetch(bucket, Window()).runs == []
    assert fetch(bucket, Window(), "shop").dags == []


def test_parts_are_one_file(bucket: Bucket) -> None:
    """An object of several gzip parts is read whole, newest run first."""
    lines = [line(f"r{day}", at=f"2026-11-{day:02}T05:00:00+00:00") for day in (3, 1, 2)]
    put(bucket, KEY, b"".join(packed([one]) for one in lines))
    found = fetch(bucket, Window())
    assert [run.run for run in found.runs] == ["r3", "r2", "r1"]
    assert found.damage == []


def test_later_line_holds(bucket: Bucket) -> None:
    """A run that was cleared and repeated counts once, as it ended last, also if that was in another month."""
    put(bucket, KEY, packed([line(state="failed", seconds=1.0), line(seconds=2.0), line(group="other")]))
    assert {run.group: run.seconds for run in fetch(bucket, Window()).runs} == {"shop": 2.0, "other": 10.0}
    put(bucket, KEY.replace("11", "12"), packed([line(seconds=3.0, at="2026-12-01T05:00:00+00:00")]))
    assert {run.group: run.seconds for run in fetch(bucket, Window()).runs} == {"shop": 3.0, "other": 10.0}
    until = Window(until=datetime(2026, 11, 30, tzinfo=UTC))
    assert {run.group: run.seconds for run in fetch(bucket, until).runs} == {"shop": 2.0, "other": 10.0}


def test_only_what_is_asked_for_is_fetched(aws: Aws, bucket: Bucket) -> None:
    """Of a year of three DAGs, one DAG since November costs two reads."""
    for dag in ("shop", "finance", "shop_weekly"):
        for month in range(1, 13):
            at = f"2026-{month:02}-20T05:00:00+00:00"
            put(bucket, f"archive/index/{dag}/2026-{month:02}.jsonl.gz", packed([line(at, dag=dag, at=at)]))
    with running(str(aws.endpoint)) as spy:
        found = fetch(Aws(aws.region, spy.url).bucket(bucket.name), NOVEMBER, "shop")
    assert [(run.dag, run.at.month) for run in found.runs] == [("shop", 12), ("shop", 11)]
    reads = [call.path.split("?")[0].split("/")[-1] for call in spy.calls if "list-type" not in call.path]
    assert sorted(reads) == ["2026-11.jsonl.gz", "2026-12.jsonl.gz"]


def test_unknown_dag_is_suggested(bucket: Bucket) -> None:
    """A misspelt DAG is answered with the close one and all there are."""
    for dag in ("jaffle_shop", "finance"):
        put(bucket, f"archive/index/{dag}/2026-11.jsonl.gz", packed([line(dag=dag)]))
    with pytest.raises(ProjectError) as error:
        fetch(bucket, Window(), "jafle_shop")
    assert error.value.what == "The archive has no DAG 'jafle_shop'. Did you mean 'jaffle_shop'?"
    assert error.value.fix == "use one of: finance, jaffle_shop"


def test_artifacts_are_no_index(bucket: Bucket) -> None:
    """The artifacts of a DAG that is called `index` are not taken for one."""
    put(bucket, "archive/index/scheduled__2026-11-20/index.dbt-1.zip", b"PK")
    put(bucket, KEY, packed([line()]))
    assert fetch(bucket, Window()).dags == ["shop"]


def test_damaged_line_is_left_out(bucket: Bucket) -> None:
    """A line that cannot be read is counted, and those around it are there."""
    put(bucket, KEY, packed([line("r1")]) + gzip.compress(b'{"dag": "shop"}\n\n{"da\n') + packed([line("r2")]))
    found = fetch(bucket, Window())
    assert {run.run for run in found.runs} == {"r1", "r2"}
    assert found.damage == [Damage(KEY, 2, False)]
    assert str(found.damage[0]) == f"{KEY}: 2 lines left out"


def test_object_cut_off(bucket: Bucket) -> None:
    """Of an object that ends too early all whole lines are read."""
    whole = packed(make(Shape(50, 30, LAST)))
    put(bucket, KEY, packed([line("first")]) + whole[: len(whole) // 2])
    found = fetch(bucket, Window())
    assert 10 < len(found.runs) < 50
    assert found.damage[0].cut
    assert "damaged or cut off, 1 line left out" in str(found.damage[0])


def test_no_gzip_at_all(bucket: Bucket) -> None:
    """An object that is none of ours is named, and the others are read."""
    put(bucket, KEY, b"<html>")
    put(bucket, KEY.replace("11", "10"), packed([line("r1", at="2026-10-20T05:00:00+00:00")]))
    found = fetch(bucket, Window())
    assert [run.run for run in found.runs] == ["r1"]
    assert found.damage == [Damage(KEY, 0, True)]


def test_any_damage_is_survived() -> None:
    """Whatever byte of whatever part is wrong, no error comes, and the parts before and behind it are read."""
    chance = random.Random(0)  # noqa: S311
    parts = [packed([line(f"r{part}-{number}") for number in range(3)]) for part in range(3)]
    for _ in range(500):
        middle = bytearray(parts[1])
        middle[chance.randrange(len(middle))] ^= chance.randrange(1, 256)
        text, _ = unpack(parts[0] + bytes(middle) + parts[2])
        assert all(f'"r{part}-{number}"'.encode() in text for part in (0, 2) for number in range(3))


def test_denied_is_told(aws: Aws, bucket: Bucket) -> None:
    """Without the permission, the error has the line for the policy."""
    put(bucket, KEY, packed([line()]))
    with running(str(aws.endpoint)) as wall:
        wall.before = lambda call: None if "list-type" in call.path else (403, "AccessDenied")
        with pytest.raises(ProjectError, match="no permission for s3:GetObject") as error:
            fetch(Aws(aws.region, wall.url).bucket(bucket.name), Window())
    assert f"arn:aws:s3:::{bucket.name}/{KEY}" in error.value.fix


def test_no_bucket_is_told(aws: Aws) -> None:
    """A bucket that does not exist is said to be missing."""
    with pytest.raises(ProjectError, match="There is no 'no-such-bucket'"):
        fetch(aws.bucket("no-such-bucket"), Window())
