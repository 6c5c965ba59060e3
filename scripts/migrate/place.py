"""Where an export is: parts of compressed JSON lines in S3, and a manifest that names them, written last."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.airflow.environment import Environment
from scripts.aws import Bucket, MissingError
from scripts.migrate.inside.lines import ROWS, packed, unpacked
from scripts.migrate.objects import Record
from scripts.migrate.sides import kept_in

FORMAT = 1
MANIFEST, REQUEST, NOTE = "manifest.json", "request.json", "history.json"
ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([^?#]*))?")


@dataclass(frozen=True)
class Place:
    """The exports of one old environment: `<root>/<its name>`, and in it a folder for each export."""

    bucket: Bucket
    root: str

    @property
    def address(self) -> str:
        """Its address, as a person writes it."""
        return f"s3://{self.bucket.name}/{self.root}"

    def put(self, name: str, data: bytes) -> str:
        """Write an object and return its digest."""
        digest = hashlib.sha256(data).hexdigest()
        self.bucket.put(f"{self.root}/{name}", data, digest)
        return digest

    def get(self, name: str) -> bytes:
        """Return an object's bytes.

        Raises:
            MissingError: if there is none.
        """
        return self.bucket.get(f"{self.root}/{name}")

    def write(self, folder: str, table: str, records: list[Record]) -> dict[str, Any]:
        """Write records as parts, and return them as the manifest has them."""
        parts = []
        for start in range(0, len(records), ROWS):
            rows = records[start : start + ROWS]
            name = f"{table}/part-{start // ROWS + 1:04}.jsonl.gz"
            parts.append({"part": name, "rows": len(rows), "sha256": self.put(f"{folder}/{name}", packed(rows))})
        return {"rows": len(records), "parts": parts}

    def manifest(self) -> Mapping[str, Any]:
        """Return the manifest.

        Raises:
            ProjectError: if no export has come to its end.
        """
        try:
            found = json.loads(self.get(MANIFEST))
        except MissingError:
            half = " One was begun and has not come to its end." if self.begun() else ""
            raise ProjectError(
                f"There is no export.{half}", f"{self.address}/{MANIFEST}", "run `mwaa migrate export`; it goes on"
            ) from None
        except ValueError:
            found = {}
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise ProjectError(
                f"The manifest is none of format {FORMAT}.", f"{self.address}/{MANIFEST}", "run `mwaa migrate export`"
            )
        return found

    def records(self, manifest: Mapping[str, Any], table: str) -> list[Record]:
        """Return a table's records, each part compared with its digest."""
        return [row for part in manifest["tables"][table]["parts"] for row in self._rows(manifest["folder"], part)]

    def _rows(self, folder: str, part: Mapping[str, Any]) -> list[Record]:
        where = f"{self.address}/{folder}/{part['part']}"
        try:
            data = self.get(f"{folder}/{part['part']}")
        except MissingError:
            raise ProjectError("A part of the export is missing.", where, "run `mwaa migrate export` again") from None
        if hashlib.sha256(data).hexdigest() != part["sha256"]:
            raise ProjectError("A part is not what was exported.", where, "run `mwaa migrate export` again")
        return unpacked(data)

    def begun(self) -> dict[str, Mapping[str, Any]]:
        """Return the exports that have not come to their end, by folder: what was asked for."""
        found, finished = {}, self._finished()
        for key in self.bucket.objects(f"{self.root}/"):
            folder, _, name = key.removeprefix(f"{self.root}/").rpartition("/")
            if name == REQUEST and folder != finished:
                found[folder] = json.loads(self.bucket.get(key))
        return found

    def _finished(self) -> str:
        try:
            return str(json.loads(self.get(MANIFEST))["folder"])
        except (MissingError, ValueError, KeyError):
            return ""

    def clear(self, keep: str) -> None:
        """Delete the parts of all exports but one."""
        for key in self.bucket.objects(f"{self.root}/"):
            inner = key.removeprefix(f"{self.root}/")
            if "/" in inner and not inner.startswith(f"{keep}/"):
                self.bucket.delete(key)


def new_folder() -> str:
    """Return a name for an export: the moment, in UTC."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}"


def find_place(new: Environment, name: str, address: str | None) -> Place:
    """Return where the exports of an old environment are.

    Args:
        new: the new environment, whose bucket it is if nothing else is said.
        name: the old one's.
        address: s3://bucket/folder.

    Raises:
        ProjectError: if it is no address, or nobody can read there.
    """
    if address is None:
        return Place(new.bucket, kept_in(name))
    found = ADDRESS.fullmatch(address)
    if not found:
        raise ProjectError(f"{address!r} is no address in S3.", "--folder", "write it as s3://bucket/folder")
    bucket = new.aws.bucket(found[1])
    bucket.region()
    return Place(bucket, "/".join(filter(None, ((found[2] or "").strip("/"), name))))
