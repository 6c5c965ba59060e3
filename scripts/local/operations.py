"""The operations of MWAA's API for the one environment that there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from scripts.local import described, record, state
from scripts.local.airflow_web import airflow_web
from scripts.local.record import Record
from scripts.local.refusal import absent, invalid
from scripts.local.rest import Rest
from scripts.local.tokens import Tokens
from scripts.local.update import Updates
from scripts.paths import Paths

type Request = Mapping[str, Any]
type Operation = Callable[[Request], dict[str, Any]]
# The user of Airflow that a login makes one; MWAA names it by IAM's.
IDENTITY = "user/rehearsal"
MOST_TAGS = 50


class Operations:
    """Answers requests whose form the model of the API allows.

    Args:
        paths: the project.
        updates: what updates the environment.
        cli: the tokens of CreateCliToken.
        web: those of CreateWebLoginToken.
    """

    def __init__(self, paths: Paths, updates: Updates, cli: Tokens, web: Tokens) -> None:
        self._paths, self._updates, self._cli, self._web = paths, updates, cli, web
        self._rest = Rest()

    @property
    def table(self) -> dict[str, Operation]:
        """Operation → what answers it."""
        return {
            "CreateCliToken": self.create_cli_token,
            "CreateEnvironment": self.refuse,
            "CreateWebLoginToken": self.create_web_login_token,
            "DeleteEnvironment": self.refuse,
            "GetEnvironment": self.get_environment,
            "InvokeRestApi": self.invoke_rest_api,
            "ListEnvironments": self.list_environments,
            "ListTagsForResource": self.list_tags,
            "PublishMetrics": self.publish_metrics,
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "UpdateEnvironment": self.update_environment,
        }

    def list_environments(self, request: Request) -> dict[str, Any]:
        """Name the one environment; there is never a second page."""
        if request.get("NextToken"):
            raise invalid("NextToken is none that was given out")
        found = record.read(self._paths)
        return {"Environments": [found["Name"]] if found else []}

    def get_environment(self, request: Request) -> dict[str, Any]:
        """Describe the environment."""
        return {"Environment": self._found(request["Name"])}

    def update_environment(self, request: Request) -> dict[str, Any]:
        """Begin an update."""
        found = self._found(request["Name"])
        self._updates.begin(request)
        return {"Arn": found["Arn"]}

    def create_cli_token(self, request: Request) -> dict[str, Any]:
        """Give out a token for Airflow's command line."""
        self._found(request["Name"])
        return {"CliToken": self._cli.issue(), "WebServerHostname": self._host}

    def create_web_login_token(self, request: Request) -> dict[str, Any]:
        """Give out a token for a login."""
        self._found(request["Name"])
        identity = {"IamIdentity": IDENTITY, "AirflowIdentity": IDENTITY}
        return {"WebToken": self._web.issue(), "WebServerHostname": self._host, **identity}

    def invoke_rest_api(self, request: Request) -> dict[str, Any]:
        """Call Airflow's REST API."""
        self._found(request["Name"])
        return self._rest.invoke(airflow_web(state.needed(self._paths)), request)

    def list_tags(self, request: Request) -> dict[str, Any]:
        """Return the environment's tags."""
        return {"Tags": self._tagged(request)["Tags"]}

    def tag(self, request: Request) -> dict[str, Any]:
        """Set tags."""
        self._tag(self._tagged(request)["Tags"] | request["Tags"])
        return {}

    def untag(self, request: Request) -> dict[str, Any]:
        """Take tags away; one that is not there is no error."""
        tags = self._tagged(request)["Tags"]
        self._tag({key: value for key, value in tags.items() if key not in request["tagKeys"]})
        return {}

    def publish_metrics(self, request: Request) -> dict[str, Any]:
        """Take the metrics of MWAA's own containers; MWAA shows nobody what comes by this way."""
        self._found(request["EnvironmentName"])
        return {}

    def refuse(self, request: Request) -> dict[str, Any]:
        """Refuse to make or delete an environment."""
        own = (record.read(self._paths) or {}).get("Name")
        raise invalid(
            f"A rehearsal has one environment, {own}: `mwaa local up` makes it and `mwaa local down` deletes it, "
            f"{request['Name']} can be neither made nor deleted here"
        )

    def _tag(self, tags: Mapping[str, str]) -> None:
        if reserved := sorted(key for key in tags if key.lower().startswith("aws:")):
            raise invalid(f"Tags: aws: is AWS's own: {', '.join(reserved)}")
        if len(tags) > MOST_TAGS:
            raise invalid(f"Tags: an environment has {MOST_TAGS} at most, not {len(tags)}")
        record.change(self._paths, {"Tags": dict(tags)})

    def _tagged(self, request: Request) -> Record:
        return self._found(str(request["ResourceArn"]), "Arn")

    def _found(self, value: str, field: str = "Name") -> Record:
        found = record.read(self._paths)
        if found is None or found[field] != value:
            raise absent(value)
        return found

    @property
    def _host(self) -> str:
        return described.host(state.needed(self._paths))
