"""What S3 and the network can do to a deploy: refuse, forget to answer, deny, expire."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from mwaa_dbt.errors import ProjectError
from scripts.aws import Aws, Bucket
from scripts.deploy.history import entries, live
from scripts.deploy.lock import unlock
from tests.deploy import proxy
from tests.deploy.conftest import Built, deploy

Make = Callable[..., Built]
Look = Callable[[], dict[str, list[str]]]


@pytest.fixture
def between(aws: Aws) -> Iterator[proxy.Proxy]:
    """Put a proxy before S3."""
    with proxy.running(aws.endpoint or "") as started:
        yield started


@pytest.fixture
def far(between: proxy.Proxy, bucket: Bucket) -> Bucket:
    """Return the bucket as seen through the proxy."""
    return Aws("eu-central-1", between.url).bucket(bucket.name)


def test_busy_is_tried_again(between: proxy.Proxy, far: Bucket, make: Make, container: Look) -> None:
    """Every third call is refused with 503, and the deploy ends well."""
    between.before = lambda call: (503, "SlowDown") if call.number % 3 == 0 else None
    deploy(far, make("A"))
    assert container() == {"shop.py": ["A"] * 3}


def test_lost_answers_are_survived(between: proxy.Proxy, bucket: Bucket, far: Bucket, make: Make) -> None:
    """Every write is done by S3 but answered with an error the first time; lock and pointer are known as ours."""
    told: set[str] = set()

    def lose(call: proxy.Call) -> tuple[int, str] | None:
        if call.method != "PUT" or call.path in told:
            return None
        told.add(call.path)
        return 500, "InternalError"

    between.after = lose
    built = make("A")
    deploy(far, built)
    assert (live(bucket), len(entries(bucket))) == (built.name, 1)


@pytest.mark.parametrize(
    "denied",
    [
        ("PUT", "dags/dbt/", "s3:PutObject"),
        ("PUT", "releases/lock.json", "s3:PutObject"),
        ("GET", "list-type=2", "s3:ListBucket"),
        ("HEAD", "releases/files", "s3:GetObject"),
        ("DELETE", "dags/old.py", "s3:DeleteObject"),
    ],
)
def test_denied_action_is_named(
    between: proxy.Proxy, bucket: Bucket, far: Bucket, make: Make, denied: tuple[str, str, str]
) -> None:
    """A missing permission is told with the action and the line for the policy; the bucket shows a whole release."""
    method, part, action = denied
    old, new = make("A", dags=("shop.py", "old.py")), make("B")
    deploy(bucket, old)
    between.before = lambda call: (403, "AccessDenied") if call.method == method and part in call.path else None
    with pytest.raises(ProjectError, match=f"no permission for {action}") as told:
        deploy(far, new)
    assert f'"Action": "{action}", "Resource": "arn:aws:s3:::{bucket.name}' in told.value.fix
    assert live(bucket) == (new.name if method == "DELETE" else old.name)


@pytest.mark.parametrize(
    "refused",
    [
        (400, "ExpiredToken", "credentials have expired"),
        (403, "InvalidAccessKeyId", "does not know the credentials"),
        (400, "AuthorizationHeaderMalformed", "bucket is in region"),
        (503, "SlowDown", "AWS keeps refusing"),
        (400, "SomethingNew", "AWS refused: SomethingNew"),
    ],
)
def test_refusal_in_the_middle_keeps_old(
    between: proxy.Proxy, bucket: Bucket, make: Make, refused: tuple[int, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the middle on S3 refuses: one clear error, the old release live, the next deploy ends it."""
    status, code, said = refused
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    far = Aws("eu-central-1", between.url).bucket(bucket.name)
    old, new = make("A"), make("B")
    deploy(bucket, old)
    between.before = lambda call: (status, code) if call.number > 12 else None
    with pytest.raises(ProjectError, match=said) as told:
        deploy(far, new)
    assert "Traceback" not in str(told.value)
    assert live(bucket) == old.name
    between.before = lambda _: None
    # Its owner, this process, is alive; in a person's hands it would have ended.
    unlock(bucket, force=True)
    deploy(bucket, new)
    assert live(bucket) == new.name


def test_changed_pointer_is_told(between: proxy.Proxy, bucket: Bucket, far: Bucket, make: Make) -> None:
    """A pointer that somebody else writes under the deploy is not overwritten."""
    deploy(bucket, make("A"))
    other = b'{"releases": ["0123"]}'

    def write(call: proxy.Call) -> None:
        if call.method == "PUT" and "releases/lock.json" in call.path and len(between.calls) > 10:
            bucket.swap("dags/dbt/current.json", other, bucket.objects()["dags/dbt/current.json"].etag)

    between.after = write
    with pytest.raises(ProjectError, match="pointer was changed under this deploy"):
        deploy(far, make("B"))
    assert bucket.get("dags/dbt/current.json") == other
