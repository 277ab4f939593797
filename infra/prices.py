"""The prices that costs.py counts with: dollars, us-east-1, without free tiers and without rebates for large amounts.

AWS's price lists could not be opened where this was written. A price names the list, and the page where it was read.
"""
from typing import NamedTuple


class Price(NamedTuple):
    name: str
    dollars: float
    unit: str
    source: str
    read: str


class Peer(NamedTuple):
    """What others charge for ten minutes of a sandbox with one virtual CPU and 2 GiB, whatever runs in it."""
    name: str
    dollars: float
    how: str
    unit: str
    source: str
    read: str


def listed(service, seen=None):
    """A link to the service's price list; with the page where the price was seen."""
    return f"[list](https://aws.amazon.com/{service}/pricing/)" + (f", seen [here]({seen})" if seen else "")


LAMBDA = listed("lambda", "https://cloudchipr.com/blog/aws-lambda-pricing")
S3 = listed("s3", "https://c3x.dev/blog/s3-request-fees-explained")
GATEWAY = listed("api-gateway", "https://awsforengineers.com/blog/aws-api-gateway-pricing-explained")
LOGS = listed("cloudwatch", "https://go-cloud.io/aws-api-gateway-pricing")
TRACES = listed("xray") + ", and [its sampling](https://tsypuk.github.io/posts/2023/03/27/xra-tracing-3.html)"
FIREWALL = listed("waf", "https://c3x.dev/blog/aws-waf-cost-explained/")
EVENTS = listed("eventbridge") + ", not seen; [others](https://www.wring.co/blog/aws-eventbridge-pricing-guide) say S3's are free"
NOW = "2026-11"


def unseen(service):
    return listed(service) + ", not seen"


PRICES = {
    "api": Price("REST API", 3.50, "million requests", GATEWAY, "2025-05"),
    "request": Price("Lambda requests", 0.20, "million", LAMBDA, "2024"),
    "second": Price("Lambda, x86-64", 0.0000166667, "GB-second", LAMBDA, "2024"),
    "second_arm": Price("Lambda, arm64", 0.0000133334, "GB-second", LAMBDA, "2024"),
    "disk": Price("Lambda, temporary disk above 0.5 GB", 0.0000000309, "GB-second", unseen("lambda"), NOW),
    "tenant": Price("Lambda, new environment of a tenant", 0.000167, "GB of memory", unseen("lambda"), NOW),
    "put": Price("S3 writes and lists", 5.00, "million", S3, NOW),
    "get": Price("S3 reads", 0.40, "million", S3, NOW),
    "storage": Price("S3 storage", 0.023, "GB-month", unseen("s3"), NOW),
    "event": Price("EventBridge, events that a service sends when asked to", 1.00, "million", EVENTS, NOW),
    "logs": Price("CloudWatch, logs taken in", 0.50, "GB", LOGS, "2026"),
    "metric": Price("CloudWatch, a metric", 0.30, "month", unseen("cloudwatch"), NOW),
    "alarm": Price("CloudWatch, an alarm", 0.10, "month", unseen("cloudwatch"), NOW),
    "trace": Price("X-Ray, a trace", 5.00, "million", TRACES, "2023-03"),
    "flows": Price("CloudWatch, flow logs taken in", 0.50, "GB", unseen("cloudwatch"), NOW),
    "acl": Price("WAF, a web ACL", 5.00, "month", FIREWALL, NOW),
    "rule": Price("WAF, a rule of it", 1.00, "month", FIREWALL, NOW),
    "inspected": Price("WAF, requests looked at, refused ones too", 0.60, "million", FIREWALL, NOW),
    "domain": Price("DNS firewall, a domain name", 0.0005, "month", unseen("route53"), NOW),
}

E2B = "https://www.beam.cloud/blog/e2b-pricing-explained"
PEERS = [
    Peer("E2B, Daytona", (0.0504 + 2 * 0.0162) / 6, "0.0504 for a virtual CPU and 0.0162 for a GiB, each hour that the sandbox runs",
         "ten minutes", f"[report]({E2B})", "2026-06-16"),
    Peer("Together", 0.03, "a session of up to an hour", "session", "[report](https://tagsnag.pages.dev/compare/code-sandboxes/)", "2026-07-04"),
]
