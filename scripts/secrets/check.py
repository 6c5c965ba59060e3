"""`mwaa secrets check`: which of its many reasons Airflow has when it says that a connection isn't defined."""

from __future__ import annotations

import base64
import binascii
import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import Settings
from scripts import connections
from scripts.aws import DeletedError, DeniedError, NoSecretError
from scripts.options import project_options
from scripts.paths import Paths
from scripts.secrets import diff, forms, stored
from scripts.secrets.adapter import check_adapter
from scripts.secrets.declared import Item, chosen, declared
from scripts.secrets.lookup import Airflows
from scripts.secrets.running import lacking, running_options
from scripts.target import Target

# Notes of what could not be read, and of why.
MISSING, DENIED = "missing", "denied"
# All ids end in the like of _default, so what is meant must be closer than in other places.
CLOSE = 0.8


@dataclass(frozen=True)
class Request:
    """What is checked: ids, whether connections are opened, and as which role (None: these credentials)."""

    names: tuple[str, ...] = ()
    connect: bool = False
    role: str | None = None


@dataclass(frozen=True)
class Fault:
    """What is wrong with a secret, and the one thing that mends it."""

    what: str
    fix: str


@dataclass(frozen=True)
class Finding:
    """One secret: its faults, or what is known of it if there are none."""

    item: Item
    faults: tuple[Fault, ...]
    notes: tuple[str, ...] = ()


def check(paths: Paths, target: Target, settings: Settings, request: Request) -> list[Finding]:
    """Read each secret back, by itself and by Airflow, and say what is wrong with it.

    Raises:
        ProjectError: if nothing at all can be read.
    """
    everything = declared(target.name, target.settings)
    items = chosen(everything, list(request.names))
    aws = target.aws.as_role(request.role) if request.role else target.aws
    strangers = diff.undeclared(target.aws.secrets, target.settings, everything) or []
    place = Target(target.name, target.settings, aws)
    own = Checker(paths, place, settings.project.airflow_version, strangers, running_options(target))
    return own.findings(items, request.connect)


