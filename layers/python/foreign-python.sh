#!/bin/sh
# Unpacks a CPython for another machine, for the kernel to be linked against and the layer to ship:
#   foreign-python.sh arm64 FOLDER PYTHON
# PYTHON is one with the package ziglang, for one library that is linked again.
# It takes Debian's newest libpython3.11 to libpython3.13 of this release, with all that it needs, through apt-get. Nothing is
# installed, root is not needed, and the system's own lists stay as they are. Then FOLDER has usr/; pyo3.txt, with
# which PyO3 (PYO3_CONFIG_FILE) compiles for this Python; and builder, the path of a Python of the same version that runs on
# this machine: it installs the packages and compiles them to bytecode, which differs between versions, not machines.
set -eu

arch=$1 folder=$2 zig=$3
here=$(dirname "$0")
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || {
    echo "a Python for $arch is unpacked from Debian's packages, which needs apt-get: build the layer on Debian or Ubuntu" >&2
    exit 1
}
case $arch in
    arm64) multiarch=aarch64-linux-gnu ;;
    *) echo "no Python for $arch: this script knows arm64" >&2; exit 1 ;;
esac

rm -rf "$folder"
mkdir -p "$folder/apt/lists/partial" "$folder/apt/archives/partial"
folder=$(cd "$folder" && pwd)
: >"$folder/apt/status"
apt() {
    command=$1
    shift
    "$command" -o APT::Architecture="$arch" -o APT::Architectures::="$arch" -o Dir::State="$folder/apt" \
        -o Dir::State::status="$folder/apt/status" -o Dir::Cache="$folder/apt" -o APT::Sandbox::User=root \
        -o Acquire::Languages=none "$@"
}
echo "reading the lists of Debian's packages for $arch" >&2
apt apt-get -q -q update >&2
version=
for try in 3.13 3.12 3.11; do
    if apt apt-cache show "libpython$try-dev" >/dev/null 2>&1; then
        version=$try
        break
    fi
done
[ -n "$version" ] || { echo "this system's package lists have no libpython for $arch" >&2; exit 1; }

echo "unpacking CPython $version for $arch into $folder" >&2
apt apt-get -q -q install -y --no-install-recommends --download-only "libpython$version-dev" libstdc++6 >&2
for package in "$folder"/apt/archives/*.deb; do
    dpkg-deb --extract "$package" "$folder"
done
# Only what is for this architecture, below usr/ as Debian has it: the tests lay this folder over a system's root.
cp -a "$folder/lib/." "$folder/usr/lib/"
(cd "$folder" && rm -rf apt bin etc lib sbin var usr/bin usr/sbin usr/libexec usr/share usr/src usr/lib/systemd)
# Debian's libexpat needs glibc 2.36 for one function. -Bsymbolic: the archive's code is not meant for a shared library.
libraries=$folder/usr/lib/$multiarch
rm "$libraries"/libexpat.so*
"$zig" -m ziglang cc -target "$multiarch.2.34" -O2 -shared -Wl,-soname,libexpat.so.1 -Wl,-Bsymbolic -o "$libraries/libexpat.so.1" \
    -Wl,--whole-archive "$libraries/libexpat.a" -Wl,--no-whole-archive "$here/arc4random.c"
cat >"$folder/pyo3.txt" <<TEXT
implementation=CPython
version=$version
shared=true
lib_name=python$version
lib_dir=$libraries
pointer_width=64
TEXT
for python in "/usr/bin/python$version" "$(command -v "python$version" || true)"; do
    if "$python" -m pip --version >/dev/null 2>&1; then
        echo "$python" >"$folder/builder"
        exit 0
    fi
done
echo "the layer for $arch has CPython $version; to build it, install the same for this machine: apt-get install python$version python3-pip" >&2
exit 1
