"""`mwaa secrets push`: everything is read, asked for and checked before anything is sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

import typer

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import Settings
from scripts.aws import DeletedError, NoSecretError, Secret, Secrets
from scripts.secrets import ask, forms, stored
from scripts.secrets.compare import Change, changes
from scripts.secrets.declared import Item, check_sharing, chosen, declared
from scripts.secrets.keys import Given, Key, same
from scripts.target import Target

# Secrets Manager's own key, which it does not name.
OWN_KEY = "alias/aws/secretsmanager"
type Action = Literal["create", "update", "unchanged"]


@dataclass(frozen=True)
class Request:
    """What a person asked for: ids, the sources of one secret, and whether an old URI may be rewritten."""

    names: tuple[str, ...] = ()
    source: str | None = None
    passphrase: str | None = None
    rewrite: bool = False
    dry: bool = False


@dataclass(frozen=True)
class State:
    """What Secrets Manager has of a secret now; None: no such secret."""

    secret: Secret | None = None
    text: str | None = None
    view: stored.View | None = None


@dataclass(frozen=True)
class Plan:
    """What a push does with one secret; `value` is None if a part is still missing (only in a dry run)."""

    item: Item
    action: Action
    value: dict[str, Any] | str | None
    encrypt: str | None
    key: Key | None
    changes: tuple[Change, ...] = ()
    needs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def push(target: Target, settings: Settings, request: Request) -> list[Plan]:
    """Bring the secrets of an environment to what settings.toml says, with what is stored or given of them.

    Raises:
        ProjectError: before anything is sent, if a part is missing or cannot work.
    """
    everything = declared(target.name, target.settings)
    items = chosen(everything, list(request.names))
    _check_request(items, request)
    check_sharing(settings, target.name, items)
    plans = [_plan(target, item, request) for item in items]
    if not request.dry:
        for plan in plans:
            _send(target.aws.secrets, plan, target.settings.secrets.kms_key)
    return plans


def _check_request(items: list[Item], request: Request) -> None:
    (item, *_) = items
    if request.source and not item.parts:
        raise ProjectError(
            f"{item.id} has no secret part.", "--from", f"leave --from out; [{item.setting}] says it all"
        )
    if request.passphrase and "passphrase" not in item.parts:
        raise ProjectError(
            f"{item.id} has no key with a passphrase.",
            "--passphrase-from",
            f'leave it out, or write authentication = "encrypted_key_pair" in [{item.setting}]',
        )


def _plan(target: Target, item: Item, request: Request) -> Plan:
    state = _state(target, item)
    notes = _rewrite(item, state, request)
    kept = _kept(item, state)
    given = _given(item, kept, request)
    parts = {**kept, **given}
    needs = tuple(part for part in item.parts if part not in parts)
    if needs:
        return Plan(item, _action(state, None), None, None, None, _changes(item, state), needs, notes)
    where = ask.called(request.source) if given else f"secret {item.name}, as it is stored"
    key = forms.check(item, parts, where)
    if key:
        parts["key"], notes = _kept_key(item, kept, key), (*notes, *key.notes)
    value = item.value(parts)
    encrypt = _encrypt(target, state)
    return Plan(item, _action(state, value, encrypt), value, encrypt, key, _changes(item, state), (), notes)


def _state(target: Target, item: Item) -> State:
    secrets = target.aws.secrets
    if (secret := secrets.describe(item.name)) is None:
        return State()
    command = f"aws secretsmanager restore-secret --secret-id {item.name} --region {target.settings.region}"
    try:
        if secret.deleted:
            raise DeletedError(item.name)
        text = secrets.read(item.name)
    except DeletedError:
        raise ProjectError(
            f"Secret {item.name} is scheduled for deletion.",
            f"Secrets Manager, {target.settings.region}",
            f"restore it: `{command}`, then run the same command",
        ) from None
    except NoSecretError:
        # It is there and has no version yet.
        text = ""
    return State(secret, text, stored.read(text) if item.kind == "connections" and text else None)


def _rewrite(item: Item, state: State, request: Request) -> tuple[str, ...]:
    """Agree on rewriting a secret in URI form, and return what is to be told."""
    if state.view is None or state.view.form == "json":
        return ()
    if state.view.form == "none":
        return (f"{state.view.faults[0]}; it is replaced",)
    if not (request.rewrite or request.dry):
        question = f"{item.name} is a URI from an older set-up. Rewrite it as JSON, with the secret part that it has?"
        if not ask.can_ask():
            raise ProjectError(
                f"Secret {item.name} is a URI from an older set-up.", item.name, "add --rewrite to rewrite it as JSON"
            )
        typer.confirm(question, abort=True, err=True)
    return ("it was a URI, and is JSON from now on; its secret part stays",)


def _kept(item: Item, state: State) -> dict[str, str]:
    if item.kind == "variables":
        return {"value": state.text} if item.parts and state.text else {}
    return stored.parts(state.view, item.parts) if state.view else {}


def _given(item: Item, kept: dict[str, str], request: Request) -> dict[str, str]:
    """Return the parts that come from outside: those with a source, and, of a terminal, those that are missing."""
    sources = {"passphrase": request.passphrase} if "passphrase" in item.parts else {}
    if item.parts:
        sources[item.parts[0]] = request.source
    given = {part: ask.take(item, part, source) for part, source in sources.items() if source}
    absent = [part for part in item.parts if part not in {**kept, **given}]
    # A new key comes with its own passphrase.
    if "key" in given and "passphrase" in item.parts and "passphrase" not in given and ask.can_ask():
        absent = ["passphrase"]
    if request.dry:
        return given
    if absent and not ask.can_ask():
        raise _absent(item, absent[0])
    return given | {part: ask.prompt(item, part) for part in absent}


def _absent(item: Item, part: str) -> ProjectError:
    flag = "--passphrase-from FILE" if part == "passphrase" else "--from FILE"
    environment = item.setting.split(".")[1]
    return ProjectError(
        f"{item.id} has no {forms.NAMES[part]} yet, and there is no terminal to ask.",
        f"settings.toml, {item.setting}",
        f"run `mwaa secrets push --env {environment} {item.id} {flag}` (- is standard input)",
    )


def _kept_key(item: Item, kept: dict[str, str], key: Key) -> str:
    """Return the stored text of a key if it is the same key: encrypting again gives another text each time."""
    encrypted = item.authentication == "encrypted_key_pair"
    old = Given(kept.get("key", ""), kept.get("passphrase"), encrypted, item.name)
    if key.notes and old.text and same(old, Given(key.pem, key.passphrase, encrypted, item.name)):
        return old.text
    return key.pem


def _encrypt(target: Target, state: State) -> str | None:
    """Return the KMS key to change to: settings.toml's, if it names one that is not the secret's."""
    wanted = target.settings.secrets.kms_key
    if state.secret is None or not wanted:
        return None
    own = state.secret.key or OWN_KEY
    if own.endswith(wanted) or wanted.endswith(own):
        return None
    # An alias and a key's ARN may be one and the same.
    return None if own == target.aws.key_arn(wanted) else wanted


def _action(state: State, value: dict[str, Any] | str | None, encrypt: str | None = None) -> Action:
    if state.secret is None:
        return "create"
    return "unchanged" if value is not None and _equal(state.text, value) and not encrypt else "update"


def _equal(text: str | None, value: dict[str, Any] | str) -> bool:
    if isinstance(value, str) or not text:
        return text == value
    try:
        return bool(json.loads(text) == value)
    except ValueError:
        return False


def _changes(item: Item, state: State) -> tuple[Change, ...]:
    return tuple(changes(item, state.view)) if state.view else ()


def _send(secrets: Secrets, plan: Plan, kms_key: str | None) -> None:
    if plan.action == "unchanged" or plan.value is None:
        return
    text = plan.value if isinstance(plan.value, str) else json.dumps(plan.value)
    if plan.action == "create":
        secrets.create(plan.item.name, text, kms_key)
        return
    if plan.encrypt:
        secrets.encrypt(plan.item.name, plan.encrypt)
    # The key may be all that changes.
    if not _equal(secrets.read(plan.item.name), plan.value):
        secrets.write(plan.item.name, text)
