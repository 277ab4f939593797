"""Files: the machine's, the server's and other sandboxes'."""
from entry import BASH, EXECUTE, Attack, each, never, only, refused

ATTACKS = [
    Attack("files_of_the_machine", "read files that are no business of a sandbox", '''
for path in ("/etc/shadow", "/etc/sudoers", "/root/.bash_history", "/root/.ssh", "/home", "/var", "/run", "/srv", "/mnt", "/boot",
    "/opt/x",
             "/etc/ssl/private", "/etc/machine-id", "/proc/kcore", "/proc/1/root/etc/shadow", "/sys", "/.dockerenv"):
    attempt(path, lambda: os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(16))
''', refused("['tmp']")),  # the folder in which the tests have copied the kernel
    Attack("files_of_the_server", "read the server's data folder and the folders of other kernels", '''
data = HOST["data"]
for path in (data, data + "/s3-credentials.json", data + "/s3", data + "/run/kernels", data + "/dev-key", "/.kernels",
    "/.kernels/1/files",
             "/sandbox", "/proc/1/root" + data):
    found = outcome(lambda: sorted(os.listdir(path)) if os.path.isdir(path) else open(path, "rb").read(16))
    tried(path, "ENOENT" if path == "/sandbox" and found == ["files"] else found)
for up in range(1, 12):
    path = "../" * up + data.lstrip("/")
    attempt(path, os.listdir, path)
''', refused("[]")),
    Attack("users_of_the_machine", "learn the machine's names from what it is shown", '''
for path in ("/etc/passwd", "/etc/group", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf"):
    attempt(path, lambda: open(path).read().count("\\n"))
tried("host name", os.uname().nodename)
''', (lambda seen: "the machine's users are shown" if int(seen.of("/etc/passwd")[0]) > 3 else None,
      lambda seen: "the machine's host name is shown" if seen.of("host name") == [seen.limits["hostname"]] else None)),
    Attack("write_to_the_system", "change what other kernels use", '''
import importlib.util, sysconfig
numpy = importlib.util.find_spec("numpy").origin
places = {"/usr/bin", "/usr/lib", "/bin", "/lib", "/etc", "/", "/dev", "/proc", "/usr/local/lib", sys.prefix,
    sysconfig.get_path("stdlib"),
          os.path.dirname(numpy), os.path.dirname(os.path.dirname(numpy))}
for place in places:
    attempt("create in " + place, lambda: open(place + "/hostile", "w").close())
    attempt("rename in " + place, os.rename, place, place + ".old")
for path in ("/usr/bin/bash", os.__file__, numpy, "/etc/passwd", "/dev/null", "/proc/self/exe"):
    attempt("chmod " + path, os.chmod, path, 0o777)
    attempt("truncate " + path, lambda: os.close(os.open(path, os.O_RDWR | os.O_TRUNC)) if path != "/dev/null"
        else os.unlink(path))
    attempt("touch " + path, os.utime, path)
''', refused("ETXTBSY", "EBUSY", "EXDEV")),
    Attack("mounts", "mount, bind, unmount, change the root", '''
os.makedirs("m", exist_ok=True)
for what, arguments in (("mount", (b"none", b"m", b"tmpfs", 0, 0)), ("mount", (b"/", b"m", 0, 4096, 0)),
    ("mount", (0, b"/", 0, 32 | 4096, 0)),
                        ("umount2", (b"/proc", 2)), ("pivot_root", (b"m", b"m")), ("chroot", (b"m",)),
                            ("open_tree", (-100, b"/", 1)),
                        ("fsopen", (b"tmpfs", 0)), ("fsmount", (-1, 0, 0)), ("fspick", (-100, b"/", 0)),
                            ("move_mount", (-1, b"", -100, b"m", 4)),
                        ("mount_setattr", (-100, b"/", 0, (ctypes.c_uint64 * 4)(0, 1), 32))):
    tried(what, call(what, *arguments))
''', refused()),
    Attack("mounts_of_a_shell", "the same with util-linux", '''
mkdir -p m
for try in "mount -t tmpfs none m" "mount --bind / m" "mount -o remount,rw /" "umount -l /proc" "chroot m true" "swapon m" "losetup -f m"; do
  $try >/dev/null 2>&1 && echo "TRIED $try: done" || echo "TRIED $try: EPERM"
done
''', refused(), where=(BASH,)),
    Attack("device_nodes", "reach devices of the machine", '''
import stat
for name, kind, major, minor in (("mem", stat.S_IFCHR, 1, 1), ("kmsg", stat.S_IFCHR, 1, 11), ("disk", stat.S_IFBLK, 254, 0),
    ("fuse", stat.S_IFCHR, 10, 229)):
    attempt("mknod " + name, os.mknod, name, kind | 0o666, os.makedev(major, minor))
for path in ("/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/sda", "/dev/kvm", "/dev/fuse", "/dev/net/tun", "/dev/tty", "/dev/ptmx",
    "/dev/console", "/dev/loop-control"):
    attempt(path, os.open, path, os.O_RDWR)
''', refused("ENXIO")),
    Attack("file_handles", "open a file by its handle, past all rules on paths", '''
handle, mount = (ctypes.c_uint32 * 34)(128), ctypes.c_int()
tried("name_to_handle_at", call("name_to_handle_at", -100, b"/", handle, ctypes.byref(mount), 0))
tried("open_by_handle_at", call("open_by_handle_at", 0, (ctypes.c_uint32 * 4)(8, 1, 2, 0), 0))
''', refused()),
    Attack("hard_links", "make a name of its own for a file of the system", '''
for path in ("/usr/bin/bash", "/etc/passwd", os.__file__, "/proc/self/exe", "/proc/1/exe"):
    attempt(path, os.link, path, "link-" + os.path.basename(path))
    attempt(path + " followed", lambda: os.link(path, "followed", follow_symlinks=True))
''', refused("EXDEV", "EMLINK")),
    Attack("attributes", "give a file capabilities or attributes of the system", '''
open("plain", "w").close()
for name, value in (("security.capability", bytes([1, 0, 0, 2] + [255] * 16)), ("trusted.overlay.opaque", b"y"),
    ("trusted.x", b"x")):
    attempt(name, os.setxattr, "plain", name, value)
attempt("chown", os.chown, "plain", 0, 0)
attempt("chown to another kernel", os.chown, "plain", os.getuid() + 1, -1)
''', refused("EOPNOTSUPP", "EINVAL", "ENODATA")),
    Attack("file_size", "write a file beyond its limit", '''
attempt("truncate", os.truncate, os.open("long", os.O_CREAT | os.O_RDWR), LIMIT["file"] + 1)
attempt("write behind", lambda: os.pwrite(os.open("long", os.O_RDWR), b"x", LIMIT["file"] + 1))
attempt("fallocate", lambda: os.posix_fallocate(os.open("long", os.O_RDWR), LIMIT["file"], 1))
os.unlink("long")
''', each("EFBIG", "ENOSPC", "EDQUOT")),
    Attack("its_own_folder", "remove the working folder under the server", '''
import shutil
attempt("rmdir", os.rmdir, "/sandbox/files")
attempt("rename", os.rename, "/sandbox/files", "/sandbox/other")
attempt("tree", shutil.rmtree, "/sandbox/files")
os.chdir("/")
attempt("chmod", os.chmod, "/sandbox/files", 0)
''', (only("rename", *"EROFS EBUSY EACCES EPERM EXDEV".split()), only("rmdir", *"EROFS EBUSY EACCES EPERM".split()))),
    Attack("modes_of_its_folder", "keep the server out of its folder", '''
os.makedirs("closed/deep/deeper", exist_ok=True)
open("closed/deep/deeper/file", "w").write("x")
for path in ("closed/deep/deeper", "closed/deep", "closed"): os.chmod(path, 0)
os.mkdir("sticky", 0o1000)
tried("closed", oct(os.stat("closed").st_mode))
''', never("hostile-never")),
    Attack("planted_programs", "leave programs that the server or the next command might run", '''
os.makedirs("/tmp/.bin", exist_ok=True)
script = "#!/bin/sh\\necho planted-program-runs $(id -u)\\n"
for name in ("/tmp/.bin/bash", "/tmp/.bin/python", "/tmp/.bin/python3", "bash", "python"):
    attempt(name, lambda: (os.path.lexists(name) and os.unlink(name), open(name, "w").write(script), os.chmod(name, 0o755))[0])
for name in ("sitecustomize.py", "usercustomize.py", "os.py", "json.py", "numpy.py"): open(name,
    "w").write("print('planted-module-runs')\\n")
''', never("planted-program-runs 0"), where=(EXECUTE,), then='''
import glob
tried("next", [name for name in glob.glob("/tmp/.bin/*")])
for name in glob.glob("*.py"): os.unlink(name)
'''),
]
