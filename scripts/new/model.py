"""`mwaa new model`: one SQL file in a dbt project, and its entry in the properties file of its folder."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion
from scripts.new.made import refuse_existing, undone
from scripts.new.names import check_name
from scripts.projects import DbtProject

STAGING = "staging"
FOLDER = re.compile(r"[a-z][a-z0-9_]*(/[a-z][a-z0-9_]*)*")
# dbt's kinds of files that a ref may name.
REFERRED = {"model-paths": ("models", ("*.sql", "*.py")), "seed-paths": ("seeds", ("*.csv",))}
IMPORT = "{name} as (\n\n    select * from {relation}\n\n)"
RENAMED = "renamed as (\n\n    select{columns}\n    from source\n\n)"


@dataclass(frozen=True)
class ModelWish:
    """What a new model is to be: its name, its folder below models/, and what it reads: refs, or source.table."""

    name: str
    folder: str
    reads: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Made:
    """The files of a new model; `added` says that its entry went into a properties file that was there."""

    model: Path
    properties: Path
    added: bool


def new_model(project: DbtProject, wish: ModelWish) -> Made:
    """Write a model and its entry, and return their paths.

    Raises:
        ProjectError: if the name is taken or not allowed, or it reads what the project does not have.
    """
    check_name("model", wish.name)
    if not FOLDER.fullmatch(wish.folder):
        raise ProjectError(
            f"{wish.folder!r} is no folder below models/.", "--folder", "name it as in marts, or marts/finance"
        )
    if taken := referable(project).get(wish.name):
        place = taken.relative_to(project.folder.parent.parent).as_posix()
        raise ProjectError(f"There is {place} already; it was left as it is.", place, "choose another name")
    for name in wish.reads:
        _check_read(project, name)
    root, folder = project.folder.parent.parent, _models(project) / wish.folder
    model, properties = folder / f"{wish.name}.sql", properties_file(folder)
    refuse_existing(root, model, "choose another name")
    text = properties.read_text() if properties.is_file() else None
    with undone() as made:
        made += [*_missing(folder), model, *([] if text is not None else [properties])]
        folder.mkdir(parents=True, exist_ok=True)
        model.write_text(sql(project, wish))
        properties.write_text(with_entry(text, entry(project, wish)))
    return Made(model, properties, text is not None)


def _missing(folder: Path) -> list[Path]:
    return [one for one in (folder, *folder.parents) if not one.exists()][-1:]


def _models(project: DbtProject) -> Path:
    return project.folder / str((project.read("dbt_project.yml").get("model-paths") or ["models"])[0])


def referable(project: DbtProject) -> dict[str, Path]:
    """Return the files of models, seeds and snapshots by the names that a ref takes."""
    table = project.read("dbt_project.yml")
    found: dict[str, Path] = {}
    for key, (usual, patterns) in REFERRED.items():
        for folder in table.get(key) or [usual]:
            for pattern in patterns:
                found |= {path.stem: path for path in (project.folder / str(folder)).rglob(pattern)}
    return {**found, **dict(_declared(project, table, "snapshots", "snapshot-paths"))}


def sources(project: DbtProject) -> list[str]:
    """Return the project's source tables as source.table."""
    table = project.read("dbt_project.yml")
    return [name for name, _ in _declared(project, table, "sources", "model-paths")]


def _declared(project: DbtProject, table: dict[str, object], kind: str, key: str) -> Iterator[tuple[str, Path]]:
    folders = table.get(key) or [{"sources": "models", "snapshots": "snapshots"}[kind]]
    for folder in folders if isinstance(folders, list) else ():
        for path in sorted((project.folder / str(folder)).rglob("*.y*ml")):
            for one in project.read(path.relative_to(project.folder).as_posix()).get(kind) or ():
                inner: Sequence[dict[str, str]] = one.get("tables") or () if kind == "sources" else ({},)
                yield from ((".".join(filter(None, (one["name"], part.get("name")))), path) for part in inner)


