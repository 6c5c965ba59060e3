"""The files of a folder of DAGs, as the rules look at them."""

from __future__ import annotations

import ast
import tokenize
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from mwaa_dbt.errors import ProjectError
from scripts.migrate.check.finding import Finding, Rule
from scripts.versions import number

# What operators read as templates (their template_ext), besides Python.
TEMPLATES = (".sql", ".hql", ".sh", ".bash", ".json", ".yaml", ".yml", ".html", ".jinja", ".jinja2", ".j2")
# A dbt project's files are dbt's templates, not Airflow's.
FOREIGN = ("__pycache__", "node_modules", "site-packages", "dbt_packages")
DBT = "dbt_project.yml"
LONGEST = 2_000_000  # bytes; data, not code
SYNTAX = Rule("syntax", "breaks", "a file that Python does not read")
UNREAD = Rule("unread", "unknown", "a file that is no text, or in another coding")

type Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Move:
    """From which Airflow to which, and the options that the new one will have."""

    before: str
    after: str
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def crosses(self) -> bool:
        """Whether it leads from Airflow 2 to 3, where most things break."""
        return number(self.before) < (3,) <= number(self.after)

    def on(self, option: str) -> bool:
        """Whether a switch is set."""
        return self.options.get(option, "").lower() in ("true", "t", "1")


@dataclass(frozen=True)
class Place:
    """Where the old files are: DAGs alone, or dags/, plugins/ and requirements.txt as MWAA's bucket has them."""

    root: Path

    @property
    def dags(self) -> Path:
        """The folder of DAGs."""
        return self.root / "dags" if (self.root / "dags").is_dir() else self.root

    @property
    def plugins(self) -> Path | None:
        """The plugins beside it."""
        folder = self.dags.parent / "plugins"
        return folder if folder.is_dir() and self.dags != self.root else None

    @property
    def parts(self) -> list[Path]:
        """What is looked at."""
        return [self.dags, *filter(None, [self.plugins])]

    @property
    def requirements(self) -> Path | None:
        """The requirements.txt that is there."""
        file = self.root / "requirements.txt"
        return file if file.is_file() else None

    def name(self, path: Path) -> str:
        """Return a file's name in the report."""
        return path.relative_to(self.root).as_posix()


@dataclass(frozen=True)
class Source:
    """A file: its path below the folder, its text, and, of Python, its syntax tree."""

    name: str
    text: str
    tree: ast.Module | None = None

    @cached_property
    def names(self) -> dict[str, str]:
        """What each imported name stands for, e.g. {"V": "airflow.models.Variable"}."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree or ast.Module([], [])):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    first = alias.name.split(".")[0]
                    found[alias.asname or first] = alias.name if alias.asname else first
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        return found

    @cached_property
    def nodes(self) -> list[tuple[ast.AST, Function | ast.Lambda | None]]:
        """Each node, and the function that runs it; None for what runs while the file is parsed."""
        return list(_walk(self.tree, None, self)) if self.tree else []

    @cached_property
    def calls(self) -> list[tuple[ast.Call, Function | ast.Lambda | None]]:
        """Each call, and the function that it is in."""
        return [(node, owner) for node, owner in self.nodes if isinstance(node, ast.Call)]

    def dotted(self, node: ast.AST) -> str:
        """Return what a name or attribute stands for, with its imports resolved; empty if it is something else."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join((self.names.get(node.id, node.id), *reversed(parts)))

    def finding(self, place: ast.AST | int, rule: Rule, what: str, fix: str) -> Finding:
        """Return a finding at a node or line."""
        line = place if isinstance(place, int) else int(getattr(place, "lineno", 0))
        return rule.at(self.name, line, what, fix)


def _walk(
    node: ast.AST, owner: Function | ast.Lambda | None, source: Source
) -> Iterator[tuple[ast.AST, Function | ast.Lambda | None]]:
    for child in ast.iter_child_nodes(node):
        yield child, owner
        inner = owner
        if isinstance(child, ast.Lambda) or (isinstance(child, Function.__value__) and not _drawn(child, source)):
            inner = child
        yield from _walk(child, inner, source)


def _drawn(function: Function, source: Source) -> bool:
    """Whether a function runs while its file is parsed, as @dag and @task_group make it."""
    names = (source.dotted(one.func if isinstance(one, ast.Call) else one) for one in function.decorator_list)
    return any(name.split(".")[-1] in ("dag", "task_group") for name in names if name)


def argument(call: ast.Call, name: str) -> ast.expr | None:
    """Return what is given to a call by name."""
    return next((one.value for one in call.keywords if one.arg == name), None)


def text_of(node: ast.AST | None) -> str | None:
    """Return a text as it is written; of an f-string, 0 stands for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "0" for one in node.values)
    return None


def read_sources(place: Place) -> tuple[list[Source], list[Finding]]:
    """Return the files of a place, and what could not be read.

    Raises:
        ProjectError: if there is no Python file.
    """
    sources, findings = list[Source](), list[Finding]()
    for path in sorted(one for part in place.parts for one in _files(part)):
        try:
            sources.append(_source(path, place.name(path)))
        except (SyntaxError, ValueError) as error:
            findings.append(_unread(place.name(path), error))
            continue
        if path.suffix == ".py" and not _is_utf_8(path):
            what = "it is no UTF-8, so ruff's rules (AIR…) were not tried"
            findings.append(UNREAD.at(place.name(path), 0, what, "save it as UTF-8"))
    if not any(source.tree for source in sources) and not findings:
        fix = "name the folder that holds the DAG files (*.py), or one with dags/ in it"
        raise ProjectError("There is no Python file in it.", str(place.root), fix)
    return sources, findings


def _files(folder: Path) -> Iterator[Path]:
    if (folder / DBT).is_file() or (folder / "pyvenv.cfg").is_file():
        return
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name in FOREIGN or path.is_symlink():
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.suffix in (".py", *TEMPLATES) and path.stat().st_size < LONGEST:
            yield path


def _is_utf_8(path: Path) -> bool:
    try:
        path.read_bytes().decode()
    except UnicodeDecodeError:
        return False
    return True


def _source(path: Path, name: str) -> Source:
    if path.suffix != ".py":
        return Source(name, path.read_text(encoding="utf-8"))
    with tokenize.open(path) as file:
        text = file.read()
    with warnings.catch_warnings():
        # An old regular expression in an old DAG is not this check's business.
        warnings.simplefilter("ignore")
        return Source(name, text, ast.parse(text, name))


def _unread(name: str, error: SyntaxError | ValueError) -> Finding:
    if name.endswith(".py"):
        line, reason = (error.lineno or 0, error.msg) if isinstance(error, SyntaxError) else (0, str(error))
        return SYNTAX.at(name, line, f"Python 3.12 does not read it: {reason}", "mend it")
    return UNREAD.at(name, 0, "it is no UTF-8 text", "look at it by hand")
