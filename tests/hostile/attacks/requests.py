"""Requests: slow, many, large and wrong ones, most of them without a key."""
import concurrent.futures
import socket
import threading
import time

from entry import Attack, each, only

#: How long a connection that sends nothing useful may last. The server gives it 60 s; what matters is that it ends.
LONGEST_S = 120
#: Connections from one address that no client needs.
MANY = 1200
HALF = {"nothing": b"", "half a header": b"GET /v2/sandcastles HTTP/1.1\r\nHost: x\r\nX-A: ", "half a body": (
    b"POST /v2/sandcastles HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer tql_nobody\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"),
    "half of http 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}


def connect(port: int, source: str) -> socket.socket:
    one = socket.socket()
    one.settimeout(2)
    one.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT: else each bind looks for a port of its own
    one.bind((source, 0))
    one.connect(("127.0.0.1", port))
    return one


def is_closed(one: socket.socket) -> bool:
    one.setblocking(False)
    try:
        while data := one.recv(4096):
            pass
        return True
    except BlockingIOError:
        return False
    except OSError:
        return True


def slow(scene):
    """Opens unfinished requests at both ports, sends a byte now and then, and waits until the server ends them."""
    opened = {(port, what): [connect(port, "127.0.0.3") for _ in range(20)] for port in scene.server.ports for what in HALF}
    for (_, what), some in opened.items():
        [one.sendall(HALF[what]) for one in some]
    until = time.monotonic() + LONGEST_S
    open_ones = lambda: [key for key, some in opened.items() if not all(map(is_closed, some))]
    while open_ones() and time.monotonic() < until:
        time.sleep(0.5)
        for (_, what), some in opened.items():
            for one in some[:5] if what.startswith("half a") else ():
                try:
                    one.send(b"x")
                except OSError:
                    pass
    left = open_ones()
    [one.close() for some in opened.values() for one in some]
    names = {port: name for port, name in zip(scene.server.ports, ("api", "s3"))}
    return [(f"{what} at {names[port]}", "open" if (port, what) in left else "closed") for port, what in opened]


def many_connections(scene):
    """Opens more connections from one address than a client needs; they do nothing."""
    found = []
    for port, name in zip(scene.server.ports, ("api", "s3")):
        opened, refused = [], 0
        for _ in range(MANY):
            try:
                opened.append(connect(port, "127.0.0.2"))
            except OSError:
                refused += 1
                if refused > 5:
                    break
        time.sleep(0.3)
        ended = sum(map(is_closed, opened)) + refused
        found += [(name, "bounded" if ended else f"{MANY} open at once")]
        [one.close() for one in opened]
    return found


def raw(scene, request: bytes) -> str:
    """Sends bytes as they are; the status, or `closed`."""
    one = connect(scene.server.ports[0], "127.0.0.4")
    try:
        one.settimeout(LONGEST_S + 30)
        try:
            one.sendall(request)
        except OSError:
            pass
        answer = one.recv(200)
        return answer.split(b" ")[1].decode() if b" " in answer else "closed"
    except TimeoutError:
        return "no answer"
    except OSError:
        return "closed"
    finally:
        one.close()


def odd_requests(scene):
    head = b"POST /v2/sandcastles HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
    key = b"Authorization: Bearer " + scene.own.api_key.encode() + b"\r\n"
    requests = {
        "long header": head + b"X: " + b"x" * (1 << 20) + b"\r\n\r\n", "many headers": head + b"X: y\r\n" * 20_000 + b"\r\n",
            "long path": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        "two lengths": head + key + b"Content-Length: 2\r\nContent-Length: 200\r\n\r\n{}",
        "odd length": head + key + b"Content-Length: -1\r\n\r\n",
            "no http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(600),
        "no key": head + b"Content-Length: 2\r\n\r\n{}", "two keys": head + key + key + b"Content-Length: 2\r\n\r\n{x",
            "deep": head + key + b"Content-Length: 200000\r\n\r\n" + b"[" * 200_000,
        "long": head + key + b"Content-Length: 99999999999\r\n\r\n" + b" " * (4 << 20),
            "not utf 8": head + key + b"Content-Length: 4\r\n\r\n\xff\xfe\xfd\xfc",
        "chunk": head + key + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nx", "nul": head + b"X: a\0b\r\n\r\n",
    }
    with concurrent.futures.ThreadPoolExecutor(len(requests)) as pool:
        return list(zip(requests, pool.map(lambda request: raw(scene, request), requests.values())))


def hidden_request(scene):
    """A request within another one, for a proxy in front that goes by the length where the server goes by chunks (RFC 9112, 6.3)."""
    inner = b"GET /v2/sandcastles HTTP/1.1\r\nHost: x\r\n\r\n"
    one = connect(scene.server.ports[0], "127.0.0.4")
    one.sendall(b"GET /v2/sandcastles HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % (5 + len(inner)) + inner)
    one.settimeout(1)
    told = b""
    try:
        while data := one.recv(4096):
            told += data
    except OSError:
        pass
    one.close()
    return [("answers", str(told.count(b"HTTP/1.1 ")))]


def wrong_keys(scene):
    """A flood of wrong keys from sixteen threads."""
    statuses = set()

    def flood():
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            statuses.add(scene.with_key("tql_" + "wrong" * 8).call("GET", "/v2/sandcastles").status)
    threads = [threading.Thread(target=flood) for _ in range(16)]
    [one.start() for one in threads]
    [one.join() for one in threads]
    return [("wrong key", str(status)) for status in statuses]


def stop_in_a_call(scene):
    """A stop, and a second start, while code of the sandbox does its worst."""
    sandbox = scene.sandbox()
    code = "import os, time\nwhile True:\n    try: os.fork() or time.sleep(5)\n    except OSError: pass"
    thread = threading.Thread(target=lambda: scene.own.execute(sandbox, code))
    thread.start()
    time.sleep(0.7)
    found = [("stop", str(scene.stop(sandbox)))]
    thread.join()
    scene.open.append((sandbox, False))
    return found + [("start again", str(scene.own.create(sandbox_id=sandbox).status)),
        ("call", str(scene.own.execute(sandbox, "print(1)").status))]


def leave_early(scene):
    """Callers that hang up while their code runs."""
    sandbox = scene.sandbox()
    for n in range(20):
        one = connect(scene.server.ports[0], "127.0.0.4")
        body = b'{"code": "import time; time.sleep(0.1)"}'
        one.sendall(b"POST /v2/sandcastles/%s/execute HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
            sandbox.encode(), scene.own.api_key.encode(), len(body), body))
        time.sleep(0.02)
        one.close()
    return [("call", str(scene.own.execute(sandbox, "print(1)").status))]


ATTACKS = [
    Attack("slow_requests", "hold connections by requests that never end, without a key", slow, each("closed"), beside=True),
    Attack("many_connections", "hold connections that do nothing, without a key", many_connections, each("bounded")),
    Attack("odd_requests", "confuse the server by malformed and long requests", odd_requests, lambda seen: "; ".join(
        f"{what}: {found}" for what, found in seen.found if not (found == "closed" or found.startswith("4"))) or None,
            beside=True),
    Attack("hidden_request", "have the body of one request taken for another request", hidden_request, only("answers", "1")),
    Attack("wrong_keys", "flood the server with wrong keys", wrong_keys, each("401", "429", "503")),
    Attack("stop_in_a_call", "stop a sandbox in the middle of a bomb", stop_in_a_call,
        (only("stop", "200"), only("start again", "201"), only("call", "200"))),
    Attack("leave_early", "hang up while code runs", leave_early, only("call", "200", "409")),
]
