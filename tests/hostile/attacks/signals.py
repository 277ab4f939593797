"""Signals: to others, which they must not reach, and to itself, where they must do what they do everywhere."""
from entry import BASH, EXECUTE, PYTHON, Attack, answered, at_most, died, only, refused

SELF = 'import signal\ntried("sent")\nos.kill(os.getpid(), signal.{name})\nimport time; time.sleep(1)\ntried("lived on")\n'


def dies_of(name: str, number: int) -> list[Attack]:
    lived = lambda seen: "the signal was swallowed" if seen.of("lived on") else None
    return [
        Attack(f"{name.lower()}_in_execute", f"send itself {name}", SELF.format(name=name), (lived, died("KernelDied")),
               where=(EXECUTE,), dies=True),
        Attack(f"{name.lower()}_in_a_command", f"send itself {name}", SELF.format(name=name),
               (lived, died(f"exit code {128 + number}")), where=(PYTHON,), dies=True),
    ]


ATTACKS = [
    Attack("kill_all", "kill every process there is", '''
import signal
tried("sent", "")
attempt("kill -1", os.kill, -1, signal.SIGKILL)
''', answered, dies=True),
    Attack("kill_all_by_shell", "the same from bash", 'echo "TRIED sent: "; kill -9 -1', answered, where=(BASH,), dies=True),
    Attack("kill_its_group", "kill its process group and session", '''
import signal
tried("sent", "")
os.kill(0, signal.SIGKILL)
''', answered, dies=True),
    Attack("kill_process_1", "send process 1 each signal", '''
import signal
for number in signal.valid_signals() - {signal.SIGCHLD}:
    attempt("sent", os.kill, 1, number)
import time; time.sleep(0.05)
tried("state of 1", open("/proc/1/stat").read().split(") ")[1][0])
''', only("state of 1", "S")),
    Attack("kill_by_number", "signal every process id, and those of the server and its zygotes", '''
import signal
own = {int(pid) for pid in os.listdir("/proc") if pid.isdigit()} | {os.getpid(), 1, 2}
reached = [pid for pid in [*HOST["pids"], *range(3, 70000)] if pid not in own and outcome(os.kill, pid, 0) == "ok"]
tried("reached", reached)
for pid in HOST["pids"]:
    if pid not in own: attempt("kill", os.kill, pid, signal.SIGTERM)
''', (only("reached", "[]"), lambda seen: "killed" if "ok" in seen.of("kill") else None)),
    Attack("kill_by_other_calls", "signal the host by tkill, tgkill, rt_sigqueueinfo and a pidfd", '''
info = (ctypes.c_int32 * 32)(15, 0, -1)
for pid in HOST["pids"]:
    tried("tkill", call("tkill", pid, 15))
    tried("tgkill", call("tgkill", pid, pid, 15))
    tried("rt_sigqueueinfo", call("rt_sigqueueinfo", pid, 15, info))
    tried("rt_tgsigqueueinfo", call("rt_tgsigqueueinfo", pid, pid, 15, info))
    tried("pidfd_open", call("pidfd_open", pid, 0))
    tried("killpg", call("kill", -pid, 15))
''', refused("EINVAL")),
    Attack("forged_credentials", "send a message as root and as process 1", '''
import socket, struct
one, other = socket.socketpair()
for what, who in (("root", (os.getpid(), 0, 0)), ("process 1", (1, os.getuid(), os.getgid()))):
    attempt(what, one.sendmsg, [b"x"], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, struct.pack("3i", *who))])
''', refused("EINVAL")),
    Attack("continue_itself", "run on while it is stopped between calls", '''
import signal, threading, time
count = [0]
def handler(*_): count[0] += 1
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
threading.Thread(target=lambda: [time.sleep(0.01) or count.append(1) for _ in range(10 ** 6)], daemon=True).start()
pid = os.fork()
if pid == 0:
    while True:
        time.sleep(0.01); os.kill(os.getppid(), signal.SIGCONT)
clone = call("clone", signal.SIGCONT, 0, 0, 0, 0)
if clone == 0: os._exit(0)
tried("clone with SIGCONT", clone)
tried("F_SETSIG", call("fcntl", 0, 10, signal.SIGCONT))
began = time.monotonic(), len(count)
''', (only("clone with SIGCONT", "EPERM", "EINVAL"), only("F_SETSIG", "EPERM"), at_most("ran while stopped", 40)),
    where=(EXECUTE,), pause=1.5, then='''
tried("ran while stopped", len(count) - began[1])
signal.setitimer(signal.ITIMER_REAL, 0)
'''),
    Attack("stop_itself", "stop itself and its threads until the limit", '''
import signal
tried("stopped", "")
os.kill(os.getpid(), signal.SIGSTOP)
''', answered, where=(EXECUTE,), dies=True),
    Attack("ignore_the_interrupt", "go on after the time limit", '''
import signal, time
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    outcome(signal.signal, number, signal.SIG_IGN)
tried("ignoring", "")
while True:
    try: time.sleep(1)
    except BaseException: pass
''', answered, where=(EXECUTE,), dies=True),
    *dies_of("SIGKILL", 9),
    *dies_of("SIGTERM", 15),
    *dies_of("SIGSEGV", 11),
    *dies_of("SIGABRT", 6),
    Attack("abort", "abort as C programs do", 'tried("aborting")\nos.abort()', died("KernelDied", "exit code 134"), dies=True),
    Attack("parent", "have a parent, as everywhere", 'tried("parent", os.getppid())', lambda seen: (
        "there is none" if seen.of("parent") == ["0"] else None)),
]
