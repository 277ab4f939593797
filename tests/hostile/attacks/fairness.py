"""Fairness: one organisation takes all seats. The bystander's kernel must stay, and others of its organisation must get one."""
import concurrent.futures
import time

from entry import Attack, each, only


def at_once(scene, count, code):
    """Runs code in so many new sandboxes at the same time; the futures of their answers' status."""
    sandboxes = [scene.sandbox() for _ in range(count)]
    pool = concurrent.futures.ThreadPoolExecutor(count)
    return pool, [pool.submit(lambda one=one: scene.own.execute(one, code).status) for one in sandboxes]


def many_starts(scene):
    """More kernels than there are seats, twice, while another organisation's kernel waits for its next call."""
    waiting = scene.sandbox(other=True)
    scene.run(waiting, "import threading; lock = threading.Lock()\ntried('has a lock', 'lock' in globals())", other=True)
    for _ in range(2):
        pool, futures = at_once(scene, scene.limits["kernels"], "print('TRIED')")
        statuses = [future.result() for future in futures]
        pool.shutdown()
    # A lock ends with its process: it is there while the kernel is the first one.
    return [("started", str(statuses.count(200)))] + scene.run(waiting, "tried('kept its kernel', 'lock' in globals())",
        other=True)


def while_busy(code: str, share: float):
    """Others are asked while one organisation's calls run in as many kernels as there are seats."""
    def attack(scene):
        pool, futures = at_once(scene, int(scene.limits["kernels"] * share), code)
        time.sleep(0.5)
        began = time.monotonic()
        reply = scene.other.create()
        found = [("other organisation's start", str(reply.status))]
        sandbox = scene.adopt(reply, other=True)
        found.append(("other organisation's call", str(scene.other.execute(sandbox, "print(1)").status)))
        waited = time.monotonic() - began
        busy = [future for future in futures if not future.done()]
        found.append(("still busy", "yes" if busy else "no"))
        found.append(("waited", "long" if waited > scene.patience_s else "short"))
        print(f"  another sandbox of the bystander's organisation started and answered after {waited:.2f} s", flush=True)
        [future.result() for future in futures]
        pool.shutdown()
        return found
    return attack


def more_calls_than_allowed(scene):
    """One organisation's calls wait for each other in one sandbox, more of them than it may have at once."""
    sandbox, most = scene.sandbox(), scene.limits["executions"]
    with concurrent.futures.ThreadPoolExecutor(most + 30) as pool:
        waiting = [pool.submit(scene.own.execute, sandbox, "import time; time.sleep(0.1)") for _ in range(most + 30)]
        replies = [future.result() for future in waiting]
    told = f"this organisation already has {most} executions running".encode()
    return [("refused", "some" if any(reply.status == 429 and told in reply.raw for reply in replies) else "none")]


SERVED = (only("other organisation's start", "201"), only("other organisation's call", "200"), only("waited", "short"))
ATTACKS = [
    Attack("many_starts", "start so many kernels that all others end", many_starts,
        (only("kept its kernel", "True"), lambda seen: (
        "nothing started" if seen.of("started") == ["0"] else None))),
    Attack("more_calls_than_allowed", "take all connections with calls that wait", more_calls_than_allowed, (only("refused", "some"),)),
    Attack("sleeping_calls", "sleep in every seat", while_busy("import time; time.sleep(1.5)", 1), SERVED),
    Attack("sleeping_calls_beyond_the_seats", "sleep in every seat, with as many waiting",
        while_busy("import time; time.sleep(1.5)", 2), SERVED),
    Attack("spinning_calls", "calculate in every seat",
        while_busy("import time; until = time.monotonic() + 1.5\nwhile time.monotonic() < until: pass", 1), SERVED),
]
