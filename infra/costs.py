#!/usr/bin/env python3
"""What a deployment costs, from list prices and an assumed use. Writes the tables of docs/costs.md; `--check` fails when the
tables there are others. To ask for your own use, change Use below, or call month() with another one."""
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from prices import PEERS, PRICES

PAGE = Path(__file__).resolve().parents[1] / "docs/costs.md"


@dataclass(frozen=True)
class Use:
    """A month. The defaults are those of the document."""
    sandboxes: int = 50_000
    calls: int = 20  # in each sandbox, within ten minutes
    code_s: float = 0.2  # of each call, in InterpreterFunction
    around_s: float = 0.05  # that ExecuteFunction takes beside it
    start_s: float = 1.5  # more, for the first call of an environment
    sandboxes_per_environment: int = 1  # more with TenantScope=member
    memory_gb: float = 2  # MemoryMb
    slowdown: float = 1  # of code with less memory, and so less CPU
    files: float = 0.1  # for each call, of 100 KB
    traced: float = 1  # part of the calls: X-Ray takes one a second, then one in twenty
    second: str = "second"  # second_arm with Graviton
    connections: int = 3  # of an environment to the bucket, each for up to twenty minutes


def dollars(name, amount):
    return PRICES[name].dollars * amount


def idle():
    """Rows of (what, how many, dollars) of what is charged without any call."""
    return [("alarms", f"11 × {PRICES['alarm'].dollars:.2f}", dollars("alarm", 11)),
            ("domain names in the DNS firewall, which lets code look up the bucket's name only", "2 × 0.0005",
             dollars("domain", 2)),
            ("bucket with 10 GB", "10 × 0.023", dollars("storage", 10))]


def month(use):
    """Rows of (what, how many, dollars) of everything that is charged by use."""
    calls, files = use.sandboxes * use.calls, use.sandboxes * use.calls * use.files
    requests, environments = calls + use.sandboxes, use.sandboxes / use.sandboxes_per_environment
    code_s = (calls * use.code_s + environments * use.start_s) * use.slowdown
    execute_s = code_s + calls * use.around_s
    writes = calls + files + 2 * use.sandboxes
    return [
        ("REST API", f"{millions(requests)} × 3.50", dollars("api", requests / 1e6)),
        ("Lambda requests: two for each execution, one for each start", f"{millions(calls + requests)} × 0.20",
         dollars("request", (calls + requests) / 1e6)),
        ("new environments of Lambda tenants", f"{environments:,.0f} × {use.memory_gb:g} GB × 0.000167",
         dollars("tenant", environments * use.memory_gb)),
        (f"InterpreterFunction, {use.memory_gb:g} GB",
         f"{code_s:,.0f} s × {use.memory_gb:g} GB × {PRICES[use.second].dollars:.10f}", dollars(use.second, code_s * use.memory_gb)),
        ("its temporary disk, 1.5 GB more than is free", f"{code_s:,.0f} s × 1.5 GB", dollars("disk", code_s * 1.5)),
        ("ExecuteFunction, 0.5 GB", f"{execute_s:,.0f} s × 0.5 GB × {PRICES[use.second].dollars:.10f}",
         dollars(use.second, execute_s * 0.5)),
        ("S3 writes: executions, files, two for each start", f"{millions(writes)} × 5.00", dollars("put", writes / 1e6)),
        ("S3 reads: keys, entries and files of new environments", f"{millions(6 * use.sandboxes)} × 0.40",
         dollars("get", 6 * use.sandboxes / 1e6)),
        ("S3 storage: entries of 4 KB for one month, files for two", f"{(calls * 4 + files * 200) / 1e6:.0f} GB × 0.023",
         dollars("storage", (calls * 4 + files * 200) / 1e6)),
        ("logs, 3 KB for each call", f"{requests * 3 / 1e6:.2f} GB × 0.50", dollars("logs", requests * 3 / 1e6)),
        ("X-Ray: one call a second, and one in twenty of the others; at most", f"{millions(requests * use.traced)} × 5.00",
         dollars("trace", requests * use.traced / 1e6)),
        ("5 metrics of its own, while they are written", "5 × 0.30", dollars("metric", 5)),
        ("the bucket's events, to EventBridge", f"{millions(writes)} × 1.00", dollars("event", writes / 1e6)),
    ]


