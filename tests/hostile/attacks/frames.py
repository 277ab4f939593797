"""The frame socket: the attacker has it, and writes what no kernel would. The host reads it as root."""
from entry import EXECUTE, Attack, answered, measured

FIND = '''
import json, socket, stat, struct, time
def frame_socket():
    for fd in range(3, 1024):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode): return socket.socket(fileno=os.dup(fd))
        except OSError: pass
host = frame_socket()
def frame(body, version=1, length=None):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return struct.pack("<BI", version, len(body) if length is None else length) + body
def send(*frames):
    # Told first: the host may end this process at once.
    tried("sending", len(frames))
    try:
        for one in frames: host.sendall(one)
    except OSError as error: tried("ended by", _name(error.errno))
done = dict(type="done", call=1, failure=None, interrupted=False, dataframes=[], names=[], variables=None, not_loaded=[], not_restored=[],
    missed=False, still_lost=[], cwd="", env={})
'''
#: What a forged frame may cost the host: four times the longest frame.
def cost(limits): return 4 * limits["frame"]


def forged(name: str, tries: str, script: str, verdict=None) -> Attack:
    return Attack(name, tries, FIND + script, verdict or measured("host_memory", cost), where=(EXECUTE,), dies=True)


ATTACKS = [
    forged("other_version", "send a frame of another version", 'send(frame(b"{}", version=2))'),
    forged("longest_length", "announce four gigabytes", 'send(frame(b"{}", length=0xffffffff))'),
    forged("announced_and_not_sent", "announce the longest frame, and never send it",
        'send(frame(b"{", length=LIMIT["frame"]))\ntime.sleep(1)'),
    forged("no_json", "send bytes that are no JSON", 'send(frame(os.urandom(1 << 20)), os.urandom(1 << 16))'),
    forged("long_array", "send 8 MiB that take far more when they are read",
        'send(frame(b\'{"names":[\' + b"0," * (4 << 20) + b\'0],"type":"done"}\'))'),
    forged("long_objects", "the same with objects whose kind comes last", '''
send(frame(b\'{"variables":[\' + b"{}," * (2 << 20) + b\'{}],"env":{\' + b",".join(b\'"%d":null\' % n for n in range(100_000)) + b\'},"type":"done"}\'))'''),
    forged("unknown_kinds", "send values under names that no message has",
        'send(*[frame({"type": "done", "x": ["y" * 100] * 1000}), frame({"type": "nothing"}), frame(["done"])])'),
    forged("deep_json", "exhaust the stack of what reads it",
        'send(frame(b"[" * (4 << 20)), frame(b\'{"type":"done","failure":\' + b\'{"a":\' * (1 << 20)))'),
    forged("odd_numbers", "send numbers that no integer holds", '''
for number in (b"1e999", b"-1", b"18446744073709551616", b"1.5", b"NaN", b"0" * 1000, b"9" * 100_000):
    send(frame(b\'{"type":"need","groups":[\' + number + b"]}"))'''),
    forged("long_texts", "fill every field of a result beyond its bound", '''
send(frame(done | {"names": ["n" * 300] * 20_000, "still_lost": ["x" * 1000] * 5000, "cwd": "/" + "d" * 100_000,
    "env": {"E" * 70_000: "v" * 70_000},
                   "failure": {"error": "e" * (2 << 20), "traceback": ["t" * 5000] * 100}}))'''),
    forged("paths_in_a_result", "lead the host out of the folder by fields of a result", '''
send(frame(done | {"cwd": "../../../../../etc", "names": ["../x", "\\u0000", "/etc/passwd"],
    "env": {"LD_PRELOAD": "/tmp/x", "A=B": "c", "\\u0000": "d"}}))'''),
    forged("bytes_beyond_the_exchange_file", "have the host read variables where none are", '''
content = lambda at, length: {"pickle": {"at": at, "len": length}, "buffers": [{"at": length, "len": at}] * 10}
groups = [{"id": n, "names": [f"v{n}"], "kind": "data", "content": content(n << 55, 1 << 62)} for n in range(20)]
for variables in ({"groups": groups, "unstorable": []}, {"groups": [], "unstorable": [{"name": "x",
    "reason": "y" * 100_000}] * 100}):
    send(frame(done | {"variables": variables}))'''),
    forged("large_variables", "have the host store a terabyte of holes", '''
for fd in range(3, 1024):
    if outcome(os.readlink, f"/proc/self/fd/{fd}").__str__().endswith("(deleted)"): outcome(os.ftruncate, fd, LIMIT["file"])
group = {"id": 1, "names": ["v"], "kind": "data", "content": {"pickle": {"at": 0, "len": 100}, "buffers": [{"at": 0,
    "len": 1 << 30}]}}
send(frame(done | {"variables": {"groups": [group], "unstorable": []}}))''', (measured("stored", 128 << 20),
    measured("host_memory", 256 << 20))),
    forged("early_result", "answer before the code has ended, and go on", '''
send(frame({"type": "code_ended"}), frame(done), frame(done))
time.sleep(2)'''),
    forged("many_messages", "keep the host busy with short messages", '''
until = time.monotonic() + 2
tried("sending", "")
one, sent = frame({"type": "restored"}) * 1000 + frame({"type": "code_ended"}) * 1000, 0
try:
    while time.monotonic() < until: host.sendall(one); sent += 2000
except OSError as error: tried("ended by", _name(error.errno))
tried("sent", sent)'''),
    forged("many_needs", "have the host fetch and fetch", '''
tried("sending", "")
try:
    for n in range(500): host.sendall(frame({"type": "need", "groups": list(range(n * 1000, n * 1000 + 1000))}))
except OSError as error: tried("ended by", _name(error.errno))
tried("sent", n)'''),
    Attack("the_same_needs", "have the host read the same values thousands of times in one message", '''
import numpy
values = [numpy.arange(64) + n for n in range(15_000)]
tried("storing", "")''', measured("host_memory", cost), where=(EXECUTE,), dies=True, then=FIND + '''
send(frame({"type": "need", "groups": list(range(50)) * 5_000}))
time.sleep(1)'''),
    forged("descriptors_for_the_host", "fill the host's table of descriptors", '''
files, sent = [os.open("/dev/null", os.O_RDONLY) for n in range(250)], 0
tried("sending", "")
try:
    for n in range(200):
        socket.send_fds(host, [frame({"type": "restored"})], files); sent += len(files)
except OSError as error: tried("ended by", _name(error.errno))
tried("sent", sent)''', (measured("host_memory", cost), lambda seen: "the host keeps descriptors"
    if seen.limits["descriptors_grew"] > 64 else None)),
    forged("closed_socket", "close and shut down the socket", '''
tried("closing", "")
host.shutdown(socket.SHUT_RDWR)
time.sleep(1)'''),
    forged("one_byte_at_a_time", "send a frame slowly until the limit", '''
tried("sending", "")
for byte in frame(done): host.send(bytes([byte])); time.sleep(0.005)
time.sleep(1)'''),
    forged("stolen_messages", "read what the host sends", '''
host.setblocking(False)
attempt("read", host.recv, 1 << 20)
import threading
def steal():
    while True:
        try: host.recv(1 << 16)
        except BlockingIOError: time.sleep(0.001)
threading.Thread(target=steal, daemon=True).start()'''),
    forged("forged_output", "write records and garbage into the output pipe", '''
tried("writing", "")
for fd in (1, 2, 500):
    for n in range(200): outcome(os.write, fd, os.urandom(4096))
    outcome(os.write, fd, b"\\x00\\x01" + b"0" * 32 + struct.pack("<Q", 1 << 60))'''),
    forged("closed_output", "close the output pipe and every other descriptor", 'tried("closing", "")\nos.closerange(0, 1024)',
        answered),
    forged("full_output", "keep the pipe full while the host waits for the end", '''
tried("filling", "")
if os.fork() == 0:
    while True: outcome(os.write, 1, b"z" * 65536)'''),
]
