"""The disk: bytes and inodes that a sandbox can take. What is written is bounded here: other programs share the machine."""
from entry import BASH, EXECUTE, PYTHON, Attack, at_most, measured

#: What a script tries to take: more than the quota where one is known, and never more than 3 GiB or 300,000 names.
ASK = 'ask = min(LIMIT["disk"] * 2 if LIMIT["disk"] else 3 << 30, 3 << 30)\n'
ASK_NAMES = 'ask = min(LIMIT["inodes"] * 2 if LIMIT["inodes"] else 300_000, 300_000)\n'
CLEAN = '''
import shutil
for place in ("/sandbox/files", "/tmp"):
    for name in os.listdir(place):
        if name.startswith("hostile"): shutil.rmtree(place + "/" + name) if os.path.isdir(place + "/" + name) else os.unlink(place + "/" + name)
'''


def taken(where: str, take: str) -> str:
    return ASK + f'''
taken = 0
try:
    while taken < ask:
        file = os.open("{where}/hostile%d" % taken, os.O_CREAT | os.O_RDWR)
        {take}
        taken += 256 << 20
except OSError as error: tried("ended by", _name(error.errno))
tried("taken", taken)
''' + CLEAN


def disk(limits):
    """The quota, with what a call may write before the host sees it where Linux does not enforce it."""
    return limits["disk"] and limits["disk"] * 5 // 4 + (256 << 20)


FALLOCATE = "os.posix_fallocate(file, 0, 256 << 20)"
WRITE = "[os.write(file, bytes(4 << 20)) for _ in range(64)]"
ATTACKS = [
    Attack("fallocate", "take the disk at once", taken("/sandbox/files", FALLOCATE), (at_most("taken", disk), measured("disk", disk)), dies=True),
    Attack("fallocate_in_tmp", "take it by temporary files", taken("/tmp", FALLOCATE), (at_most("taken", disk), measured("disk", disk)), dies=True),
    Attack("written_bytes", "write until the disk is full", taken("/sandbox/files", WRITE), (at_most("taken", disk), measured("disk", disk)),
           where=(EXECUTE,), dies=True),
    Attack("unlinked_files", "take the disk by files without names", ASK + '''
taken, kept = 0, []
try:
    while taken < ask:
        kept.append(os.open("/tmp", os.O_TMPFILE | os.O_RDWR))
        os.posix_fallocate(kept[-1], 0, 256 << 20)
        taken += 256 << 20
except OSError as error: tried("ended by", _name(error.errno))
tried("taken", taken)
for file in kept: os.close(file)
''', at_most("taken", disk), where=(EXECUTE,), dies=True),
    Attack("three_places", "take each place's share: files, tmp and shared memory together", ASK + '''
taken = 0
for place in ("/sandbox/files", "/tmp", "/dev/shm"):
    try:
        while taken < ask:
            os.posix_fallocate(os.open(f"{place}/hostile{taken}", os.O_CREAT | os.O_RDWR), 0, 128 << 20)
            taken += 128 << 20
    except OSError as error: tried("ended by", _name(error.errno))
tried("taken", taken)
''' + CLEAN, at_most("taken", disk), where=(PYTHON,), dies=True),
    Attack("exchange_file", "let the file grow by which variables are stored", ASK + '''
taken = 0
for fd in os.listdir("/proc/self/fd"):
    path = outcome(os.readlink, "/proc/self/fd/" + fd)
    if str(path).endswith("(deleted)") and taken == 0:
        try:
            while taken < ask: os.posix_fallocate(int(fd), taken, 256 << 20); taken += 256 << 20
        except OSError as error: tried("ended by", _name(error.errno))
        os.ftruncate(int(fd), 0)
tried("taken", taken)
''', at_most("taken", disk), where=(EXECUTE,), dies=True),
    Attack("inodes", "use up the names of the disk", ASK_NAMES + '''
os.makedirs("/tmp/hostile", exist_ok=True)
made = 0
try:
    for made in range(ask):
        if made % 1000 == 0: os.makedirs(f"/tmp/hostile/{made}", exist_ok=True); place = f"/tmp/hostile/{made}"
        os.mknod(f"{place}/{made}")
except OSError as error: tried("ended by", _name(error.errno))
tried("made", made)
''' + CLEAN, at_most("made", lambda limits: limits["inodes"]), where=(PYTHON,), dies=True),
    Attack("inodes_in_files", "the same in the working folder, by links", ASK_NAMES + '''
os.makedirs("hostile", exist_ok=True)
open("hostile/first", "w").close()
made = 0
try:
    for made in range(ask): os.symlink("x", f"hostile/{made}")
except OSError as error: tried("ended by", _name(error.errno))
tried("made", made)
''' + CLEAN, at_most("made", lambda limits: limits["inodes"]), where=(PYTHON,), dies=True),
    Attack("copies_by_a_shell", "fill the disk by bash", '''
n=0
while [ $n -lt 12 ] && fallocate -l 256M hostile$n 2>/dev/null; do n=$((n + 1)); done
echo "TRIED taken: $((n * 268435456))"
rm -f hostile*
''', at_most("taken", disk), where=(BASH,), dies=True),
]