def extras(use):
    """Rows of what parameters add. A connection is logged once in ten minutes for each direction, in 120 bytes."""
    environments, requests = use.sandboxes / use.sandboxes_per_environment, use.sandboxes * (use.calls + 1)
    flows_gb = environments * use.connections * 2 * 2 * 120 / 1e9
    return [
        ("`FlowLogs=all`: what connects to the bucket too", f"{flows_gb:.3f} GB × 0.50", dollars("flows", flows_gb)),
        ("`WebAcl=create`: a web ACL with two rules", f"5.00 + 2 × 1.00 + {millions(requests)} × 0.60",
         dollars("acl", 1) + dollars("rule", 2) + dollars("inspected", requests / 1e6)),
        ("the same, for each million requests of a flood", "1 M × 0.60", dollars("inspected", 1)),
    ]


def total(rows):
    return sum(row[2] for row in rows)


def millions(number):
    return f"{number / 1e6:g} M"


def table(rows):
    yield "| what | how many | dollars |"
    yield "| --- | --- | --- |"
    yield from (f"| {what} | {how} | {cost:.2f} |" for what, how, cost in rows)
    yield f"| **together** | | **{total(rows):.2f}** |"


def added():
    yield "| what you turn on | how many | dollars a month |"
    yield "| --- | --- | --- |"
    yield from (f"| {what} | {how} | {cost:.2f} |" for what, how, cost in extras(Use()))


def savings():
    usual = total(month(Use()))
    yield "| what you change | dollars a month | saved |"
    yield "| --- | --- | --- |"
    for what, use in (
            ("`TenantScope=member`, ten sandboxes of a member in one environment", Use(sandboxes_per_environment=10)),
            ("`MemoryMb=1024`, for code that mostly waits", Use(memory_gb=1)),
            ("`MemoryMb=1024`, for code that then takes twice as long", Use(memory_gb=1, slowdown=2)),
            ("Graviton (arm64)", Use(second="second_arm")),
            ("X-Ray takes one call in twenty only", Use(traced=0.05)),
            ("the first two and Graviton", Use(sandboxes_per_environment=10, memory_gb=1, second="second_arm"))):
        cost = total(month(use))
        yield f"| {what} | {cost + total(idle()):.2f} | {usual - cost:.2f} |"


def sandbox():
    least = total(month(Use(sandboxes_per_environment=10, memory_gb=1))) / Use.sandboxes
    yield "| who runs it | how it is charged | dollars |"
    yield "| --- | --- | --- |"
    usual = total(month(Use())) / Use.sandboxes
    yield f"| **Sandcastle**, as above without what is idle | what the calls use | **{usual:.4f}** |"
    yield f"| Sandcastle, `TenantScope=member`, `MemoryMb=1024` | what the calls use | {least:.4f} |"
    yield from (f"| {peer.name} | {peer.how} | {peer.dollars:.4f} |" for peer in PEERS)


def rates():
    call_s = Use.code_s + Use.around_s
    yield "| quota of the account, in environments | calls at once | calls a second, of 0.25 s | sandboxes with an environment |"
    yield "| --- | --- | --- | --- |"
    for quota in (10, 100, 1000):
        yield f"| {quota:,} | {quota // 2:,} | {quota / 2 / call_s:,.0f} | {quota * 5 // 2:,} |"


def prices():
    yield "| price | dollars | for | source, as of |"
    yield "| --- | --- | --- | --- |"
    yield from (f"| {each.name} | {plain(each.dollars)} | {each.unit} | {each.source}, {each.read} |" for each in PRICES.values())
    yield from (f"| {each.name} | {each.dollars:.4f} | {each.unit} | {each.source}, {each.read} |" for each in PEERS)


def plain(number):
    return f"{number:.10f}".rstrip("0") if number < 0.01 else f"{number:.3f}".removesuffix("0")


def busy():
    return [*month(Use()), ("idle, as above", "", total(idle()))]


TABLES = {"idle": lambda: table(idle()), "busy": lambda: table(busy()), "added": added, "savings": savings, "sandbox": sandbox,
          "rates": rates, "prices": prices}


def written(page):
    """The page with the tables of this script between its marks."""
    for name, lines in TABLES.items():
        mark = f"<!-- {name}: written by infra/costs.py -->\n"
        before, rest = page.split(mark)
        page = before + mark + "\n".join(lines()) + "\n" + rest[rest.index("<!-- end -->"):]
    low = total(busy()) - total(month(Use())) + total(month(Use(traced=0.05)))
    return re.sub(r"costs \*\*.*? dollars\*\*", f"costs **{low:.0f}–{total(busy()):.0f} dollars**", page)


def main(check):
    page = PAGE.read_text()
    if check and written(page) != page:
        raise SystemExit("docs/costs.md has other tables than infra/costs.py computes: run it")
    PAGE.write_text(written(page))


if __name__ == "__main__":
    main(sys.argv[1:] == ["--check"])
