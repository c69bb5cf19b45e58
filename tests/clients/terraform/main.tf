terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" {}

provider "aws" {
  region                  = "us-east-1"
  access_key              = "246813579024"
  secret_key              = "terraform"
  skip_metadata_api_check = true
  endpoints {
    ec2 = var.endpoint
    sts = var.endpoint
    iam = var.endpoint
    ssm = var.endpoint
  }
}

resource "aws_vpc" "main" {
  cidr_block                       = "10.0.0.0/16"
  assign_generated_ipv6_cidr_block = true
  enable_dns_hostnames             = true
  tags                             = { Name = "main" }
}

resource "aws_subnet" "public" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.1.0/24"
  ipv6_cidr_block   = cidrsubnet(aws_vpc.main.ipv6_cidr_block, 8, 1)
  availability_zone = "us-east-1a"
  tags              = { Name = "public" }
}

resource "aws_subnet" "private" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.2.0/24"
  availability_zone = "us-east-1a"
}

resource "aws_subnet" "six" {
  vpc_id                                         = aws_vpc.main.id
  ipv6_native                                    = true
  ipv6_cidr_block                                = cidrsubnet(aws_vpc.main.ipv6_cidr_block, 8, 2)
  assign_ipv6_address_on_creation                = true
  enable_dns64                                   = true
  enable_resource_name_dns_aaaa_record_on_launch = true
  availability_zone                              = "us-east-1a"
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_egress_only_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_eip" "nat" {
  domain     = "vpc"
  depends_on = [aws_internet_gateway.main]
}

resource "aws_nat_gateway" "main" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.public.id
  depends_on    = [aws_network_interface.extra] # which asks for addresses by name
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.main.id
  }
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.main.id
}

resource "aws_route" "default" {
  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.main.id
}

resource "aws_route" "outward" {
  route_table_id              = aws_route_table.private.id
  destination_ipv6_cidr_block = "::/0"
  egress_only_gateway_id      = aws_egress_only_internet_gateway.main.id
}

resource "aws_route" "nat64" {
  route_table_id              = aws_route_table.private.id
  destination_ipv6_cidr_block = "64:ff9b::/96"
  nat_gateway_id              = aws_nat_gateway.main.id
}

resource "aws_route" "peer" {
  route_table_id            = aws_route_table.private.id
  destination_cidr_block    = aws_vpc.other.cidr_block
  vpc_peering_connection_id = aws_vpc_peering_connection.both.id
}

resource "aws_route_table_association" "private" {
  subnet_id      = aws_subnet.private.id
  route_table_id = aws_route_table.private.id
}

resource "aws_security_group" "web" {
  name   = "web"
  vpc_id = aws_vpc.main.id
}

resource "aws_vpc_security_group_ingress_rule" "http" {
  security_group_id = aws_security_group.web.id
  cidr_ipv4         = "0.0.0.0/0"
  from_port         = 80
  to_port           = 80
  ip_protocol       = "tcp"
  tags              = { Name = "http" }
}

resource "aws_vpc_security_group_ingress_rule" "http6" {
  security_group_id = aws_security_group.web.id
  cidr_ipv6         = "::/0"
  from_port         = 80
  to_port           = 80
  ip_protocol       = "tcp"
}

resource "aws_vpc_security_group_ingress_rule" "members" {
  security_group_id            = aws_security_group.web.id
  referenced_security_group_id = aws_security_group.web.id
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.web.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

resource "aws_network_interface" "extra" {
  subnet_id         = aws_subnet.public.id
  private_ips       = ["10.0.1.50", "10.0.1.51", "10.0.1.52"]
  security_groups   = [aws_security_group.web.id]
  source_dest_check = false
}

resource "aws_network_interface" "spare" {
  subnet_id          = aws_subnet.public.id
  ipv6_address_count = 1
  ipv4_prefix_count  = 1
  depends_on         = [aws_network_interface.extra] # which asks for addresses by name
}

resource "aws_eip" "extra" {
  domain = "vpc"
}

resource "aws_eip_association" "extra" {
  allocation_id        = aws_eip.extra.id
  network_interface_id = aws_network_interface.extra.id
  private_ip_address   = "10.0.1.51"
  depends_on           = [aws_internet_gateway.main]
}

data "aws_ami" "linux" {
  owners      = ["amazon"]
  most_recent = true
  filter {
    name   = "name"
    values = ["amzn2-ami-hvm-*-x86_64-gp2"]
  }
}

data "aws_ssm_parameter" "linux" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "web" {
  name               = "web"
  path               = "/apps/"
  description        = "What the web servers are"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = { Name = "web" }
}

resource "aws_iam_role_policy" "web" {
  name   = "read"
  role   = aws_iam_role.web.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }] })
}

resource "aws_iam_role_policy_attachment" "web" {
  role       = aws_iam_role.web.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_policy" "web" {
  name        = "describe"
  description = "What the web servers may ask"
  policy      = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "ec2:Describe*", Resource = "*" }] })
  tags        = { Name = "web" }
}

resource "aws_iam_role_policy_attachment" "own" {
  role       = aws_iam_role.web.name
  policy_arn = aws_iam_policy.web.arn
}

resource "aws_iam_instance_profile" "web" {
  name = "web"
  role = aws_iam_role.web.name
  tags = { Name = "web" }
}

