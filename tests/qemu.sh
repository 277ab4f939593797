#!/bin/sh
# Lets a Debian machine of another architecture run programs for arm64, with qemu, and link them: for `make arm64` and its
# tests. The system's Python, of the version that Debian has for arm64, fills the layer. Needs root. Elsewhere, install
# the same by hand.
set -eu
[ "$(uname -m)" = aarch64 ] && exit 0
command -v qemu-aarch64-static >/dev/null && command -v aarch64-linux-gnu-gcc >/dev/null && /usr/bin/python3 -m pip --version >/dev/null 2>&1 || {
    apt-get update -q -q
    apt-get install -y -q --no-install-recommends qemu-user-static gcc-aarch64-linux-gnu libc6-dev-arm64-cross python3-pip
}
# The package's service registers qemu with Linux; where no service manager runs, as in a container, this does.
kernel=/proc/sys/fs/binfmt_misc
[ -e "$kernel/register" ] || mount -t binfmt_misc binfmt_misc "$kernel"
[ -e "$kernel/qemu-aarch64" ] || cat /usr/lib/binfmt.d/qemu-aarch64.conf >"$kernel/register"
