"""Which nodes a save asks for, and the copy that dbt works in."""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.dev.mirror import Mirror
from scripts.projects import DbtProject

# As the program finds them: dbt's Python is started with its folder first on sys.path.
sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "dev" / "inside"))

from plan import Known, plan  # type: ignore[import-not-found]

CHILDREN = {
    "seed.p.raw": ["model.p.a"],
    "model.p.a": ["model.p.b", "test.p.a"],
    "model.p.b": ["model.p.d", "test.p.b"],
    "model.p.c": ["model.p.d"],
    "model.p.d": ["exposure.p.e"],
}
PARENTS = {
    child: [key for key, all_ in CHILDREN.items() if child in all_]
    for child in {one for all_ in CHILDREN.values() for one in all_}
}
PRINTS = dict.fromkeys((key for key in {*CHILDREN, *PARENTS} if not key.startswith("exposure")), "1")


def run(known: Known, chosen: set[str] | None = None, **prints: str) -> list[str]:
    """Return the names of what is run when some digests have become others."""
    found = plan(
        {**PRINTS, **{key.replace("__", ".p."): value for key, value in prints.items()}},
        known,
        CHILDREN,
        PARENTS,
        chosen,
    )
    return [key.replace(".p.", " ") for key in found.run]


def test_changed_and_children() -> None:
    """Where all is built, a change runs its node and what depends on it; tests come with their nodes."""
    known = Known(dict(PRINTS), dict(PRINTS))
    assert run(known) == []
    assert run(known, model__b="2") == ["model b", "model d"]
    assert run(known, test__a="2") == ["test a"]


def test_missing_parents_first() -> None:
    """What a run needs and is not there, or is another version of it, is built, too; its other children are not."""
    known = Known({}, dict(PRINTS))
    assert run(known, model__c="2") == ["model a", "model b", "model c", "model d", "seed raw"]
    known = Known({**PRINTS, "model.p.a": "0"}, dict(PRINTS))
    assert run(known, model__d="2") == ["model a", "model d"]


def test_failed_is_tried_again() -> None:
    """What was not built is tried again with the next save, though it has not changed since."""
    known = Known(dict(PRINTS), dict(PRINTS), {"model.p.d"})
    assert run(known) == ["model d"]
    assert run(known, model__b="2") == ["model b", "model d"]


def test_chosen() -> None:
    """What is chosen is run, changed or not, without its children."""
    known = Known({}, dict(PRINTS))
    assert run(known, {"model.p.a", "exposure.p.e"}) == ["model a", "seed raw"]


def test_mirror_follows(tmp_path: Path) -> None:
    """The copy has each change, loses what was deleted, and keeps what dbt has made in it."""
    source, copy = tmp_path / "shop", tmp_path / "copy"
    for name in ("dbt_project.yml", "models/a.sql", "models/b.sql", "target/x", "profiles.yml"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("{}")
    mirror = Mirror(DbtProject("shop", source), copy)
    assert mirror.follow() == ["dbt_project.yml", "models/a.sql", "models/b.sql"]
    for name in ("target/manifest.json", "dbt_packages/x/m.sql", "package-lock.yml", "models/stranger.sql"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("")
    assert mirror.follow() == []
    (source / "models/a.sql").write_text("select 1")
    (source / "models/b.sql").unlink()
    assert mirror.follow() == ["models/a.sql", "models/b.sql"]
    assert not (copy / "models/b.sql").exists()
    # What an earlier loop has left goes with the first look of the next.
    Mirror(DbtProject("shop", source), copy).follow()
    left = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    made = {"target/manifest.json", "dbt_packages/x/m.sql", "package-lock.yml"}
    assert left == {"dbt_project.yml", "models/a.sql"} | made