@dataclass(frozen=True)
class Checker:
    """Looks at the secrets of one environment.

    `strangers` are stored ones that nobody declares, `running` the options that MWAA has, if they are known.
    """

    paths: Paths
    target: Target
    version: str
    strangers: list[str]
    running: Mapping[str, str] | None = None

    def findings(self, items: list[Item], connect: bool) -> list[Finding]:
        """Return what is found; Airflow is asked only for what is there."""
        found = [self.look(item) for item in items]
        there = [one.item for one in found if MISSING not in one.notes]
        if not there:
            return [Finding(one.item, one.faults) for one in found]
        told = Airflows(self.paths, self.target, self.target.aws, self.version).ask(there, connect)
        return [self._with_airflow(one, told[one.item.kind].get(one.item.id)) for one in found]

    def look(self, item: Item) -> Finding:
        """Look without Airflow; a secret that cannot be read has the note MISSING."""
        options = self._options(item)
        try:
            text = self.target.aws.secrets.read(item.name)
        except NoSecretError:
            return Finding(item, (self._missing(item), *options), (MISSING,))
        except DeletedError:
            command = (
                f"aws secretsmanager restore-secret --secret-id {item.name} --region {self.target.settings.region}"
            )
            return Finding(item, (Fault("it is scheduled for deletion", f"`{command}`"), *options), (MISSING,))
        except DeniedError as error:
            return Finding(item, (Fault(error.what, error.fix), *options), (MISSING, DENIED))
        if item.kind == "variables":
            return self._variable(item, text, options)
        return self._connection(item, text, options)

    def _push(self, item: Item, part: str | None = None) -> str:
        flag = {None: "", "passphrase": " --passphrase-from FILE"}.get(part, " --from FILE")
        return f"`mwaa secrets push --env {self.target.name} {item.id}{flag}`"

    def _missing(self, item: Item) -> Fault:
        folder = connections.folder(self.target.settings, item.kind)
        near = [name.removeprefix(f"{folder}/") for name in self.strangers if name.startswith(f"{folder}/")]
        close = difflib.get_close_matches(item.id, near, n=1, cutoff=CLOSE)
        hint = f" Did you mean {close[0]!r}, which is stored?" if close else ""
        fix = f"{self._push(item)}, or mend the id in [{item.setting}]" if hint else self._push(item)
        return Fault(f"there is no such secret in {self.target.settings.region}.{hint}", fix)

    def _options(self, item: Item) -> list[Fault]:
        """Say whether Airflow, with its options, will ask for it at all."""
        options = project_options(self.target.settings, self.version)
        names = [name for name in options if name.endswith("secrets_backend_kwargs") or name == OWN]
        found = [(name, self._option(item, options[name])) for name in names]
        faults = [Fault(what.format(name), FIX.format(name)) for name, what in found if what]
        return [*faults, *(Fault(what, fix) for what, fix in lacking(options, self.running))]

    def _option(self, item: Item, text: str) -> str | None:
        try:
            kwargs = dict(json.loads(text))
        except ValueError:
            return "option {} is no JSON object"
        prefix, pattern = kwargs.get(f"{item.kind}_prefix"), kwargs.get(f"{item.kind}_lookup_pattern")
        if prefix is None or prefix.rstrip("/") != connections.folder(self.target.settings, item.kind):
            return f"option {{}} has another {item.kind}_prefix than [environments.….secrets]"
        if pattern and not re.match(pattern, item.id, re.IGNORECASE):
            return f"the lookup pattern of option {{}} does not match {item.id!r}"
        return None

    def _variable(self, item: Item, text: str, options: list[Fault]) -> Finding:
        if not text:
            return Finding(item, (Fault("it is empty", self._push(item, "value")), *options))
        differs = diff.variable(item, text).state != "equal"
        faults = [Fault("its value is not that of settings.toml", self._push(item))] if differs else []
        return Finding(item, (*faults, *options))

    def _connection(self, item: Item, text: str, options: list[Fault]) -> Finding:
        view = stored.read(text)
        row = diff.connection(item, view)
        push = self._push(item) + (" --rewrite" if view.form == "uri" else "")
        faults = [Fault(what, push) for what in row.faults]
        faults += [Fault(f"it differs from settings.toml: {change}", push) for change in row.changes]
        if view.form == "none":
            return Finding(item, (*faults, *options))
        faults += [
            Fault(f"it has no {forms.NAMES[part]}", self._push(item, part)) for part, there in row.parts if not there
        ]
        wrong, notes = self._secret(item, view)
        return Finding(item, (*faults, *wrong, *self._adapter(item), *options), notes)

    def _secret(self, item: Item, view: stored.View) -> tuple[list[Fault], tuple[str, ...]]:
        """Look into the secret part; a key that nobody can read is the usual reason for a failed login."""
        parts = stored.parts(view, item.parts)
        if not parts:
            return [], ()
        faults = [Fault(_not_base64(view), self._push(item))] if "key" in parts and _not_base64(view) else []
        try:
            key = forms.check(item, parts, item.name)
        except ProjectError as error:
            what = error.what[0].lower() + error.what[1:].rstrip(".")
            return [*faults, Fault(what, f"{self._push(item, item.parts[0])}; {error.fix}")], ()
        return faults, (f"key {key.fingerprint}",) if key else ()

    def _adapter(self, item: Item) -> list[Fault]:
        try:
            if item.authentication:
                check_adapter(self.paths.root, self.target.settings.snowflake)
        except ProjectError as error:
            return [Fault(error.what, error.fix)]
        return []

    def _with_airflow(self, found: Finding, told: dict[str, Any] | None) -> Finding:
        if told is None:
            return Finding(found.item, found.faults)
        faults, notes = list(found.faults), list(found.notes)
        if not told["found"] and not faults:
            reason = f" ({told['error']})" if told.get("error") else ""
            faults.append(Fault(f"Airflow's backend reads nothing{reason}", self._push(found.item)))
        if (unclaimed := told.get("unclaimed")) and not faults:
            what = f"Cosmos cannot make a dbt profile of it: {', '.join(unclaimed)} is missing or unfit"
            faults.append(Fault(what, self._push(found.item)))
        if (connect := told.get("connect")) and not connect["ok"]:
            faults.append(Fault(f"the login failed: {connect['text']}", _LOGIN[found.item.type]))
        elif connect:
            notes.append(f"logged in: {connect['text']}")
        return Finding(found.item, tuple(faults), tuple(notes))


OWN = "secrets.backend_kwargs"
FIX = "leave {} out of [environments.….airflow] in settings.toml, or mend it there"
_LOGIN = {
    "snowflake": "compare role, warehouse and key with what Snowflake has: `DESC USER` shows RSA_PUBLIC_KEY_FP",
    "slack": "look at the app's token and scopes (chat:write) in Slack",
}


def _not_base64(view: stored.View) -> str:
    content = view.extra.get("private_key_content")
    if content is None:
        return ""
    if "-----BEGIN" in str(content):
        return "the key is PEM as it is, not in base64"
    try:
        base64.b64decode(str(content), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "the key is no PEM in base64"
    return ""
