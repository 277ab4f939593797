"""What two sandboxes share: the system's files, Linux itself, and the server. The attacks run from outside in two sandboxes."""
import errno
import fcntl

from entry import Attack, each, only

#: A folder of the standard library that all kernels see and none opens by itself, so that whatever is seen of it is the other's.
PLACE = 'os.path.dirname(os.__file__) + "/ctypes/macholib"'
#: What the other organisation's kernel does there.
ACTIVITY = f'''
import os
for name in os.listdir({PLACE}):
    path = os.path.join({PLACE}, name)
    os.path.isdir(path) or open(path, "rb").read(1)
tried("done", "")
'''


def watched(watch: str, read: str):
    """Watches in one sandbox, also while its kernel is stopped, lets the other work, and asks what was seen."""
    def attack(scene):
        own, other = scene.sandbox(), scene.sandbox(other=True)
        found = scene.run(own, watch)
        scene.run(other, ACTIVITY, other=True)
        return found + scene.run(own, read)
    return attack


INOTIFY = watched(f'''
watch = call("inotify_init1", 0o4000)
tried("watch", call("inotify_add_watch", watch if isinstance(watch, int) else -1, ({PLACE}).encode(), 0xfff))
''', 'tried("saw", outcome(lambda: len(os.read(watch, 1 << 16))) if isinstance(watch, int) else 0)')
DNOTIFY = watched(f'''
import fcntl, signal
count = [0]
def noted(*_): count[0] += 1
signal.signal(signal.SIGIO, noted)
attempt("watch", lambda: fcntl.fcntl(os.open({PLACE}, os.O_RDONLY), 1026, 0x8000003f))
before = count[0]
''', 'import time; time.sleep(0.05); tried("saw", count[0] - before)')


