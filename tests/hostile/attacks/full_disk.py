"""A full disk. The server's data is on a small one here; calls may fail while it is full, and must work again afterwards."""
import os
import time

from entry import Attack, only

FILL = '''
import os
file = os.open("/tmp/hostile", os.O_CREAT | os.O_RDWR)
for step in (1 << 24, 1 << 20, 1 << 16, 1 << 12):
    try:
        while True: os.posix_fallocate(file, os.fstat(file).st_size, step)
    except OSError as error: print("TRIED full:", error.errno)
'''
#: Takes nearly all by files that have neither a name nor a descriptor, only mappings. Nothing counts these while there is room.
HIDE = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype, libc.mmap.argtypes = ctypes.c_void_p, [ctypes.c_size_t, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
left = lambda: os.statvfs("/tmp").f_bavail * os.statvfs("/tmp").f_frsize
while left() > 48 << 20:
    file = os.open("/tmp", os.O_TMPFILE | os.O_RDWR)
    os.posix_fallocate(file, 0, 1 << 22)
    libc.mmap(0, 4096, 1, 1, file, 0)
    os.close(file)
"""
#: How often the server may fail after the disk has room again, before it counts as down.
TRIES = 2


def full_disk(scene):
    """Several sandboxes fill it, so that none needs more than its quota."""
    other = scene.adopt(scene.other.create(), other=True)
    found = [("before", str(scene.other.execute(other, "x = 41").status))]
    fillers = [scene.sandbox() for _ in range(2)]
    ends = [scene.own.execute(one, FILL).status for one in fillers]
    left = os.statvfs(scene.server.data)
    others = [scene.other.execute(other, "y = 1").status, scene.own.call("GET", "/v2/sandcastles").status]
    print(f"  filling is answered {ends}, then {left.f_bavail * left.f_frsize >> 10} KiB are free, and others are answered {others}", flush=True)
    found.append(("alive while it is full", "no" if scene.server.died() else "yes"))
    stops = [scene.own.delete(one).status for one in fillers]
    found += [("stop", str(status)) for status in stops]
    for attempt in range(TRIES):
        statuses = [scene.other.execute(other, "print(x + 1)").status]
        if statuses == [200]:
            break
        time.sleep(0.5)
    found += [("afterwards", str(statuses)), ("values", str(scene.other.execute(other, "print(x + 1)").body.get("output")))]
    return found


def hidden_files(scene):
    """One sandbox takes the disk and goes on waiting for its next call; then others need some of it."""
    other, hider = scene.adopt(scene.other.create(), other=True), scene.sandbox()
    found = [("hiding", str(scene.own.execute(hider, HIDE).body))]
    left = os.statvfs(scene.server.data)
    print(f"  hiding leaves {left.f_bavail * left.f_frsize >> 10} KiB", flush=True)
    write = "import os; open(f'file{len(os.listdir())}', 'wb').write(os.urandom(6 << 20)); x = len(os.listdir())"
    statuses = [scene.other.execute(other, write).status for _ in range(10)]
    print(f"  others are answered {statuses}", flush=True)
    return found + [("afterwards", str(statuses[-3:]))]


ATTACKS = [
    Attack("hidden_files", "take the disk by files that nothing shows", hidden_files, (only("afterwards", "[200, 200, 200]"),),
        small_disk=True),
    Attack("full_disk", "fill the disk of the server", full_disk, (
        only("before", "200"), only("stop", "200"), only("alive while it is full", "yes"), only("afterwards", "[200]"),
            only("values", "['42']")),
        small_disk=True),
]
