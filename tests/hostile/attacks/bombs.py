"""Bombs: processes, threads, descriptors and output of many processes. The bystander is called meanwhile."""
from entry import BASH, EXECUTE, PYTHON, Attack, answered, at_most

SPIN = '''
import time
tried("spinning", "")
made, until = 0, time.monotonic() + 1.3
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
tried("forking", "")
try:
    while made < 5000:
        if os.fork() == 0:
            import time; time.sleep(1); os._exit(0)
        made += 1
except OSError as error: tried("ended by", _name(error.errno))
tried("made", made)
''', at_most("made", "processes", told=False), dies=True),
    Attack("fork_bomb_of_bash", "the same by bash, where each child goes on", '''
echo "TRIED forking: "
f() { f | f & }; f 2>/dev/null; sleep 1
''', answered, where=(BASH,), dies=True),
    Attack("fork_bomb_that_grows", "each child forks on and leaves its session", '''
tried("forking", "")
while True:
    try:
        if os.fork() == 0: os.setsid()
    except OSError: pass
''', answered, where=(PYTHON,), dies=True),
    Attack("vfork_bomb", "start programs as fast as it goes", '''
import subprocess, time
until, started = time.monotonic() + 1, []
tried("starting", "")
while time.monotonic() < until:
    try: started.append(subprocess.Popen(["/bin/sleep", "5"]))
    except OSError: break
tried("started", len(started))
''', at_most("started", "processes", told=False), where=(PYTHON,), dies=True),
    Attack("threads", "make threads until there is an end", '''
import threading, time
made = 0
tried("starting", "")
try:
    for made in range(5000): threading.Thread(target=time.sleep, args=(1,), daemon=True).start()
except RuntimeError as error: tried("ended by", "RuntimeError")
tried("made", made)
''', at_most("made", "processes", told=False), where=(EXECUTE,), dies=True),
    Attack("spinning_processes", "take the processors by many processes", SPIN, at_most("made", "processes", told=False),
        dies=True),
    Attack("spinning_threads", "take the processors by numpy", '''
import threading, time, numpy
until = time.monotonic() + 1.2
def work():
    a = numpy.ones((200, 200))
    while time.monotonic() < until: a @ a
threads = [threading.Thread(target=work) for _ in range(12)]
tried("working", len(threads))
for one in threads: one.start()
for one in threads: one.join()
''', answered, where=(EXECUTE,), dies=True),
    Attack("calls_that_take_locks", "hold locks of Linux by renames, forks and large directories", '''
import time
until = time.monotonic() + 1.2
tried("working", "")
for n in range(20):
    if os.fork() == 0:
        os.makedirs(f"/tmp/r{n}", exist_ok=True)
        while time.monotonic() < until:
            os.makedirs(f"/tmp/r{n}/a/b", exist_ok=True); os.rename(f"/tmp/r{n}/a", f"/tmp/r{n}/c"); os.rename(f"/tmp/r{n}/c",
                f"/tmp/r{n}/a")
        os._exit(0)
while time.monotonic() < until: pass
''', answered, where=(PYTHON,), dies=True),
    Attack("descriptors_of_many_processes", "the same in a hundred processes", '''
import time
tried("forking", "")
for n in range(100):
    try:
        if os.fork() == 0:
            try:
                while True: os.open("/dev/null", os.O_RDONLY)
            except OSError: time.sleep(1); os._exit(0)
    except OSError: break
tried("made", n)
time.sleep(0.8)
''', at_most("made", "processes", told=False), where=(PYTHON,), dies=True),
    Attack("descriptors_in_flight", "send descriptors that nobody receives", '''
import array, socket, time
files = [os.open("/dev/null", os.O_RDONLY) for _ in range(250)]
sent, kept = 0, []
tried("sending", "")
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
    Attack("epoll_watches_of_many_processes", "the same in fifty processes, some millions in all", '''
import select, time
tried("making", "")
for n in range(50):
    if os.fork() == 0:
        pairs, polls = [os.pipe() for _ in range(240)], []
        try:
            while True:
                polls.append(select.epoll())
                for out, into in pairs: polls[-1].register(out, select.EPOLLIN); polls[-1].register(into, select.EPOLLOUT)
        except OSError: time.sleep(0.8)
        os._exit(0)
tried("made", n + 1)
time.sleep(1.3)
''', answered, where=(PYTHON,), dies=True),
    Attack("output", "print until the limit", '''
tried("printing", "")
for n in range(100_000): print("x" * 10_000)
''', lambda seen: None if len(seen.text) < (8 << 20) else f"the answer has {len(seen.text)} bytes", where=(EXECUTE,), dies=True),
    Attack("output_of_a_shell", "the same by bash, on both streams",
        'echo "TRIED printing: "\nyes | head -c 1000000000 >&2 & yes | head -c 1000000000; wait', lambda seen: None if len(
        seen.text) < (8 << 20) else f"the answer has {len(seen.text)} bytes", where=(BASH,), dies=True),
    Attack("elements_of_output", "print a million short lines", '''
tried("printing", "")
for n in range(1_000_000): print()
''', answered, where=(EXECUTE,), dies=True),
]
