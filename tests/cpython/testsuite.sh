#!/bin/sh
# Makes sure that the Python at $1 has its own tests, the package `test`, which some distributions ship separately or in part.
# On Debian, root installs it for Debian's Python; elsewhere this says what to do and fails.
set -u
python=$1

complete() {
    "$python" -B -c 'import importlib.util as util, sys; sys.exit(not all(map(util.find_spec, sys.argv[1:])))' \
        test.test_os test.test_multiprocessing_fork
}

complete && exit 0
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
prefix=$("$python" -c 'import sys; print(sys.base_prefix)')
if [ "$prefix" = /usr ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    # Of the same release: a newer one would bring a newer Python, in place of the one that the kernel is built with.
    tests=libpython$version-testsuite=$(dpkg-query --show --showformat='${Version}' "libpython$version-stdlib")
    echo "installing the tests of Debian's Python: $tests" >&2
    (apt-get update -q -q && apt-get install -y -q --no-install-recommends "$tests") >&2 && complete && exit 0
fi
cat >&2 <<TEXT
$python lacks the package \`test\`, CPython's own tests, or parts of it. On Debian and Ubuntu:
apt-get install libpython$version-testsuite. Otherwise embed a Python that has it, such as one of pyenv.
TEXT
exit 1
