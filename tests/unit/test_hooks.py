"""Wrapped hooks: each form that YAML allows, and all else of the file as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from scripts.archive import count_hooks
from scripts.hooks import BEGIN, END, wrap, wrap_hooks
from scripts.projects import DbtProject
from tests.unit.conftest import Write

# YAML → its hooks, and whether every other line can keep its place.
FORMS = {
    "text": ("on-run-end: \"{{ done('x') }}\"\n", ["{{ done('x') }}"]),
    "plain": ("on-run-end: insert into t values (1) # why\n", ["insert into t values (1)"]),
    "single quotes": ("on-run-end: 'it''s {{ x }}'\n", ["it's {{ x }}"]),
    "list": ("on-run-end:\n  - \"{{ a }}\"\n  - '{% do b %}'\n", ["{{ a }}", "{% do b %}"]),
    "list at the margin": ("on-run-end:\n- a\n# between\n- b\n", ["a", "b"]),
    "flow list": ("on-run-end: [a,\n  'b'] # why\n", ["a", "b"]),
    "block": ("on-run-end: |\n  {% if x %}\n  a -- why\n  {% endif %}\n", ["{% if x %}\na -- why\n{% endif %}\n"]),
    "folded": ("on-run-end:\n  - >-\n    {{ a(1,\n    2) }}\n\n", ["{{ a(1, 2) }}"]),
    "continued": ("on-run-end: one\n  two\n", ["one two"]),
    "escapes": ('on-run-end: "a\\tb \\"c\\" \\\\ é ☃ 😀 \\x85"\n', ['a\tb "c" \\ é ☃ 😀 \x85']),
    "quoted key": ('"on-run-end" : a\n', ["a"]),
    "comment block": ("on-run-end:\n  # first\n  - a # second\n\n  # third\n", ["a"]),
}  # fmt: skip
# Here it cannot: the file is written anew.
ANCHORED = {
    "alias": ("x: &hooks [a]\non-run-end: *hooks\n", ["a"]),
    "anchor that others use": ("on-run-end: &hooks [a]\nvars: {x: *hooks}\n", ["a"]),
    "merged": ("<<: {on-run-end: [a]}\n", ["a"]),
    "explicit key": ("? on-run-end\n: - a\n", ["a"]),
}
BEFORE, AFTER = "name: shop\n", "models: {shop: {+schema: marts}}\n"
UNCHANGED = {
    "none": "name: shop\n",
    "empty list": "on-run-end: []\non-run-start:\n",
    "another's key": "vars: {on-run-end: [a]}\nmodels: {shop: {post-hook: a}}\n",
    "no mapping": "- on-run-end\n",
    "no YAML": "on-run-end: [a\n",
    "empty": "",
}


def wrapped(hooks: list[str]) -> list[str]:
    """Return hooks as the build leaves them."""
    return [f"{BEGIN}{hook}{END}" for hook in hooks]


@pytest.mark.parametrize("kind", ["on-run-start", "on-run-end"])
@pytest.mark.parametrize(("form", "hooks"), FORMS.values(), ids=FORMS.keys())
def test_hook_is_wrapped(form: str, hooks: list[str], kind: str) -> None:
    """Every hook is wrapped, whatever its form; all else keeps its value and its line."""
    text = BEFORE + form.replace("on-run-end", kind) + AFTER
    new = wrap(text)
    assert yaml.safe_load(new) == {**yaml.safe_load(text), kind: wrapped(hooks)}
    lines = new.splitlines()
    assert (lines[0], lines[-1]) == (BEFORE.strip(), AFTER.strip())
    assert len(lines) == len(text.splitlines())


@pytest.mark.parametrize(("form", "hooks"), ANCHORED.values(), ids=ANCHORED.keys())
def test_shared_hook_is_wrapped(form: str, hooks: list[str]) -> None:
    """A hook that stands elsewhere in the file is wrapped as a hook and left as it is elsewhere."""
    text = BEFORE + form + AFTER
    assert yaml.safe_load(wrap(text)) == {**yaml.safe_load(text), "on-run-end": wrapped(hooks)}


@pytest.mark.parametrize("text", UNCHANGED.values(), ids=UNCHANGED.keys())
def test_file_without_hooks_stays(text: str) -> None:
    """A file without hooks, or that is for dbt to complain of, stays as it is, byte by byte."""
    assert wrap(text) == text


def test_both_kinds_in_an_indented_file() -> None:
    """Both kinds are wrapped in one file, in whatever order, also where all of it is indented or in flow style."""
    indented = "  on-run-end:\n    - a\n  name: x\n  on-run-start: b\n"
    for text in (indented, "{on-run-end: [a], name: x, on-run-start: b}"):
        found = yaml.safe_load(wrap(text))
        assert found == {"on-run-end": wrapped(["a"]), "name": "x", "on-run-start": wrapped(["b"])}


def test_strange_entry_is_left_to_dbt() -> None:
    """What is no text in a list of hooks is left for dbt to complain of."""
    assert yaml.safe_load(wrap("on-run-end: [{sql: a}, b]\n"))["on-run-end"] == [{"sql": "a"}, *wrapped(["b"])]


def test_wrapping_twice_is_wrapping_once() -> None:
    """A project that is also a package of another is wrapped once."""
    text = "on-run-end: [a, b]\non-run-start: c\n"
    assert wrap(wrap(text)) == wrap(text) != text


def test_packages_are_wrapped(write: Write) -> None:
    """Installed packages are wrapped, wherever packages.yml's sister setting puts them; files beside them stay."""
    folder = write("shop", {
        "dbt_project.yml": "packages-install-path: ours\non-run-end: a\n",
        "ours/audit/dbt_project.yml": "on-run-start: é\n",
        "ours/plain/dbt_project.yml": "name: plain\n",
        "ours/README.md": "x",
        "elsewhere/dbt_project.yml": "on-run-end: a\n",
    })  # fmt: skip
    wrap_hooks(DbtProject("shop", folder))
    changed = [path for path in sorted(folder.rglob("dbt_project.yml")) if "MWAA_DBT_HOOKS" in path.read_text()]
    assert changed == [folder / "dbt_project.yml", folder / "ours" / "audit" / "dbt_project.yml"]


def test_sibling_package_is_wrapped_in_place(write: Write, tmp_path: Path) -> None:
    """A package that is another project of this build stays a link: both are one staged copy."""
    write("stage", {"shop/dbt_project.yml": "name: shop\n", "audit/dbt_project.yml": "on-run-end: a\n"})
    link = tmp_path / "stage" / "shop" / "dbt_packages" / "audit"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "stage" / "audit")
    wrap_hooks(DbtProject("shop", tmp_path / "stage" / "shop"))
    assert link.is_symlink()
    assert "MWAA_DBT_HOOKS" in (tmp_path / "stage" / "audit" / "dbt_project.yml").read_text()


def test_hooks_are_counted() -> None:
    """Hooks are counted by kind; a tag of that name on a model is none."""
    nodes = {
        "operation.shop.a": {"resource_type": "operation", "tags": ["on-run-end"]},
        "operation.audit.b": {"resource_type": "operation", "tags": ["on-run-end"]},
        "model.shop.c": {"resource_type": "model", "tags": ["on-run-start"]},
    }
    assert count_hooks({"nodes": nodes}) == {"on-run-end": 2}
