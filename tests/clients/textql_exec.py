"""Runs commands with the official client: textql_exec.py URL KEY"""
import sys

from textql import TextQL
from textql._exceptions import APIError, NotFoundError

url, key = sys.argv[1:]
client = TextQL(api_key=key, base_url=url)
sandbox = client.sandbox.start()["sandbox_id"]
FIELDS = {"stdout", "stderr", "exit_code", "error"}


def run(command, **arguments):
    """Runs a command without an error: standard output, standard error, exit code."""
    answer = client.sandbox.exec(sandbox, command=command, **arguments)
    assert set(answer) >= FIELDS and not answer["error"], answer
    return answer["stdout"], answer["stderr"], answer["exit_code"]


assert run("echo out; echo err >&2; exit 3") == ("out\n", "err\n", 3)
assert run("echo $GREETING | tr a-z A-Z", kind="bash", env={"GREETING": "hello, you"}) == ("HELLO, YOU\n", "", 0)
python = "import os, sys\nprint(os.environ['GREETING'])\nsys.exit(2)"
assert run(python, kind="python", env={"GREETING": "grüß dich"}) == ("grüß dich\n", "", 2)
_, stderr, code = run("1 / 0", kind="python")
assert "ZeroDivisionError" in stderr and code == 1, (stderr, code)

# A command is a process of its own: it shares the kernel's files, but neither variables nor environment.
client.sandbox.execute(sandbox, code="x = 1\nopen('by_code.txt', 'w').write('by the code')")
assert run("cat by_code.txt; echo made > by_exec.txt; echo ${GREETING-unset}") == ("by the codeunset\n", "", 0)
assert run("print('x' in globals())", kind="python") == ("False\n", "", 0)
seen = client.sandbox.execute(sandbox, code="print(x, open('by_exec.txt').read())")
assert seen["output"] == ["1 made\n"], seen
assert client.sandbox.download_file(sandbox, "by_exec.txt") == b"made\n"

recorded = client.sandbox.executions(sandbox)["executions"]
kinds = [one["kind"] for one in reversed(recorded)]
assert kinds == ["bash", "bash", "python", "python", "python", "bash", "python", "python"], kinds
assert recorded[-1]["input"] == "echo out; echo err >&2; exit 3", recorded[-1]

for kind, wanted, arguments in (
    (APIError, 400, {"command": "1", "kind": "perl"}),
    (APIError, 400, {"command": "1", "env": {"a": 1}}),
):
    try:
        raise AssertionError(client.sandbox.exec(sandbox, **arguments))
    except kind as error:
        assert error.status_code == wanted, error
client.sandbox.stop(sandbox)
try:
    raise AssertionError(client.sandbox.exec(sandbox, command="true"))
except NotFoundError as error:
    assert error.status_code == 404, error
print("all calls answered")
