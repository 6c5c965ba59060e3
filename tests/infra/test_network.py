"""The network of an environment, deployed to moto's EC2 in each of its routings, else read from the template.

moto's CloudFormation (5.2.5) passes over MapPublicIpOnLaunch, and keeps which subnet has which routes to itself.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.decode import cfn_yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
TEMPLATE = (ROOT / "infra" / "network.yaml").read_text()
REGION = "eu-central-1"
type Deploy = Callable[..., dict[str, str]]
KINDS = ("Subnet", "SubnetRouteTableAssociation")
ROUTINGS = ("nat", "nat-per-zone", "endpoints")
# What MWAA and the tasks call, beside S3 (MWAA user guide, vpc-vpe-create-access; secretsmanager and sts are ours).
SERVICES = [
    "airflow.api",
    "airflow.env",
    "ecr.api",
    "ecr.dkr",
    "kms",
    "logs",
    "monitoring",
    "secretsmanager",
    "sqs",
    "sts",
]
EVERYWHERE = "0.0.0.0/0"
PRIVATE = {"PrivateSubnetA": "PrivateRoutesA", "PrivateSubnetB": "PrivateRoutesB"}
PUBLIC = {"PublicSubnetA": "PublicRoutes", "PublicSubnetB": "PublicRoutes"}


@dataclass(frozen=True)
class Network:
    """A stack's outputs, and EC2 to ask about them."""

    outputs: dict[str, str]
    ec2: Any

    @property
    def mine(self) -> list[dict[str, Any]]:
        """A filter for what is in the VPC."""
        return [{"Name": "vpc-id", "Values": [self.outputs["VpcId"]]}]

    @property
    def private(self) -> list[dict[str, Any]]:
        """The subnets that MWAA gets."""
        ids = self.outputs["SubnetIds"].split(",")
        return list(self.ec2.describe_subnets(SubnetIds=ids)["Subnets"])

    def default_routes(self, name: str) -> list[dict[str, Any]]:
        """Return where a route table, by its name in the template, sends what is for elsewhere."""
        chosen = [*self.mine, {"Name": "tag:aws:cloudformation:logical-id", "Values": [name]}]
        (table,) = self.ec2.describe_route_tables(Filters=chosen)["RouteTables"]
        return [route for route in table["Routes"] if route.get("DestinationCidrBlock") == EVERYWHERE]

    @property
    def gateways(self) -> list[dict[str, Any]]:
        """The NAT gateways."""
        return list(self.ec2.describe_nat_gateways(Filter=self.mine)["NatGateways"])

    @property
    def endpoints(self) -> dict[str, dict[str, Any]]:
        """Each endpoint by the service's own name."""
        found = self.ec2.describe_vpc_endpoints(Filters=self.mine)["VpcEndpoints"]
        return {one["ServiceName"].removeprefix(f"com.amazonaws.{REGION}."): one for one in found}


@pytest.fixture(scope="module")
def make(session: Any, deploy: Deploy) -> Callable[[str], Network]:
    """Give a function that returns a network of that routing, made once."""
    made: dict[str, Network] = {}

    def network(routing: str) -> Network:
        if routing not in made:
            outputs = deploy(routing, TEMPLATE, Name="shop", Routing=routing, Addresses=f"10.{len(made)}")
            made[routing] = Network(outputs, session("ec2"))
        return made[routing]

    return network


def test_template_is_clean() -> None:
    """cfn-lint knows every property of the template, and nothing worth a warning."""
    assert lint(TEMPLATE) == []
    assert lint(TEMPLATE.replace("VpcEndpointType: Gateway", "VpcEndpointType: Gatway")) != []


@pytest.mark.parametrize("routing", ROUTINGS)
def test_two_private_subnets_in_two_zones(make: Callable[[str], Network], routing: str) -> None:
    """MWAA takes exactly two, in two zones."""
    first, second = make(routing).private
    assert first["AvailabilityZone"] != second["AvailabilityZone"]
    sizes = [ipaddress.ip_network(one["CidrBlock"]).prefixlen for one in (first, second)]
    assert sizes == [24, 24]


def test_subnets_have_their_routes() -> None:
    """Each subnet has the table that is meant for it, and nothing in any gets a public address by itself."""
    resources = cfn_yaml.loads(TEMPLATE)["Resources"]
    of_kind = {
        kind: [one["Properties"] for one in resources.values() if one["Type"] == f"AWS::EC2::{kind}"] for kind in KINDS
    }
    joined = {one["SubnetId"]["Ref"]: one["RouteTableId"]["Ref"] for one in of_kind["SubnetRouteTableAssociation"]}
    assert joined == {**PRIVATE, **PUBLIC}
    assert [one["MapPublicIpOnLaunch"] for one in of_kind["Subnet"]] == [False] * len(joined)