def locked(scene):
    """A lock that a stopped kernel keeps must hold up neither another kernel nor the machine's own programs."""
    own, other = scene.sandbox(), scene.sandbox(other=True)
    found = scene.run(own, '''
import fcntl
kept = [os.open(path, os.O_RDONLY) for path in ("/usr/bin/bash", os.__file__)]
for fd in kept:
    attempt("flock", fcntl.flock, fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    attempt("lease", fcntl.fcntl, fd, 1024, 0)
''')
    found += scene.run(other, '''
import fcntl
for path in ("/usr/bin/bash", os.__file__): attempt("other", fcntl.flock, os.open(path, os.O_RDONLY),
    fcntl.LOCK_EX | fcntl.LOCK_NB)
''', other=True)
    with open("/usr/bin/bash", "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return [*found, ("machine", "ok")]
        except OSError as failure:
            return [*found, ("machine", errno.errorcode[failure.errno])]


def left_behind(scene):
    """Files in every place that can be written must not be there for the next sandbox, whose folder has the same number."""
    own = scene.sandbox()
    found = scene.run(own, '''
for place in ("/tmp", "/dev/shm", "/sandbox/files", "/var/tmp", "/run", "/tmp/.cache", "/tmp/.bin", "/"):
    tried("left", outcome(lambda: open(place + "/hostile-left", "w").write("left")))
''')
    scene.stop(own)
    for _ in range(3):
        found += [("there", one) for _, one in scene.run(scene.sandbox(other=True), '''
places = ("/tmp", "/dev/shm", "/sandbox/files", "/var/tmp", "/run", "/tmp/.cache", "/tmp/.bin", "/")
tried("there", [place for place in places if os.path.exists(place + "/hostile-left")])
''', other=True)]
    return found


def abstract_names(scene):
    own, other = scene.sandbox(), scene.sandbox(other=True)
    found = scene.run(own, '''
import socket
kept = socket.socket(socket.AF_UNIX); kept.bind("\\0hostile"); kept.listen()
byname = socket.socket(socket.AF_UNIX); byname.bind("/tmp/hostile.socket"); byname.listen()
tried("bound", "")
''')
    return found + scene.run(other, '''
import socket
for name in ("\\0hostile", "/tmp/hostile.socket"): attempt("connected", socket.socket(socket.AF_UNIX).connect, name)
attempt("bound too", lambda: socket.socket(socket.AF_UNIX).bind("\\0hostile"))
''', other=True)


def names_of_memory(scene):
    own, other = scene.sandbox(), scene.sandbox(other=True)
    found = scene.run(own, '''
from multiprocessing import shared_memory
attempt("made", lambda: shared_memory.SharedMemory("hostile", create=True, size=4096).name)
for name in ("shmget", "semget", "msgget"): tried("system v", call(name, 4711, 4096 if name == "shmget" else 1, 0o1666))
tried("mq_open", call("mq_open", b"hostile", 0o102, 0o666, 0))
''')
    return found + scene.run(other, '''
from multiprocessing import shared_memory
attempt("attached", lambda: shared_memory.SharedMemory("hostile").name)
for name in ("shmget", "semget", "msgget"): tried("system v", call(name, 4711, 4096 if name == "shmget" else 1, 0))
''', other=True)


def other_processes(scene):
    own, other = scene.sandbox(), scene.sandbox(other=True)
    scene.run(other, 'import subprocess; sleeper = subprocess.Popen(["sleep", "5"]); tried("pid", os.getpid())', other=True)
    return scene.run(own, f'''
for pid in {scene.kernel_pids()!r}:
    attempt("signal", os.kill, pid, 0)
    attempt("environ", lambda: open(f"/proc/{{pid}}/environ").read())
    attempt("priority", lambda: os.getpriority(os.PRIO_PROCESS, pid))
tried("own", os.getpid())
''')


def other_sandboxes_by_api(scene):
    """Every route of another organisation's sandbox answers as if it were not there."""
    theirs = scene.bystander.sandbox
    found = []
    for method, path, body in (("POST", "/execute", {"code": "print(1)"}), ("POST", "/exec", {"command": "id"}),
        ("GET", "", None), ("GET", "/files", None),
                               ("GET", "/files/bystander.txt", None), ("DELETE", "", None),
                                   ("DELETE", "/files/bystander.txt", None), ("GET", "/executions", None),
                               ("POST", "/files", {"filename": "x", "size_bytes": 1})):
        found.append((f"{method} {path}", str(scene.own.call(method, f"/v2/sandcastles/{theirs}{path}", body).status)))
    found.append(("start again", str(scene.own.create(sandbox_id=theirs).status)))
    return found


def objects_of_the_bucket(scene):
    """The embedded S3 answers no one without a signature, and a signed link leads to one key."""
    sandbox = scene.sandbox()
    answer = scene.own.execute(sandbox, "print('TRIED file:', open('own.txt', 'w').write('x'))").body
    link = answer["files"][0]["url"]
    base = link.split("/sandcastle/")[0]
    attempts = {"list": base + "/sandcastle", "list 2": base + "/sandcastle?list-type=2", "keys": base + "/sandcastle/keys/x",
        "up": base + "/../../../etc/passwd",
                "encoded": base + "/sandcastle/%2e%2e/%2e%2e/s3-credentials.json",
                    "other key": link.replace("own.txt", "x").replace("/files/", "/ledger/"),
                "another file": link.replace(sandbox, scene.bystander.sandbox), "no signature": link.split("?")[0]}
    return [(what, str(scene.fetch(url))) for what, url in attempts.items()] + [("put", str(scene.fetch(link, "PUT", b"x"))),
        ("delete", str(scene.fetch(link, "DELETE")))]


def saw_nothing(seen):
    saw = [found for found in seen.of("saw") if found not in ("0", "EAGAIN")]
    return f"it saw {saw} of another organisation's kernel" if saw or not seen.of("saw") else None


ATTACKS = [
    Attack("inotify_while_stopped", "see by inotify which files other kernels open", INOTIFY, saw_nothing),
    Attack("dnotify_while_stopped", "the same by F_NOTIFY", DNOTIFY, saw_nothing),
    Attack("locks_of_shared_files", "hold a lock or a lease that others wait for", locked, lambda seen: next(
        (f"another kernel is kept out: {found}" for found in seen.of("other") + seen.of("machine")
            if found in ("EAGAIN", "EWOULDBLOCK")), None)),
    Attack("left_behind", "leave files for the next sandbox", left_behind, lambda seen: None if set(seen.of("there")) == {"[]"}
        else f"{seen.of('there')}"),
    Attack("abstract_sockets", "be reached by a socket without a file", abstract_names, (
        only("connected", "ECONNREFUSED", "ENOENT", "EPERM", "EACCES"), only("bound too", "ok"))),
    Attack("names_of_shared_memory", "be reached by named shared memory and System V objects", names_of_memory, (
        only("attached", "ENOENT"), only("system v", "ENOSYS", "EPERM"))),
    Attack("processes_of_others", "reach another sandbox's processes by their ids", other_processes, (
        lambda seen: next((f"{what}: {found}" for what, found in seen.found if what != "own" and found not in ("ESRCH", "ENOENT",
            "EPERM", "EACCES")), None))),
    Attack("sandboxes_of_others", "use another organisation's sandbox by its id", other_sandboxes_by_api, each("404")),
    Attack("objects_of_others", "reach other objects of the bucket", objects_of_the_bucket, each("400", "403", "404", "405")),
]
