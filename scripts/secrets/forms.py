"""Secret parts other than keys: what they must look like, and what they are called."""

from __future__ import annotations

import re

from mwaa_dbt.errors import ProjectError
from scripts.local.state import ENVIRONMENT
from scripts.secrets.declared import Item
from scripts.secrets.keys import Given, Key, read_key

NAMES = {
    "key": "private key (PEM)",
    "passphrase": "passphrase of the key",
    "password": "password",
    "token": "Slack bot token",
    "url": "Slack webhook URL",
    "value": "value",
}
TOKEN = re.compile(r"(xoxe\.)?xoxb-[\w-]{10,}")
URL = re.compile(r"https://hooks\.slack(-gov)?\.com/services/T\w+/B\w+/\w+")
REHEARSED = re.compile(r"http://slack\.localhost/.+")
# What else Slack gives out, and where the right one is.
TOKENS = {
    "xoxp-": "a user's token",
    "xapp-": "an app-level token",
    "xoxa-": "a token of the old kind",
    "https://": "a webhook URL",
}
LARGEST = 65536  # bytes, of a secret's text


def check(item: Item, parts: dict[str, str], where: str) -> Key | None:
    """Make sure that secret parts can work; return the key if there is one.

    Raises:
        ProjectError: if one cannot; the message says nothing of its content.
    """
    if "key" in parts:
        encrypted = item.authentication == "encrypted_key_pair"
        return read_key(Given(parts["key"], parts.get("passphrase"), encrypted, where))
    for part, value in parts.items():
        if not value.strip():
            raise ProjectError(f"The {NAMES[part]} is empty.", where, "give one that is not")
        {"token": _token, "url": _url}.get(part, _any)(item, value, where)
    return None


def cut(part: str, text: str) -> str:
    """Return a part as it was meant: without the line end that an editor adds."""
    if part in ("token", "url"):
        return text.strip()
    return text if part == "key" else text.rstrip("\n")


def _token(item: Item, value: str, where: str) -> None:
    if TOKEN.fullmatch(value):
        return
    other = next((name for start, name in TOKENS.items() if value.startswith(start)), "no token of Slack's")
    fix = "give the Bot User OAuth Token of the app (xoxb-…)"
    if value.startswith("https://"):
        fix += f', or write type = "slackwebhook" in [{item.setting}]'
    raise ProjectError(f"This is {other}, not a bot's.", where, fix)


def _url(item: Item, value: str, where: str) -> None:
    local = item.setting.startswith(f"environments.{ENVIRONMENT}.")
    if URL.fullmatch(value) or (local and REHEARSED.fullmatch(value)):
        return
    fix = "give the URL of an incoming webhook: https://hooks.slack.com/services/T…/B…/…"
    if TOKEN.fullmatch(value):
        raise ProjectError(
            "This is a bot's token, not a webhook URL.", where, f'{fix}, or write type = "slack" in [{item.setting}]'
        )
    raise ProjectError("This is no URL of an incoming webhook.", where, fix)


def _any(item: Item, value: str, where: str) -> None:
    if len(value.encode()) > LARGEST:
        raise ProjectError(
            f"The value has {len(value.encode())} bytes; Secrets Manager takes {LARGEST}.", where, "give a shorter one"
        )
    if "\0" in value or "\ufffd" in value:
        raise ProjectError(f"The {NAMES['value']} of {item.id} is no text.", where, "give a text in UTF-8")
