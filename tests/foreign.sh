#!/bin/sh
# Runs a command that needs programs and libraries of another machine, under qemu: foreign.sh FOLDER COMMAND…
# FOLDER is that of layers/python/foreign-python.sh. Its libraries are laid over those in /usr/lib, which only the command sees.
# Needs root, and qemu-user-static, which tells Linux to run such programs with qemu.
set -eu
exec unshare --mount sh -euc '
    mount -t overlay -o "lowerdir=$0/usr/lib:/usr/lib" foreign /usr/lib
    exec "$@"
' "$@"
