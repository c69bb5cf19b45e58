"""The DNS names and ARNs that follow from addresses and ids (facts sheet, section 1.3)."""


def private_dns(address: str, region: str) -> str:
    """The private name of a private IPv4 address."""
    host = f"ip-{address.replace('.', '-')}"
    return f"{host}.{private_domain(region)}"


def private_domain(region: str) -> str:
    """The domain of private names, which DHCP hands out too."""
    return "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"


def public_dns(address: str, region: str) -> str:
    """The public name of a public IPv4 address."""
    middle = "compute-1" if region == "us-east-1" else f"{region}.compute"
    return f"ec2-{address.replace('.', '-')}.{middle}.amazonaws.com"


def root(owner: str) -> str:
    """The ARN of an account, as whoever asks is here."""
    return f"arn:aws:iam::{owner}:root"


def assumed_role(owner: str, role: str, session: str) -> str:
    """The ARN of a session of a role, as STS says it."""
    return f"arn:aws:sts::{owner}:assumed-role/{role}/{session}"


def arn(region: str, owner: str, kind: str, id: str) -> str:
    """The ARN of an EC2 resource."""
    return f"arn:aws:ec2:{region}:{owner}:{kind}/{id}"
