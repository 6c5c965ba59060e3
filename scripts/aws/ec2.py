"""The subnets that an environment is to stand in."""

from __future__ import annotations

from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from mwaa_dbt.errors import ProjectError
from scripts.aws.errors import Told


class Subnet(NamedTuple):
    """A subnet, its availability zone and its VPC."""

    id: str
    zone: str
    vpc: str


class Ec2:
    """EC2 of a region. Every call may raise ProjectError for what AWS refuses."""

    def __init__(self, client: Any, told: Told) -> None:
        self._client, self._told = client, told

    def subnets(self, ids: tuple[str, ...]) -> list[Subnet]:
        """Return subnets in the order of their ids.

        Raises:
            ProjectError: if there is no such subnet in the region.
        """
        with self._told("ec2:DescribeSubnets", "*"):
            try:
                found = self._client.describe_subnets(SubnetIds=list(ids))["Subnets"]
            except ClientError as error:
                if not error.response["Error"]["Code"].startswith("InvalidSubnetI"):
                    raise
                raise ProjectError(
                    f"EC2 does not know them: {error.response['Error']['Message']}",
                    f"subnets in {self._told.region}",
                    "mend `subnets` or `region` in settings.toml",
                ) from None
        known = {item["SubnetId"]: Subnet(item["SubnetId"], item["AvailabilityZone"], item["VpcId"]) for item in found}
        return [known[one] for one in ids]
