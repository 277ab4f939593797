"""Bombs: processes, threads, descriptors, output, and whatever else Linux keeps a table of. The bystander is called meanwhile."""
from entry import BASH, BOTH, EXECUTE, PYTHON, Attack, answered, at_most, died

SPIN = '''
import time
made, until = 0, time.monotonic() + 2
try:
    for made in range(200):
        if os.fork() == 0:
            while time.monotonic() < until: pass
            os._exit(0)
except OSError as error: tried("ended by", _name(error.errno))
tried("made", made)
while time.monotonic() < until: pass
'''
ATTACKS = [
    Attack("fork_bomb", "make processes until there is an end", '''
made = 0
try:
    while made < 5000:
        if os.fork() == 0:
            import time; time.sleep(3); os._exit(0)
        made += 1
except OSError as error: tried("ended by", _name(error.errno))
tried("made", made)
''', at_most("made", "processes"), dies=True),
    Attack("fork_bomb_of_bash", "the same by bash, where each child goes on", '''
echo "TRIED forking: "
f() { f | f & }; f 2>/dev/null; sleep 2
''', answered, where=(BASH,), dies=True),
    Attack("fork_bomb_that_grows", "each child forks on and leaves its session", '''
tried("forking", "")
while True:
    try:
        if os.fork() == 0: os.setsid()
    except OSError: pass
''', answered, dies=True),
    Attack("vfork_bomb", "start programs as fast as it goes", '''
import subprocess, time
until, started = time.monotonic() + 2, []
while time.monotonic() < until:
    try: started.append(subprocess.Popen(["/bin/sleep", "5"]))
    except OSError: break
tried("started", len(started))
''', at_most("started", "processes"), dies=True),
    Attack("threads", "make threads until there is an end", '''
import threading, time
made = 0
try:
    for made in range(5000): threading.Thread(target=time.sleep, args=(2,), daemon=True).start()
except RuntimeError as error: tried("ended by", "RuntimeError")
tried("made", made)
''', at_most("made", "processes"), dies=True),
    Attack("spinning_processes", "take the processors by many processes", SPIN, at_most("made", "processes"), dies=True),
    Attack("spinning_threads", "take the processors by numpy", '''
import threading, time, numpy
until = time.monotonic() + 2
def work():
    a = numpy.ones((200, 200))
    while time.monotonic() < until: a @ a
threads = [threading.Thread(target=work) for _ in range(60)]
for one in threads: one.start()
tried("working", len(threads))
for one in threads: one.join()
''', answered, where=(EXECUTE,), dies=True),
    Attack("calls_that_take_locks", "hold locks of Linux by renames, forks and large directories", '''
import time
until = time.monotonic() + 1.5
tried("working", "")
for n in range(20):
    if os.fork() == 0:
        os.makedirs(f"/tmp/r{n}", exist_ok=True)
        while time.monotonic() < until:
            os.makedirs(f"/tmp/r{n}/a/b", exist_ok=True); os.rename(f"/tmp/r{n}/a", f"/tmp/r{n}/c"); os.rename(f"/tmp/r{n}/c", f"/tmp/r{n}/a")
        os._exit(0)
while time.monotonic() < until: pass
''', answered, where=(PYTHON,), dies=True),
    Attack("descriptors", "open files until there is an end", '''
kept = []
try:
    while len(kept) < 100_000: kept.append(os.open("/dev/null", os.O_RDONLY))
except OSError as error: tried("ended by", _name(error.errno))
tried("made", len(kept))
for fd in kept: os.close(fd)
''', at_most("made", "descriptors")),
    Attack("descriptors_of_many_processes", "the same in a hundred processes", '''
import time
for n in range(100):
    try:
        if os.fork() == 0:
            try:
                while True: os.open("/dev/null", os.O_RDONLY)
            except OSError: time.sleep(1); os._exit(0)
    except OSError: break
tried("made", n)
time.sleep(0.8)
''', at_most("made", "processes"), where=(PYTHON,), dies=True),
    Attack("descriptors_in_flight", "send descriptors that nobody receives", '''
import array, socket, time
files = [os.open("/dev/null", os.O_RDONLY) for _ in range(250)]
sent, kept = 0, []
try:
    while sent < 50_000 and len(kept) < 900:
        pair = socket.socketpair(); kept.extend(pair); pair[0].setblocking(False)
        try:
            while sent < 50_000: socket.send_fds(pair[0], [b"x"], files); sent += len(files)
        except BlockingIOError: pass
except OSError as error: tried("ended by", _name(error.errno))
tried("sent", sent)
time.sleep(1)
import subprocess
attempt("program", lambda: subprocess.run(["/bin/true"]).returncode)
''', answered, dies=True),
    Attack("sockets_in_sockets", "make circles of sockets that only a collector of Linux frees", '''
import socket
made = 0
try:
    for made in range(3000):
        one, other = socket.socketpair()
        socket.send_fds(one, [b"x"], [one.fileno(), other.fileno()]); one.close(); other.close()
except OSError as error: tried("ended by", _name(error.errno))
tried("made", made)
''', answered, where=(EXECUTE,)),
    Attack("epoll_watches", "make watches until the user has no more", '''
import select, time
pairs, polls, made = [os.pipe() for _ in range(200)], [], 0
try:
    for n in range(500):
        polls.append(select.epoll())
        for out, into in pairs: polls[-1].register(out, select.EPOLLIN); polls[-1].register(into, select.EPOLLOUT); made += 2
except OSError as error: tried("ended by", _name(error.errno))
tried("made", made)
time.sleep(0.5)
''', answered),
    Attack("epoll_watches_of_many_processes", "the same in fifty processes, some millions in all", '''
import select, time
for n in range(50):
    if os.fork() == 0:
        pairs, polls = [os.pipe() for _ in range(240)], []
        try:
            while True:
                polls.append(select.epoll())
                for out, into in pairs: polls[-1].register(out, select.EPOLLIN); polls[-1].register(into, select.EPOLLOUT)
        except OSError: time.sleep(1.5)
        os._exit(0)
tried("made", n + 1)
time.sleep(3)
''', answered, where=(PYTHON,), dies=True),
    Attack("nested_epolls", "make chains of watches that are slow to walk", '''
import select
polls = [select.epoll() for _ in range(400)]
made = 0
for n, one in enumerate(polls[1:]):
    for other in polls[max(0, n - 3):n + 1]:
        made += outcome(one.register, other.fileno(), select.EPOLLIN) == "ok"
tried("made", made)
''', answered),
    Attack("timers_and_events", "make timers, events and signal descriptors until there is an end", '''
kept = []
try:
    while len(kept) < 5000:
        fd = call(("timerfd_create", "eventfd2", "signalfd4", "pidfd_open")[len(kept) % 4], *((1, 0), (0, 0), (-1, ctypes.c_uint64(1), 8, 0), (os.getpid(), 0))[len(kept) % 4])
        if not isinstance(fd, int): tried("ended by", fd); break
        kept.append(fd)
finally: tried("made", len(kept))
for fd in kept: os.close(fd)
''', at_most("made", "descriptors")),
    Attack("queued_signals", "fill the user's queue of signals", '''
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
info = (ctypes.c_int32 * 32)(40, 0, -1)
queued = 0
while queued < 200_000 and call("rt_sigqueueinfo", os.getpid(), 40, info) == 0: queued += 1
tried("queued", queued)
''', at_most("queued", 20_000), where=(PYTHON,), dies=True),
    Attack("file_locks", "make locks until Linux has no memory for them", '''
import fcntl, struct
fd, made = os.open("locked", os.O_CREAT | os.O_RDWR), 0
try:
    for made in range(100_000): fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, made * 2)
except OSError as error: tried("ended by", _name(error.errno))
tried("made", made)
os.close(fd)
''', answered, where=(PYTHON,), dies=True),
    Attack("output", "print until the limit", '''
tried("printing", "")
for n in range(100_000): print("x" * 10_000)
''', lambda seen: None if len(seen.text) < (8 << 20) else f"the answer has {len(seen.text)} bytes", dies=True),
    Attack("output_of_a_shell", "the same by bash, on both streams", 'echo "TRIED printing: "\nyes | head -c 1000000000 >&2 & yes | head -c 1000000000; wait', lambda seen: None if len(
        seen.text) < (8 << 20) else f"the answer has {len(seen.text)} bytes", where=(BASH,), dies=True),
    Attack("elements_of_output", "print a million short lines", '''
tried("printing", "")
for n in range(1_000_000): print()
''', answered, where=(EXECUTE,), dies=True),
    Attack("calculation", "hold the interpreter in one long operation", '''
tried("calculating", "")
9 ** 9 ** 9
''', answered, where=BOTH, dies=True),
    Attack("regular_expression", "hold it in a regular expression", '''
import re
tried("matching", "")
re.match("(a+)+$", "a" * 64 + "b")
''', answered, where=(EXECUTE,), dies=True),
    Attack("daemons", "leave processes that outlive the call", '''
import subprocess
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in range(1024): outcome(os.close, fd)
        os.execv("/bin/sleep", ["sleep", "987654"])
    os._exit(0)
os.wait()
subprocess.Popen(["/bin/sleep", "987654"], start_new_session=True)
tried("left", "")
''', answered),
    Attack("daemons_of_a_shell", "the same by bash", 'echo "TRIED left: "\nnohup setsid sleep 987654 >/dev/null 2>&1 &\n(sleep 987654 &) &\nexit 0', answered, where=(BASH,)),
    Attack("waiting_child", "end while children hold the output open", '''
tried("left", "")
for n in range(20):
    if os.fork() == 0:
        import time; time.sleep(600)
os._exit(0)
''', died("KernelDied", "exit code 0", "exit code"), dies=True),
]
