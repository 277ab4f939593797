"""The disk: bytes and inodes that a sandbox can take. What is written is bounded here: other programs share the machine.

Where Linux enforces no quota, the server ends the call; so an attack takes what it gets, waits for a moment, and only then tells
what it still has.
"""
from entry import BASH, EXECUTE, PYTHON, Attack, at_most

#: What a script tries to take: more than the quota where one is known, and never more than 3 GiB or 300,000 names.
ASK = '''
import time
ask = min(LIMIT["disk"] * 2 if LIMIT["disk"] else 3 << 30, 3 << 30)
ask_names = min(LIMIT["inodes"] * 2 if LIMIT["inodes"] else 300_000, 300_000)
tried("taking", "")
taken, kept = 0, []
def take(path, size, write=False):
    global taken
    kept.append(os.open(path, os.O_CREAT | os.O_RDWR) if not os.path.isdir(path) else os.open(path, os.O_TMPFILE | os.O_RDWR))
    for _ in range(size >> 24):
        if write: os.write(kept[-1], bytes(1 << 24))
        else: os.posix_fallocate(kept[-1], os.fstat(kept[-1]).st_size, 1 << 24)
        taken += 1 << 24
def tell(what, amount):
    time.sleep(1)
    tried(what, amount)
'''
CLEAN = '''
import shutil
for place in ("/sandbox/files", "/tmp", "/dev/shm"):
    for name in os.listdir(place):
        if name.startswith("hostile"): shutil.rmtree(place + "/" + name) if os.path.isdir(place + "/" + name) else os.unlink(place + "/" + name)
'''


def taking(steps: str) -> str:
    body = "\n".join("    " + line for line in steps.strip().splitlines())
    return f"{ASK}try:\n{body}\nexcept OSError as error: tried('ended by', _name(error.errno))\ntell('kept', taken)\nfor file in kept: os.ftruncate(file, 0)\n{CLEAN}"


BYTES = at_most("kept", "disk", told=False)
NAMES = at_most("kept", "inodes", told=False)
ATTACKS = [
    Attack("fallocate", "take the disk at once", taking('for n in range(ask >> 28): take(f"/sandbox/files/hostile{n}", 1 << 28)'),
        BYTES, dies=True),
    Attack("fallocate_in_tmp", "take it by temporary files",
        taking('for n in range(ask >> 28): take(f"/tmp/hostile{n}", 1 << 28)'), BYTES, dies=True),
    Attack("written_bytes", "write until the disk is full",
        taking('for n in range(ask >> 28): take(f"/sandbox/files/hostile{n}", 1 << 28, write=True)'), BYTES,
           where=(EXECUTE,), dies=True),
    Attack("unlinked_files", "take the disk by files without names", taking('for n in range(ask >> 28): take("/tmp", 1 << 28)'),
        BYTES, where=(EXECUTE,), dies=True),
    Attack("three_places", "take each place's share: files, tmp and shared memory together", taking('''
for n in range(ask >> 27): take(("/dev/shm", "/tmp", "/sandbox/files")[min(n, 2)] + f"/hostile{n}", 1 << 27)'''), BYTES,
    where=(PYTHON,), dies=True),
    Attack("exchange_file", "let the file grow by which variables are stored", taking('''
for fd in os.listdir("/proc/self/fd"):
    if str(outcome(os.readlink, "/proc/self/fd/" + fd)).endswith("(deleted)") and not kept:
        kept.append(os.dup(int(fd)))
while kept and taken < ask: os.posix_fallocate(kept[0], taken, 1 << 26); taken += 1 << 26'''), BYTES, where=(EXECUTE,),
    dies=True),
    Attack("kept_between_calls", "keep it beyond the end of the call",
        taking('for n in range(ask >> 28): take(f"/tmp/hostile{n}", 1 << 28)').split("for file in kept")[0], BYTES,
           where=(EXECUTE,), dies=True, then='''
tried("kept", sum(os.lstat("/tmp/" + name).st_blocks * 512 for name in os.listdir("/tmp")))
''' + CLEAN),
    Attack("inodes", "use up the names of the disk", taking('''
for taken in range(ask_names):
    if taken % 1000 == 0: os.makedirs(f"/tmp/hostile/{taken}"); place = f"/tmp/hostile/{taken}"
    if taken % 20_000 == 19_999: tried("kept", taken)
    os.mknod(f"{place}/{taken}")'''), NAMES, where=(PYTHON,), dies=True),
    Attack("inodes_in_files", "the same in the working folder, by links", taking('''
os.makedirs("hostile")
for taken in range(ask_names):
    if taken % 20_000 == 19_999: tried("kept", taken)
    os.symlink("x", f"hostile/{taken}")'''), NAMES, where=(PYTHON,), dies=True),
    Attack("files_by_a_shell", "fill the disk by bash", '''
echo "TRIED taking: "
n=0
while [ $n -lt 4 ] && fallocate -l 256M hostile$n 2>/dev/null; do n=$((n + 1)); done
sleep 1
echo "TRIED kept: $((n * 268435456))"
rm -f hostile*
''', BYTES, where=(BASH,), dies=True),
]
