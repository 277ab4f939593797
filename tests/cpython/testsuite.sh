#!/bin/sh
# Makes sure that the Python at $1 has its own tests, the package `test`, which some distributions ship separately. On Debian,
# root installs it for Debian's Python; elsewhere this says what to do and fails.
set -u
python=$1

complete() {
    "$python" -B -c 'import importlib.util, sys; sys.exit(not importlib.util.find_spec("test.test_os"))'
}

complete && exit 0
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
prefix=$("$python" -c 'import sys; print(sys.base_prefix)')
if [ "$prefix" = /usr ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing the tests of Debian's Python: libpython$version-testsuite" >&2
    (apt-get update -q -q && apt-get install -y -q --no-install-recommends "libpython$version-testsuite") >&2 && complete && exit 0
fi
cat >&2 <<TEXT
$python has no package \`test\`, CPython's own tests. On Debian and Ubuntu: apt-get install libpython$version-testsuite.
Otherwise embed a Python that has it, such as one of pyenv.
TEXT
exit 1
