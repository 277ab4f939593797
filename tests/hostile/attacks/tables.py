"""Tables of Linux that one process can fill, and time that it can waste. What it leaves must not outlive the call."""
from entry import BASH, BOTH, EXECUTE, PYTHON, Attack, answered, at_most, died

ATTACKS = [
    Attack("descriptors", "open files until there is an end", '''
kept = []
try:
    while len(kept) < 100_000: kept.append(os.open("/dev/null", os.O_RDONLY))
except OSError as error: tried("ended by", _name(error.errno))
tried("made", len(kept))
for fd in kept: os.close(fd)
''', at_most("made", "descriptors")),
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
tried("making", "")
try:
    for n in range(500):
        polls.append(select.epoll())
        for out, into in pairs: polls[-1].register(out, select.EPOLLIN); polls[-1].register(into, select.EPOLLOUT); made += 2
except OSError as error: tried("ended by", _name(error.errno))
tried("made", made)
time.sleep(0.5)
''', answered, dies=True),
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
        fd = call(("timerfd_create", "eventfd2", "signalfd4", "pidfd_open")[len(kept) % 4],
            *((1, 0), (0, 0), (-1, ctypes.c_uint64(1), 8, 0), (os.getpid(), 0))[len(kept) % 4])
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
tried("queueing", "")
while queued < 200_000 and call("rt_sigqueueinfo", os.getpid(), 40, info) == 0: queued += 1
tried("queued", queued)
''', at_most("queued", lambda limits: limits["pending"] // limits["kernels"], told=False), where=(PYTHON,), dies=True),
    Attack("file_locks", "make locks until Linux has no memory for them", '''
import fcntl, struct
tried("locking", "")
fd, made = os.open("locked", os.O_CREAT | os.O_RDWR), 0
try:
    for made in range(20_000): fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, made * 2)
except OSError as error: tried("ended by", _name(error.errno))
tried("made", made)
os.close(fd)
''', answered, where=(PYTHON,), dies=True),
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
    Attack("daemons_of_a_shell", "the same by bash",
        'echo "TRIED left: "\nnohup setsid sleep 987654 >/dev/null 2>&1 &\n(sleep 987654 &) &\nexit 0', answered, where=(BASH,)),
    Attack("waiting_child", "end while children hold the output open", '''
tried("left", "")
for n in range(20):
    if os.fork() == 0:
        import time; time.sleep(600)
os._exit(0)
''', died("KernelDied", "exit code 0", "exit code"), dies=True),
]