resource "aws_instance" "web" {
  ami                    = nonsensitive(data.aws_ssm_parameter.linux.value)
  iam_instance_profile   = aws_iam_instance_profile.web.name
  instance_type          = "c5.large"
  subnet_id              = aws_subnet.private.id
  vpc_security_group_ids = [aws_security_group.web.id]
  user_data              = "#!/bin/sh\necho hello\n"
  tags                   = { Name = "web" }
  ebs_block_device {
    device_name = "/dev/sdf"
    volume_size = 8
    encrypted   = true
    kms_key_id  = "arn:aws:kms:us-east-1:246813579024:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }
}

resource "aws_ebs_volume" "data" {
  availability_zone = aws_subnet.private.availability_zone
  size              = 20
  type              = "gp3"
  throughput        = 200
  encrypted         = true
  tags              = { Name = "data" }
}

resource "aws_instance" "six" {
  ami                    = data.aws_ami.linux.id
  instance_type          = "c5.large"
  subnet_id              = aws_subnet.six.id
  vpc_security_group_ids = [aws_security_group.web.id]
  metadata_options {
    http_protocol_ipv6 = "enabled"
  }
}

resource "aws_placement_group" "near" {
  name     = "near"
  strategy = "cluster"
  tags     = { Name = "near" }
}

resource "aws_placement_group" "far" {
  name     = "far"
  strategy = "spread"
}

resource "aws_placement_group" "apart" {
  name            = "apart"
  strategy        = "partition"
  partition_count = 3
}

resource "aws_instance" "near" {
  ami             = data.aws_ami.linux.id
  instance_type   = "c5.large"
  subnet_id       = aws_subnet.private.id
  placement_group = aws_placement_group.near.name
}

resource "aws_instance" "far" {
  count           = 2
  ami             = data.aws_ami.linux.id
  instance_type   = "c5.large"
  subnet_id       = aws_subnet.private.id
  placement_group = aws_placement_group.far.name
}

resource "aws_instance" "apart" {
  ami                        = data.aws_ami.linux.id
  instance_type              = "c5.large"
  subnet_id                  = aws_subnet.private.id
  placement_group            = aws_placement_group.apart.name
  placement_partition_number = 2
}

resource "aws_ec2_host" "mine" {
  instance_type     = "m5.large"
  availability_zone = aws_subnet.private.availability_zone
  auto_placement    = "off"
  tags              = { Name = "mine" }
}

resource "aws_instance" "hosted" {
  ami           = data.aws_ami.linux.id
  instance_type = "m5.large"
  subnet_id     = aws_subnet.private.id
  tenancy       = "host"
  host_id       = aws_ec2_host.mine.id
}

resource "aws_launch_template" "node" {
  name                   = "node"
  image_id               = data.aws_ami.linux.id
  instance_type          = "c5.large"
  update_default_version = true
  tags                   = { Name = "node" }

  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_size = 20
      volume_type = "gp3"
    }
  }
  metadata_options {
    http_tokens = "required"
  }
  network_interfaces {
    device_index    = 0
    subnet_id       = aws_subnet.private.id
    security_groups = [aws_security_group.web.id]
  }
  tag_specifications {
    resource_type = "volume"
    tags          = { Role = "node" }
  }
}

resource "aws_instance" "node" {
  tags = { Name = "node" }

  launch_template {
    id      = aws_launch_template.node.id
    version = "$Latest"
  }
}

resource "aws_ec2_fleet" "nodes" {
  type                = "instant"
  terminate_instances = true

  launch_template_config {
    launch_template_specification {
      launch_template_id = aws_launch_template.node.id
      version            = aws_launch_template.node.latest_version
    }
    override {
      instance_type = "m5.large"
      subnet_id     = aws_subnet.public.id
    }
  }
  target_capacity_specification {
    default_target_capacity_type = "on-demand"
    total_target_capacity        = 1
  }
}

resource "aws_network_interface_attachment" "extra" {
  instance_id          = aws_instance.web.id
  network_interface_id = aws_network_interface.extra.id
  device_index         = 1
}

resource "aws_vpc" "other" {
  cidr_block = "10.1.0.0/16"
}

resource "aws_vpc_peering_connection" "both" {
  vpc_id      = aws_vpc.main.id
  peer_vpc_id = aws_vpc.other.id
  auto_accept = true
  tags        = { Name = "both" }
  accepter {
    allow_remote_vpc_dns_resolution = false
  }
}

resource "aws_default_route_table" "other" {
  default_route_table_id = aws_vpc.other.default_route_table_id
  route {
    cidr_block                = aws_vpc.main.cidr_block
    vpc_peering_connection_id = aws_vpc_peering_connection.both.id
  }
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id          = aws_vpc.main.id
  service_name    = "com.amazonaws.us-east-1.s3"
  route_table_ids = [aws_route_table.private.id]
}

data "aws_vpc_endpoint_service" "ssm" {
  service      = "ssm"
  service_type = "Interface"
}

resource "aws_vpc_endpoint" "ssm" {
  vpc_id              = aws_vpc.main.id
  vpc_endpoint_type   = "Interface"
  service_name        = data.aws_vpc_endpoint_service.ssm.service_name
  private_dns_enabled = true
  security_group_ids  = [aws_security_group.web.id]
  subnet_ids          = [aws_subnet.private.id]
  subnet_configuration {
    subnet_id = aws_subnet.private.id
    ipv4      = cidrhost(aws_subnet.private.cidr_block, 30)
  }
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  security_group_id = aws_security_group.web.id
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  from_port         = 443
  to_port           = 443
  ip_protocol       = "tcp"
}

resource "aws_ec2_network_insights_path" "out" {
  source           = aws_instance.web.id
  destination      = aws_internet_gateway.main.id
  protocol         = "tcp"
  destination_port = 443
  tags             = { Name = "out" }
}

resource "aws_ec2_network_insights_analysis" "out" {
  network_insights_path_id = aws_ec2_network_insights_path.out.id
  tags                     = { Name = "out" }
  depends_on               = [aws_route_table_association.private, aws_vpc_security_group_egress_rule.s3]
}
