"""fcntl.flock by locks of open file descriptions (fcntl(2)), which demand that the file is open for what it is locked for. The system
call of that name is not allowed: it would lock files that all sandboxes share, too."""
import fcntl
import struct
from errno import EINVAL
from os import SEEK_SET, strerror

KINDS = {fcntl.LOCK_SH: fcntl.F_RDLCK, fcntl.LOCK_EX: fcntl.F_WRLCK, fcntl.LOCK_UN: fcntl.F_UNLCK}


def flock(fd, operation, /):
    """Perform the lock operation op on file descriptor fd."""
    kind = KINDS.get(operation & ~fcntl.LOCK_NB)
    if kind is None:
        raise OSError(EINVAL, strerror(EINVAL))
    how = fcntl.F_OFD_SETLK if operation & fcntl.LOCK_NB else fcntl.F_OFD_SETLKW
    fcntl.fcntl(fd, how, struct.pack("hhqqi0q", kind, SEEK_SET, 0, 0, 0))


def install():
    flock.__module__ = "fcntl"
    fcntl.flock = flock