@pytest.mark.parametrize(("routing", "count"), [("nat", 1), ("nat-per-zone", 2)])
def test_way_out_is_a_nat_gateway(make: Callable[[str], Network], routing: str, count: int) -> None:
    """Private subnets reach the internet through NAT only; each zone has its own where that is asked for."""
    network = make(routing)
    routes = [route for table in PRIVATE.values() for route in network.default_routes(table)]
    assert len(routes) == 2
    assert {route["NatGatewayId"] for route in routes} == {one["NatGatewayId"] for one in network.gateways}
    assert len(network.gateways) == count
    assert all(not route.get("GatewayId", "").startswith("igw-") for route in routes)


@pytest.mark.parametrize("routing", ["nat", "nat-per-zone"])
def test_gateways_stand_in_the_open(make: Callable[[str], Network], routing: str) -> None:
    """A NAT gateway's own subnet leads to the internet gateway, and is none of MWAA's."""
    network = make(routing)
    private = {subnet["SubnetId"] for subnet in network.private}
    for gateway in network.gateways:
        assert gateway["SubnetId"] not in private
    (route,) = network.default_routes("PublicRoutes")
    assert route["GatewayId"].startswith("igw-")


@pytest.mark.parametrize(("routing", "count"), [("nat", 1), ("nat-per-zone", 2), ("endpoints", 0)])
def test_addresses_are_told(make: Callable[[str], Network], routing: str, count: int) -> None:
    """What Snowflake's network policy must let in is an output."""
    network = make(routing)
    told = [address for address in network.outputs.get("Addresses", "").split(",") if address]
    assert len(told) == count
    assert {one["NatGatewayAddresses"][0]["PublicIp"] for one in network.gateways} == set(told)


def test_closed_network_has_no_way_out(make: Callable[[str], Network]) -> None:
    """With endpoints there is no gateway to the internet, and an endpoint for each service that is called."""
    network = make("endpoints")
    assert network.gateways == []
    assert [route for table in PRIVATE.values() for route in network.default_routes(table)] == []
    attached = [{"Name": "attachment.vpc-id", "Values": [network.outputs["VpcId"]]}]
    assert network.ec2.describe_internet_gateways(Filters=attached)["InternetGateways"] == []
    assert sorted(network.endpoints) == sorted([*SERVICES, "s3"])


def test_endpoints_are_in_both_zones_with_private_names(make: Callable[[str], Network]) -> None:
    """Each is in both subnets, answers to the service's usual name, and takes HTTPS from the VPC alone."""
    network = make("endpoints")
    subnets = {subnet["SubnetId"] for subnet in network.private}
    for name in SERVICES:
        endpoint = network.endpoints[name]
        assert (set(endpoint["SubnetIds"]), endpoint["PrivateDnsEnabled"]) == (subnets, True)
        (group,) = network.ec2.describe_security_groups(GroupIds=[one["GroupId"] for one in endpoint["Groups"]])[
            "SecurityGroups"
        ]
        (rule,) = group["IpPermissions"]
        assert (rule["FromPort"], rule["ToPort"]) == (443, 443)
        assert [one["CidrIp"] for one in rule["IpRanges"]] != [EVERYWHERE]


@pytest.mark.parametrize("routing", ROUTINGS)
def test_s3_is_reached_without_nat(make: Callable[[str], Network], routing: str) -> None:
    """The copy of the DAG folder goes through S3's gateway endpoint, from both private subnets."""
    network = make(routing)
    gateway = network.endpoints["s3"]
    assert gateway["VpcEndpointType"] == "Gateway"
    assert len(gateway["RouteTableIds"]) == 2


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Addresses", "10.0.0.0/16"),
        ("Addresses", "8.8"),
        ("Addresses", "172.32"),
        ("Name", "1shop"),
        ("Name", "my shop"),
        ("Routing", "internet"),
    ],
)
def test_wrong_parameter_is_refused_by_the_template(key: str, value: str) -> None:
    """A value that MWAA or EC2 would refuse late is refused by its pattern at once."""
    parameter = cfn_yaml.loads(TEMPLATE)["Parameters"][key]
    allowed = parameter.get("AllowedValues")
    assert value not in allowed if allowed else not re.fullmatch(parameter["AllowedPattern"], value)
