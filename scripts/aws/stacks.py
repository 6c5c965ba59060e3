"""CloudFormation's stacks: found, planned by change sets, carried out, watched."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from mwaa_dbt.errors import ProjectError
from scripts.aws.errors import Told

# What a change set says that has nothing to change (CloudFormation tells it in no other way).
IDLE = ("didn't contain changes", "No updates are to be performed")
PREPARING = ("CREATE_PENDING", "CREATE_IN_PROGRESS")
GONE = "does not exist"  # the code, ValidationError, says nothing
REVIEWED = "REVIEW_IN_PROGRESS"  # there is no stack yet, only a change set for one
LARGEST = 51_200  # bytes of a template that is not in a bucket
PAUSE = 1.0  # seconds


class Stack(NamedTuple):
    """A stack as CloudFormation describes it."""

    name: str
    status: str
    reason: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]


class Wish(NamedTuple):
    """What a stack is to be."""

    name: str
    template: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]


class Change(NamedTuple):
    """What happens to one resource.

    `replacement` is True, False or Conditional, or empty if CloudFormation does not say; `properties` are those that
    change.
    """

    action: str
    resource: str
    kind: str
    replacement: str
    properties: tuple[str, ...]


class ChangeSet(NamedTuple):
    """A plan that CloudFormation keeps; without an id there is nothing to do."""

    stack: str
    id: str
    changes: tuple[Change, ...]


class Event(NamedTuple):
    """What CloudFormation did, or failed to do, with a resource."""

    at: datetime
    resource: str
    status: str
    reason: str


class Stacks:
    """The stacks of a region. Every call may raise ProjectError for what AWS refuses."""

    def __init__(self, client: Any, told: Told) -> None:
        self._client, self._told = client, told

    def find(self, name: str) -> Stack | None:
        """Return a stack; None if there is none, or none but a plan for one."""
        found = self._describe(name)
        return None if found is None or found["StackStatus"] == REVIEWED else _stack(found)

    def _describe(self, name: str) -> dict[str, Any] | None:
        with self._told("cloudformation:DescribeStacks", name):
            try:
                return dict(self._client.describe_stacks(StackName=name)["Stacks"][0])
            except ClientError as error:
                if GONE in str(error):
                    return None
                raise

    def _status(self, name: str) -> str | None:
        found = self._describe(name)
        return str(found["StackStatus"]) if found else None

    def plan(self, wish: Wish) -> ChangeSet:
        """Ask CloudFormation what would change; it keeps the answer until it is executed or discarded.

        Raises:
            ProjectError: if CloudFormation finds the template or a parameter wrong.
        """
        if (size := len(wish.template.encode())) > LARGEST:
            raise ProjectError(
                f"The template of stack {wish.name} has {size:,} bytes, CloudFormation takes {LARGEST:,}.",
                "settings.toml, [environments.….airflow]",
                "shorten the options: some can be exported in startup.sh",
            )
        kind = "UPDATE" if self.find(wish.name) else "CREATE"
        with self._told("cloudformation:CreateChangeSet", wish.name):
            made = self._client.create_change_set(
                StackName=wish.name,
                ChangeSetName=f"mwaa-{secrets.token_hex(8)}",
                ChangeSetType=kind,
                TemplateBody=wish.template,
                Parameters=[_pair("Parameter", *item) for item in wish.parameters.items()],
                Tags=[_pair("", *item) for item in wish.tags.items()],
                Capabilities=["CAPABILITY_NAMED_IAM"],
                # The log groups that an environment of before has left are taken over.
                ImportExistingResources=kind == "CREATE",
            )
        return self._ready(ChangeSet(wish.name, made["Id"], ()))

    def _ready(self, made: ChangeSet) -> ChangeSet:
        while (pages := self._pages(made))[0]["Status"] in PREPARING:
            time.sleep(PAUSE)
        first = pages[0]
        if first["Status"] == "FAILED":
            self.discard(made)
            if any(words in first.get("StatusReason", "") for words in IDLE):
                return made._replace(id="")
            raise ProjectError(
                f"CloudFormation cannot plan it: {first.get('StatusReason', 'without a reason')}",
                f"stack {made.stack}",
                "mend what it names, then run the same command",
            )
        found = [item["ResourceChange"] for page in pages for item in page["Changes"] if "ResourceChange" in item]
        return made._replace(changes=tuple(change(item) for item in found))

    def _pages(self, made: ChangeSet) -> list[dict[str, Any]]:
        with self._told("cloudformation:DescribeChangeSet", made.stack):
            pages = self._client.get_paginator("describe_change_set")
            return list(pages.paginate(StackName=made.stack, ChangeSetName=made.id))

    def discard(self, made: ChangeSet) -> None:
        """Delete a plan, and the empty stack that CloudFormation made to keep it in."""
        if not made.id:
            return
        with self._told("cloudformation:DeleteChangeSet", made.stack):
            self._client.delete_change_set(StackName=made.stack, ChangeSetName=made.id)
        if self._status(made.stack) == REVIEWED:
            self.delete(made.stack)
            while self._status(made.stack) in (REVIEWED, "DELETE_IN_PROGRESS"):
                time.sleep(PAUSE)

    def execute(self, made: ChangeSet) -> None:
        """Begin what a plan says; it goes on in AWS."""
        with self._told("cloudformation:ExecuteChangeSet", made.stack):
            self._client.execute_change_set(StackName=made.stack, ChangeSetName=made.id)

    def delete(self, name: str) -> None:
        """Begin to delete a stack; what its template says is to be retained stays."""
        with self._told("cloudformation:DeleteStack", name):
            self._client.delete_stack(StackName=name)

    def resources(self, name: str) -> dict[str, str]:
        """Return the resources of a stack that are there, name in the template → type."""
        with self._told("cloudformation:ListStackResources", name):
            pages = self._client.get_paginator("list_stack_resources").paginate(StackName=name)
            found = [item for page in pages for item in page["StackResourceSummaries"]]
        return {item["LogicalResourceId"]: item["ResourceType"] for item in found if _there(item["ResourceStatus"])}

    def events(self, name: str, since: datetime) -> list[Event]:
        """Return what happened in a stack since a moment, oldest first; nothing if it is gone."""
        found: list[Event] = []
        with self._told("cloudformation:DescribeStackEvents", name):
            try:
                for page in self._client.get_paginator("describe_stack_events").paginate(StackName=name):
                    for item in page["StackEvents"]:
                        if item["Timestamp"] < since:
                            return found[::-1]
                        found.append(_event(item))
            except ClientError as error:
                if GONE not in str(error):
                    raise
        return found[::-1]


def _there(status: str) -> bool:
    return status not in ("DELETE_COMPLETE", "DELETE_SKIPPED")


def _stack(found: Mapping[str, Any]) -> Stack:
    return Stack(
        found["StackName"],
        found["StackStatus"],
        found.get("StackStatusReason", ""),
        {item["ParameterKey"]: item["ParameterValue"] for item in found.get("Parameters", [])},
        {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", [])},
    )


def _pair(prefix: str, key: str, value: str) -> dict[str, str]:
    return {f"{prefix}Key": key, f"{prefix}Value": value}


def change(item: Mapping[str, Any]) -> Change:
    """Return a ResourceChange of CloudFormation's answer."""
    targets = [one.get("Target", {}) for one in item.get("Details", [])]
    names = {str(one["Name"]) for one in targets if one.get("Attribute") == "Properties" and "Name" in one}
    others = {str(one["Attribute"]) for one in targets if one.get("Attribute") not in (None, "Properties")}
    return Change(
        item["Action"],
        item["LogicalResourceId"],
        item["ResourceType"],
        item.get("Replacement", ""),
        tuple(sorted(names | others)),
    )


def _event(item: Mapping[str, Any]) -> Event:
    reason = str(item.get("ResourceStatusReason") or "")
    return Event(item["Timestamp"], item["LogicalResourceId"], item["ResourceStatus"], reason)
