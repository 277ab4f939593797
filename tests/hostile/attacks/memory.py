"""Memory: of one process, of a sandbox's processes together, and what Linux keeps for them."""
from entry import EXECUTE, PYTHON, Attack, answered, at_most, measured

#: Libraries, the interpreter's own pages and what the measurement catches late come on top of the limit.
def memory(limits): return limits["memory"] * 5 // 4 + (192 << 20)


ATTACKS = [
    Attack("one_list", "take memory until there is none", '''
tried("filling", "")
kept = []
while True: kept.append(bytearray(os.urandom(1 << 10)) * 16384)
''', measured("memory", memory), dies=True),
    Attack("shared_mapping", "hold shared memory beyond the limit in one process", '''
import mmap
step, held, kept = 16 << 20, 0, []
tried("filling", "")
while held < LIMIT["memory"] * 3:
    try: one = mmap.mmap(-1, step)
    except (OSError, MemoryError): break
    one.write(b"x" * step)
    held += step; kept.append(one)
tried("held", held)
''', measured("memory", memory), dies=True),
    Attack("several_processes", "hold the limit in each of four processes", '''
import time
tried("filling", "")
for n in range(4):
    if os.fork() == 0:
        kept = bytearray(LIMIT["memory"] * 6 // 10)
        for at in range(0, len(kept), 4096): kept[at] = 1
        time.sleep(1); os._exit(0)
for n in range(4): os.wait()
''', measured("memory", memory), where=(PYTHON,), dies=True),
    Attack("shared_memory_files", "fill /dev/shm", '''
written = 0
tried("filling", "")
try:
    with open("/dev/shm/hostile", "wb", 0) as file:
        while written < LIMIT["memory"] * 3: written += file.write(b"x" * (4 << 20))
except OSError as error: tried("ended by", _name(error.errno))
tried("written", written)
''', (at_most("written", "memory", told=False), measured("memory", memory)), where=(EXECUTE,), dies=True),
    Attack("shared_memory_and_its_own", "fill /dev/shm and the process as well", '''
import time
tried("filling", "")
try: open("/dev/shm/hostile", "wb", 0).write(b"x" * (LIMIT["memory"] // 2 - (8 << 20)))
except OSError as error: tried("ended by", _name(error.errno))
kept = bytearray(LIMIT["memory"] * 8 // 10 - (90 << 20))
for at in range(0, len(kept), 4096): kept[at] = 1
time.sleep(0.5)
''', measured("memory", memory), where=(EXECUTE,), dies=True),
    Attack("symlinks_in_shared_memory", "hold memory of Linux by symbolic links in /dev/shm", '''
made = 0
tried("making", "")
try:
    for made in range(400_000):
        if made % 20_000 == 19_999: tried("made", made)
        os.symlink("x" * 100, f"/dev/shm/{made}")
except OSError as error: tried("ended by", _name(error.errno))
tried("made", made)
''', at_most("made", 100_000, told=False), where=(EXECUTE,), dies=True),
    Attack("empty_files_in_shared_memory", "the same with empty files", '''
made = 0
tried("making", "")
try:
    for made in range(400_000):
        if made % 20_000 == 19_999: tried("made", made)
        os.close(os.open(f"/dev/shm/{made}", os.O_CREAT))
except OSError as error: tried("ended by", _name(error.errno))
tried("made", made)
''', at_most("made", 100_000, told=False), where=(PYTHON,), dies=True),
    Attack("pipes", "hold memory of Linux in full pipes", '''
import fcntl
held, kept = 0, []
try:
    while held < LIMIT["memory"] * 2:
        out, into = os.pipe()
        kept.append((out, into))
        try: fcntl.fcntl(into, 1031, 1 << 20)
        except OSError: pass
        os.set_blocking(into, False)
        held += os.write(into, b"x" * (1 << 20))
except OSError as error: tried("ended by", _name(error.errno))
tried("held", held)
''', at_most("held", lambda limits: limits["memory"]), where=(PYTHON,)),
    Attack("socket_buffers", "the same in sockets that nobody reads", '''
import socket
held, kept = 0, []
tried("filling", "")
try:
    while held < LIMIT["memory"] * 3 // 2:
        pair = socket.socketpair()
        kept.append(pair)
        outcome(pair[0].setsockopt, socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
        pair[0].setblocking(False)
        try:
            while True: held += pair[0].send(bytes(100_000))
        except BlockingIOError: pass
        if len(kept) % 50 == 0: tried("held", held)
except OSError as error: tried("ended by", _name(error.errno))
tried("held", held)
''', at_most("held", lambda limits: limits["memory"], told=False), where=(PYTHON,), dies=True),
    Attack("unlinked_files_in_shared_memory", "hold memory in files that have no name", '''
written, kept = 0, []
tried("filling", "")
try:
    while written < LIMIT["memory"] * 3:
        kept.append(os.open("/dev/shm", os.O_TMPFILE | os.O_RDWR))
        written += os.write(kept[-1], b"x" * (16 << 20))
except OSError as error: tried("ended by", _name(error.errno))
tried("written", written)
''', (at_most("written", "memory", told=False), measured("memory", memory)), where=(EXECUTE,), dies=True),
    Attack("parked_memory", "keep the shared memory of a call that has ended", '''
import mmap
tried("filling", "")
kept = []
for n in range(LIMIT["memory"] * 3 // (32 << 20)):
    try: kept.append(mmap.mmap(-1, 32 << 20))
    except (OSError, MemoryError): break
    kept[-1].write(b"x" * (32 << 20))
''', measured("memory", memory), where=(EXECUTE,), dies=True, then='''
tried("kept", len(globals().get("kept", [])))
'''),
    Attack("many_mappings", "use up the mappings of a process", '''
import mmap
tried("mapping", "")
kept = []
try:
    for n in range(80_000): kept.append(mmap.mmap(-1, 4096, prot=mmap.PROT_READ if n % 2 else mmap.PROT_READ | mmap.PROT_WRITE))
except (OSError, MemoryError) as error: tried("ended by", type(error).__name__)
tried("made", len(kept))
del kept
''', at_most("made", 70_000, told=False), where=(EXECUTE,), dies=True),
    Attack("page_tables", "hold memory in page tables of reserved address space", '''
import mmap
tried("touching", "")
one = mmap.mmap(-1, 12 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000, prot=mmap.PROT_READ)
for at in range(0, len(one), 2 << 20): one[at]
''', measured("memory", memory), where=(EXECUTE,), dies=True),
    Attack("page_tables_of_many", "the same in a crowd of processes", '''
import mmap, time
tried("touching", "")
for n in range(100):
    if os.fork() == 0:
        one = mmap.mmap(-1, 12 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000, prot=mmap.PROT_READ)
        for at in range(0, len(one), 2 << 20): one[at]
        time.sleep(60)
    time.sleep(0.05)
time.sleep(60)
''', measured("memory", memory), where=(EXECUTE,), dies=True),
    Attack("locked_memory", "lock memory into the machine", '''
import mmap
one = mmap.mmap(-1, 1 << 20)
tried("mlock", call("mlock", ctypes.addressof(ctypes.c_char.from_buffer(one)), 1 << 20))
tried("mlockall", call("mlockall", 3))
tried("memfd_create", call("memfd_create", b"hostile", 0))
tried("memfd_secret", call("memfd_secret", 0))
''', lambda seen: None if all(found in ("EPERM", "ENOMEM", "ENOSYS") for _, found in seen.found) else f"{seen.found}"),
    Attack("deep_recursion", "overflow the stack of the interpreter", '''
tried("recursing", "")
sys.setrecursionlimit(10 ** 9)
def down(n): return down(n + 1) + 1
class Repr:
    def __repr__(self): return repr(self)
try: repr(Repr())
except RecursionError: pass
down(0)
''', answered, where=(EXECUTE,), dies=True),
]
