"""The harvester: the server looks through the working folder after each call, as a user who may read everything."""
from entry import BASH, EXECUTE, PYTHON, Attack, answered, measured

TARGETS = '["/etc/passwd", "/etc/shadow", HOST["data"] + "/s3-credentials.json", HOST["data"] + "/dev-key", "/proc/1/environ", "/proc/self/environ"]'
#: Swaps a name between something harmless and a link to what only the server can read, until it is ended.
RACE = '''
import ctypes, time
os.makedirs("d", exist_ok=True)
targets = %s
def swap(target):
    name = os.path.basename(target)
    parent = os.path.dirname(target)
    os.makedirs(f"plain-{name}", exist_ok=True)
    open(f"plain-{name}/{name}", "w").write("harmless")
    os.symlink(parent, f"link-{name}")
    open(f"file-{name}", "w").write("harmless"); os.symlink(target, f"leaf-{name}")
    while True:
        call("renameat2", -100, f"plain-{name}".encode(), -100, f"link-{name}".encode(), 2)
        call("renameat2", -100, f"file-{name}".encode(), -100, f"leaf-{name}".encode(), 2)
for target in targets[:3]:
    if os.fork() == 0: swap(target)
time.sleep(0.3)
tried("racing", sorted(os.listdir()))
''' % TARGETS


def only_harmless(seen):
    """No returned file has anything but what the script wrote."""
    leaked = {name: data[:40] for name, data in seen.files.items() if data not in (b"harmless", b"", b"x")}
    return f"returned files hold {leaked}" if leaked else None


ATTACKS = [
    Attack("links_to_files", "have a link followed", f'''
for n, target in enumerate({TARGETS}): os.symlink(target, f"link{{n}}.txt")
os.symlink("/", "root"); os.symlink("/etc", "etc"); os.symlink(HOST["data"], "data"); os.symlink("..", "up"); os.symlink("loop", "loop")
tried("made", len(os.listdir()))
''', only_harmless),
    Attack("race_of_links", "swap files and folders for links while the server looks", RACE, only_harmless),
    Attack("race_of_links_by_a_thread", "the same by a thread of the kernel, as far as it still runs", RACE.replace(
        "if os.fork() == 0: swap(target)",
            "import threading; threading.Thread(target=swap, args=(target,), daemon=True).start()"),
        only_harmless, where=(EXECUTE,)),
    Attack("race_of_renames", "move a folder out of the tree and back while it is read", '''
import time
os.makedirs("a/b/c", exist_ok=True)
open("a/b/c/f", "w").write("harmless")
if os.fork() == 0:
    while True:
        outcome(os.rename, "a/b", "/tmp/b"); outcome(os.rename, "/tmp/b", "a/b"); outcome(os.rename, "a/b/c",
            "c"); outcome(os.rename, "c", "a/b/c")
time.sleep(0.2)
tried("racing", "")
''', only_harmless),
    Attack("growing_file", "let a file grow while it is stored", '''
import time
if os.fork() == 0:
    with open("grows", "wb", 0) as file:
        for n in range(2000): file.write(b"x" * 4096); file.flush()
    while True: os.truncate("grows", 0); os.truncate("grows", 1 << 20)
time.sleep(0.2)
tried("growing", os.path.getsize("grows"))
''', answered),
    Attack("no_regular_files", "let the server wait for a pipe, a socket or a device", '''
import socket
os.mkfifo("pipe"); os.mkfifo("figure_1.png")
socket.socket(socket.AF_UNIX).bind("socket")
os.symlink("/dev/zero", "zero"); os.symlink("/dev/stdin", "stdin"); os.symlink("/proc/self/fd/0", "fd")
tried("made", sorted(os.listdir()))
''', only_harmless),
    Attack("odd_names", "break paths, keys and lists by names", '''
names = [b"new\\nline", b"tab\\t", b"\\xff\\xfe", b"a" * 255, b"back\\\\slash", b"..\\\\..\\\\x", b"%2e%2e%2fx", b"quote\\"<script>", b"-rf", b"  ", b"...", b"\\xe2\\x80\\xae"]
for name in names: attempt(name.hex()[:40], lambda: open(name, "w").close())
''', only_harmless),
    Attack("deep_folders", "exhaust the server's stack or path buffers", '''
depth = 0
tried("making", "")
try:
    for depth in range(1500):
        os.mkdir("d" * 200); os.chdir("d" * 200)
except OSError as error: tried("ended by", _name(error.errno))
tried("depth", depth)
os.chdir("/sandbox/files")
''', answered, where=(EXECUTE,), dies=True),
    Attack("many_names", "make the server list more names than it stores", '''
os.makedirs("many", exist_ok=True)
made = 0
try:
    tried("making", "")
    for made in range(24_000): os.symlink("x", f"many/{made}")
except OSError as error: tried("ended by", _name(error.errno))
tried("made", made)
import shutil; shutil.rmtree("many")
''', answered, where=(PYTHON,), dies=True),
    Attack("sparse_file", "have holes stored as zeros", '''
with open("sparse", "wb") as file:
    file.truncate(400 << 20); file.seek(200 << 20); file.write(b"harmless")
tried("blocks", os.stat("sparse").st_blocks)
''', (measured("stored", 64 << 20), measured("host_memory", 128 << 20)), where=(EXECUTE,)),
    Attack("sparse_file_again", "have them stored once more for one changed byte", '''
for n in range(2):
    with open(f"sparse{n}", "wb") as file:
        file.truncate(200 << 20); file.seek(n << 20); file.write(b"harmless")
tried("made", "")
''', measured("stored", 64 << 20), where=(EXECUTE,), then='''
for n in range(2):
    with open(f"sparse{n}", "r+b") as file: file.write(b"y")
tried("changed", "")
'''),
    Attack("same_bytes_again", "store bytes again and again under one name", '''
tried("made", open("big", "wb").write(os.urandom(1 << 20) * 48))
''', measured("stored", "stored"), where=(EXECUTE,), then='''
tried("changed", open("big", "wb").write(os.urandom(1 << 20) * 48))
'''),
    Attack("planted_figures", "have the server list files that it thinks it made itself", '''
import base64
os.makedirs("__pycache__", exist_ok=True)
for name in ("figure_1.png", "figure_-1.png", "figure_99999999999999999999.png", ".hidden", "__pycache__/x"): open(name,
    "w").write("harmless")
tried("made", sorted(os.listdir()))
''', only_harmless, where=(EXECUTE,)),
    Attack("links_by_a_shell", "links, loops and a copied tree from bash", '''
ln -s /etc/shadow s; ln -s . self; mkdir -p a; ln -s ../a a/a; for i in 1 2 3; do ln -s /proc/$i/root p$i; done
echo "TRIED made: $(ls | wc -l)"
''', only_harmless, where=(BASH,)),
]
