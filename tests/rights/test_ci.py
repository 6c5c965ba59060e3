"""`mwaa ci` with the real dbt: what it asks AWS for once something has changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.command import Done
from tests.deploy.conftest import Built, deploy
from tests.e2e.conftest import copy_project
from tests.rights.conftest import KEY, NUMBERS, SECRET, SECRET_KEY, Cloud, World, make_roles

pytestmark = pytest.mark.slow

NAME = "mwaa-dbt-prod"  # settings.toml's bucket and environment
MODEL = "dbt/jaffle_shop/models/marts/core/orders.sql"


@pytest.fixture(scope="module")
def world(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Deploy a copy of the project, change a model, and store a secret that is read and then found to be none."""
    project = copy_project(tmp_path_factory.mktemp("ci"))
    built = project.mwaa("build", "--env", "prod")
    assert built.code == 0, built.err
    cloud.gate.keys |= {NAME: KEY, SECRET: SECRET_KEY}
    with cloud.open() as aws:
        aws.make_bucket(NAME)
        deploy(aws.bucket(NAME), Built(project.paths.build("prod")))
        aws.secrets.create(SECRET, "no JSON")
    file = project.paths.root / MODEL
    file.write_text(f"-- changed\n{file.read_text()}")
    return World(project.paths.root, cloud, NAME, {})


def run(world: World, without: tuple[str, str] | None = None) -> Done:
    """Run `mwaa ci` with a new role, with all that it may do or without an action on a resource."""
    own = replace(world, roles=make_roles(world.cloud, NAME, stack=f"ci{next(NUMBERS)}"))
    if without:
        own.without("CiRole", *without)
    return own.run("CiRole", "ci")


def test_connection_is_read(world: World) -> None:
    """With its role it comes as far as the connection, and reads it."""
    done = run(world)
    assert (done.code, f"Secret {SECRET} cannot be read." in done.err) == (1, True), done.err


def test_denied_connection_is_told(world: World) -> None:
    """Without the right to read the connection the error names it."""
    resource = f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:{SECRET}-??????"
    done = run(world, ("secretsmanager:GetSecretValue", resource))
    assert (done.code, "There is no permission for secretsmanager:GetSecretValue." in done.err) == (1, True), done.err


def test_denied_key_is_told(world: World) -> None:
    """Without the right on the connection's key the error names that."""
    done = run(world, ("kms:Decrypt", SECRET_KEY))
    assert (done.code, '"Action": "kms:Decrypt"' in done.err) == (1, True), done.err