def _check_read(project: DbtProject, name: str) -> None:
    known = [*referable(project), *sources(project)]
    if name not in known:
        hint = suggestion(name, known)
        raise ProjectError(
            f"dbt project {project.name} has no model, seed, snapshot or source table {name!r}.{hint}",
            "--reads",
            "name a model, a seed, a snapshot, or a source's table as source.table",
        )


def sql(project: DbtProject, wish: ModelWish) -> str:
    """Return the model's text: what it reads as imports, then the query."""
    if not wish.reads:
        return "select 1 as id\n"
    if wish.folder.split("/")[0] == STAGING and len(wish.reads) == 1:
        parts = [("source", wish.reads[0])]
        columns = _columns(project, wish.reads[0])
        named = "".join(f"\n        {name}," for name in columns).rstrip(",") or " *"
        last = [RENAMED.format(columns=named)]
    else:
        parts, last = [(name.rsplit(".", 1)[-1], name) for name in wish.reads], []
    imports = [IMPORT.format(name=name, relation=_relation(read)) for name, read in parts]
    chosen = "renamed" if last else parts[0][0]
    return f"with {',\n\n'.join([*imports, *last])}\n\nselect * from {chosen}\n"


def _relation(name: str) -> str:
    source, _, table = name.rpartition(".")
    return f"{{{{ source('{source}', '{table}') }}}}" if source else f"{{{{ ref('{name}') }}}}"


def _columns(project: DbtProject, name: str) -> list[str]:
    """Return the columns of a seed; none if it is something else, or one of them would need quotes."""
    path = referable(project).get(name)
    if path is None or path.suffix != ".csv":
        return []
    with path.open(newline="") as file:
        names = [name.strip().lower() for name in next(csv.reader(file), [])]
    return names if all(re.fullmatch(r"[a-z_][a-z0-9_]*", one) for one in names) else []


def properties_file(folder: Path) -> Path:
    """Return the properties file of a folder: the one that has models already, else _<folder>.yml."""
    usual = folder / f"_{folder.name}.yml"
    others = [path for path in sorted(folder.glob("*.y*ml")) if re.search(r"^models:", path.read_text(), re.MULTILINE)]
    return usual if usual.is_file() or not others else others[0]


def entry(project: DbtProject, wish: ModelWish) -> str:
    """Return the model's entry in a properties file."""
    about = (
        yaml.safe_dump(wish.description or "One row per …", allow_unicode=True, width=1000).split("\n...")[0].strip()
    )
    lines = [f"  - name: {wish.name}", f"    description: {about}"]
    columns = _columns(project, wish.reads[0]) if len(wish.reads) == 1 and "renamed as" in sql(project, wish) else []
    lines += ["    columns:", *(f"      - name: {name}" for name in columns)] if columns else []
    return "\n".join(lines) + "\n"


def with_entry(text: str | None, new: str) -> str:
    """Return a properties file with one more model; comments and all else stay as they are.

    Raises:
        ProjectError: if its models are written in a way that no line can be added to.
    """
    if not text or not text.strip():
        return f"models:\n{new}"
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    models = next((value for key, value in getattr(root, "value", ()) if key.value == "models"), None)
    if models is None:
        return f"{text.rstrip()}\n\nmodels:\n{new}"
    if models.id != "sequence" or models.flow_style or not models.value:
        raise ProjectError(
            "The models of the properties file are no plain list, so none was added.",
            "the properties file of the folder",
            "write `models:` as a list with one `- name:` per model",
        )
    indent = models.value[0].start_mark.column - 2
    shifted = "".join(f"{' ' * indent}{line[2:]}" if line.strip() else line for line in new.splitlines(keepends=True))
    # The end of the last entry's own text: what follows it may be comments of the next key.
    end = len(text[: models.end_mark.index].rstrip())
    head, tail = text[:end], text[end:]
    return f"{head}\n\n{shifted.rstrip()}{tail if tail.strip() else '\n'}"


def usual_folder(name: str) -> str:
    """Return the folder of a model by its name's beginning."""
    return {"stg": STAGING, "int": "intermediate"}.get(name.split("_", 1)[0], "marts")
