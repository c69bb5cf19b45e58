"""A dual-stack VPC: a subnet that the internet reaches by IPv6, one that only goes out, and no NAT."""

import ipaddress

from region import WEB, Region, check

INTERNET = "3fff::1"

with Region() as region:
    ec2, vpc = region.ec2, region.network("10.0.1.0/24", "10.0.2.0/24")
    public, private = vpc.subnets
    made = ec2.associate_vpc_cidr_block(VpcId=vpc.id, AmazonProvidedIpv6CidrBlock=True)
    block = ipaddress.ip_network(made["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"])
    for subnet, part in zip(vpc.subnets, block.subnets(new_prefix=64), strict=False):
        ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=str(part))
        ec2.modify_subnet_attribute(SubnetId=subnet, AssignIpv6AddressOnCreation={"Value": True})
    web = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]
    ec2.authorize_security_group_ingress(GroupId=vpc.group, IpPermissions=web)

    (main,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc.id]}])["RouteTables"]
    (igw,) = {r["GatewayId"] for r in main["Routes"]} - {"local"}
    ec2.create_route(RouteTableId=main["RouteTableId"], DestinationIpv6CidrBlock="::/0", GatewayId=igw)
    egress = ec2.create_egress_only_internet_gateway(VpcId=vpc.id)["EgressOnlyInternetGateway"]
    out = {"EgressOnlyInternetGatewayId": egress["EgressOnlyInternetGatewayId"]}
    table = ec2.create_route_table(VpcId=vpc.id)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationIpv6CidrBlock="::/0", **out)
    ec2.associate_route_table(RouteTableId=table, SubnetId=private)

    one, two = (region.launch(s, vpc.group, WEB.format("hello", "[::]:80")) for s in vpc.subnets)
    check("both have addresses of the VPC's block", ipaddress.ip_address(one.ipv6) in block, one.ipv6)
    check("they talk by IPv6", region.pings(one.id, two.ipv6), two.ipv6)
    check("the internet reaches one by its own address", region.fetch("internet", f"[{one.ipv6}]") == "hello")
    check("the other goes out", region.pings(two.id, INTERNET))
    check("but nobody comes in to it", region.fetch("internet", f"[{two.ipv6}]") == "")
    check("though its group would let them", region.fetch(one.id, f"[{two.ipv6}]") == "hello")

    given = ec2.assign_ipv6_addresses(NetworkInterfaceId=two.eni, Ipv6PrefixCount=1)
    prefix = given["AssignedIpv6Prefixes"][0]
    inner = str(ipaddress.ip_network(prefix)[5])
    region.run(two.id, f"ip addr add {inner}/128 dev lo")
    check("an address of a delegated prefix leads to it too", region.pings(one.id, inner), prefix)
