"""The services of AWS that have VPC endpoints: their names, and the DNS names that belong to each.

The names are those of AWS's page of services that integrate with AWS PrivateLink, and of CDK's list. Every
service is shown in every zone of every region: AWS publishes no list of where each one is.
"""

import hashlib
from functools import cache
from typing import Literal, NamedTuple

ServiceType = Literal["Gateway", "Interface"]

GATEWAY_SERVICES = ("dynamodb", "s3")

INTERFACE_SERVICES = """
    access-analyzer account acm acm-fips acm-pca acm-pca-fips airflow.api airflow.api-fips airflow.env
    airflow.env-fips airflow.ops analytics-omics apigateway app-integrations appconfig appconfig-fips
    appconfigdata appconfigdata-fips application-autoscaling application-signals applicationinsights
    appmesh appmesh-envoy-management apprunner apprunner.requests appstream.api appstream.streaming
    appsync-api apptest aps aps-workspaces arsenal-discovery athena auditmanager autoscaling
    autoscaling-plans awsconnector b2bi backup backup-gateway batch bcm-pricing-calculator bedrock
    bedrock-agent bedrock-agent-runtime bedrock-agentcore bedrock-agentcore.gateway
    bedrock-data-automation bedrock-data-automation-fips bedrock-data-automation-runtime
    bedrock-data-automation-runtime-fips bedrock-fips bedrock-runtime bedrock-runtime-fips billing
    billingconductor braket cases cassandra cassandra-fips ce cleanrooms cleanrooms-ml cloudcontrolapi
    cloudcontrolapi-fips clouddirectory cloudformation cloudhsmv2 cloudtrail codeartifact.api
    codeartifact.repositories codebuild codebuild-fips codecatalyst.git codecatalyst.packages codecommit
    codecommit-fips codeconnections.api codedeploy codedeploy-commands-secure codeguru-profiler
    codeguru-reviewer codepipeline codestar-connections.api codewhisperer cognito-identity
    cognito-identity-fips cognito-idp cognito-idp-fips comprehend comprehendmedical compute-optimizer
    config connect-campaigns console control-storage-omics controlcatalog cost-optimization-hub
    data-servicediscovery data-servicediscovery-fips databrew dataexchange datasync datazone
    deadline.management deadline.scheduling deviceadvisor.iot devops-guru dicom-medical-imaging discovery
    dms dms-fips drs ds ds-data dsql dynamodb dynamodb-fips dynamodb-streams ebs ec2 ec2messages
    ecr-public.api ecr.api ecr.dkr ecs ecs-agent ecs-telemetry eks eks-auth elastic-inference.runtime
    elasticache elasticache-fips elasticbeanstalk elasticbeanstalk-health elasticfilesystem
    elasticfilesystem-fips elasticloadbalancing elasticmapreduce email email-fips email-smtp
    emr-containers emr-serverless emr-serverless-services.livy emr-serverless.dashboard emrwal.prod
    entityresolution events evidently evidently-dataplane execute-api finspace finspace-api fis forecast
    forecast-fips forecastquery forecastquery-fips frauddetector fsx fsx-fips geo.geofencing geo.maps
    geo.metadata geo.places geo.routes geo.tracking git-codecommit git-codecommit-fips glue glue.dashboard
    grafana grafana-workspace greengrass groundstation guardduty guardduty-data guardduty-data-fips
    guardduty-fips healthlake identitystore imagebuilder inspector-scan inspector2 internetmonitor
    internetmonitor-fips invoicing iot.credentials iot.data iot.fleethub.api iotfleetwise iotroborunner
    iotsitewise.api iotsitewise.data iottwinmaker.api iottwinmaker.data iotwireless.api kafka kafka-fips
    kafkaconnect kendra kinesis-firehose kinesis-streams kinesis-streams-fips kinesisvideo kms kms-fips
    lakeformation lambda launchwizard license-manager license-manager-fips
    license-manager-linux-subscriptions license-manager-linux-subscriptions-fips
    license-manager-user-subscriptions logs lookoutequipment lookoutmetrics lookoutvision lorawan.cups
    lorawan.lns m2 macie2 mail-manager mail-manager-fips managedblockchain-query
    managedblockchain.bitcoin.mainnet managedblockchain.bitcoin.testnet mediaconnect medical-imaging
    memory-db memorydb-fips mgn migrationhub-orchestrator migrationhub-strategy models-v2-lex monitoring
    mq neptune-graph neptune-graph-data neptune-graph-fips network-firewall network-firewall-fips
    networkflowmonitor networkflowmonitorreports networkmonitor nimble observabilityadmin organizations
    organizations-fips outposts panorama payment-cryptography.controlplane payment-cryptography.dataplane
    pca-connector-ad pca-connector-scep pcs pcs-fips personalize personalize-events personalize-runtime pi
    pi-fips pinpoint pinpoint-sms-voice-v2 pipes pipes-data pipes-fips polly pricing.api private-networks
    profile proton q qapps qldb.session quicksight-website ram rbin rds rds-data redshift redshift-data
    redshift-data-fips redshift-fips redshift-serverless redshift-serverless-fips refactor-spaces
    rekognition rekognition-fips repostspace resource-groups resource-groups-fips robomaker rolesanywhere
    route53resolver rum rum-dataplane runtime-medical-imaging runtime-v2-lex s3 s3-outposts s3tables
    s3vectors sagemaker-data-science-assistant sagemaker-geospatial sagemaker.api sagemaker.api-fips
    sagemaker.featurestore-runtime sagemaker.metrics sagemaker.runtime sagemaker.runtime-fips schemas scn
    secretsmanager securityhub securitylake securitylake-fips serverlessrepo service.user-subscriptions
    servicecatalog servicecatalog-appregistry servicediscovery servicediscovery-fips shield shield-fips
    signin simspaceweaver sms sms-fips snow-device-management sns social-messaging sqs sqs-fips ssm
    ssm-contacts ssm-fips ssm-incidents ssm-quicksetup ssmmessages states storage-omics storagegateway
    streaming-rekognition streaming-rekognition-fips sts sts-fips swf swf-fips sync-states synthetics
    synthetics-fips tagging tags-omics tax textract textract-fips thinclient.api timestream-influxdb
    timestream-influxdb-fips tnb transcribe transcribestreaming transfer transfer.server translate
    trustedadvisor verifiedpermissions voiceid vpc-lattice wafv2 wafv2-fips wellarchitected wisdom
    workflows-omics workmail workspaces workspaces-web workspaces-web-fips xray
""".split()
"""What follows com.amazonaws.REGION in the names of services with interface endpoints."""

NO_PRIVATE_NAME = frozenset(("dynamodb", "dynamodb-fips", "iot.credentials", "iot.data", "transfer.server"))
PRIVATE_NAMES = {
    "codeartifact.repositories": ("*.d.codeartifact",),
    "ecr.dkr": ("*.dkr.ecr",),
    "ecs-agent": ("ecs-a",),
    "ecs-telemetry": ("ecs-t",),
    "execute-api": ("*.execute-api",),
    "kinesis-firehose": ("firehose",),
    "kinesis-streams": ("kinesis",),
    "kinesisvideo": ("*.kinesisvideo",),
    "s3": ("s3", "*.s3", "*.s3-accesspoint", "*.s3-control"),
}
"""What is before REGION.amazonaws.com in private names, if it is not the parts of the name turned round."""

WILD = frozenset(("s3",))
"""Services whose names in an endpoint's own domain have a part before them: a bucket's name."""

IPV4_ONLY = frozenset(("dynamodb", "dynamodb-fips"))
"""Services whose interface endpoints were seen to have no IPv6."""

HOSTED_ZONES = {"us-east-1": "Z7HUB22UULQXV", "us-west-2": "Z1YSA3EXCYUU9Z"}
"""The zones of the endpoints' own names, of regions where one was seen."""


class EndpointService(NamedTuple):
    """A service of AWS in a region, by one of its types; `private_names` are those that private DNS is for.

    `base` is the domain that the names of its endpoints end in.
    """

    id: str
    name: str
    kind: ServiceType
    base: str
    private_names: tuple[str, ...] = ()

    @property
    def families(self) -> tuple[str, ...]:
        """The IP address types of its endpoints; where AWS does not say, both."""
        return ("ipv4",) if self.kind == "Gateway" or self.short_name in IPV4_ONLY else ("ipv4", "ipv6")

    @property
    def short_name(self) -> str:
        """The name without the region."""
        return self.name.split(".", 3)[3]


@cache
def services(region: str) -> tuple[EndpointService, ...]:
    """All services of a region, by name; those with endpoints of two types are there twice."""
    made = [_interface(region, short) for short in INTERFACE_SERVICES]
    made += [_gateway(region, short) for short in GATEWAY_SERVICES]
    return tuple(sorted(made, key=lambda service: (service.name, service.kind)))


def find(region: str, name: str) -> dict[ServiceType, EndpointService]:
    """The services of this name by type; none if AWS has no such service."""
    return {service.kind: service for service in services(region) if service.name == name}


def gateway_names(region: str) -> tuple[str, ...]:
    """The names of a region's services with gateway endpoints; their prefix lists have the same names."""
    return tuple(f"com.amazonaws.{region}.{short}" for short in GATEWAY_SERVICES)


def _gateway(region: str, short: str) -> EndpointService:
    name = f"com.amazonaws.{region}.{short}"
    return EndpointService(_id(name, "Gateway"), name, "Gateway", f"{short}.{region}.amazonaws.com")


def _interface(region: str, short: str) -> EndpointService:
    name = f"com.amazonaws.{region}.{short}"
    turned = ".".join(reversed(short.split(".")))
    private = () if short in NO_PRIVATE_NAME else PRIVATE_NAMES.get(short, (turned,))
    return EndpointService(
        _id(name, "Interface"),
        name,
        "Interface",
        f"{turned}.{region}.vpce.amazonaws.com",
        tuple(f"{one}.{region}.amazonaws.com" for one in private),
    )


def _id(name: str, kind: ServiceType) -> str:
    return "vpce-svc-0" + hashlib.sha256(f"{name}/{kind}".encode()).hexdigest()[:16]


def hosted_zone(domain: str) -> str:
    """The id of the hosted zone of a domain, as Route 53 forms them: a region's, or one of private DNS."""
    if domain in HOSTED_ZONES:
        return HOSTED_ZONES[domain]
    number = int.from_bytes(hashlib.sha256(domain.encode()).digest()[:12])
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return "Z0" + "".join(digits[number // 36**place % 36] for place in range(18))


def prefix_list_id(owner: str, service_name: str) -> str:
    """The short id, as AWS's own lists have them, of a service's list in an account."""
    return "pl-" + hashlib.sha256(f"{owner}/{service_name}".encode()).hexdigest()[:8]
