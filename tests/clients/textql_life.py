"""Makes every call of the API with the official client, except exec (textql_exec.py): textql_life.py URL KEY"""
import pathlib
import sys
import tempfile
import urllib.request

from textql import TextQL
from textql._exceptions import APIError, AuthenticationError, NotFoundError

url, key = sys.argv[1:]
client = TextQL(api_key=key, base_url=url)
assert client.connectors.list() == [], "connectors"

started = client.sandbox.start()
sandbox = started["sandbox_id"]
assert client.sandbox.status(sandbox)["status"] == "running"
listed = client.sandbox.list(status="running", limit=200)["sandboxes"]
assert [one["status"] for one in listed if one["sandbox_id"] == sandbox] == ["running"], listed

code = """
import pandas as pd, matplotlib.pyplot as plt
sales = pd.DataFrame({"month": ["Jan", "Feb"], "total": [3, 4]})
sales.to_csv("sales.csv", index=False)
plt.plot(sales["total"]); plt.show()
print(sales["total"].sum())
"""
done = client.sandbox.execute(sandbox, code=code)
assert done["output"] == ["7"], done
assert [(d["name"], d["num_rows"], d["num_cols"]) for d in done["dataframes"]] == [("sales", 2, 2)], done
files = {file["name"]: file for file in done["files"]}
assert sorted(files) == ["figure_1.png", "sales.csv"], done
with urllib.request.urlopen(files["sales.csv"]["url"]) as link:
    assert (link.headers["content-type"], link.read()) == ("text/csv", b"month,total\nJan,3\nFeb,4\n")
with urllib.request.urlopen(files["figure_1.png"]["url"]) as link:
    assert link.headers["content-type"] == "image/png" and link.read(8) == b"\x89PNG\r\n\x1a\n"
frames = client.sandbox.status(sandbox)["dataframes"]
assert [frame["name"] for frame in frames] == ["sales"], frames

failed = client.sandbox.execute(sandbox, code="print('before')\n1 / 0")
assert failed["output"] is None and failed["partial_output"] == ["before"], failed
assert failed["error"] == "executing Python code: ZeroDivisionError('division by zero')", failed

first = client.sandbox.executions(sandbox, limit=1)
rest = client.sandbox.executions(sandbox, limit=10, cursor=first["next_cursor"])
inputs = [one["input"] for page in (first, rest) for one in page["executions"]]
assert inputs == ["print('before')\n1 / 0", code] and "next_cursor" not in rest, (first, rest)

record = first["executions"][0]
assert (record["kind"], record["source"]) == ("python", "platform_api"), record
assert (record["output_preview"], record["error"]) == ("before", failed["error"]), record
(ran,) = (one for page in (first, rest) for one in page["executions"] if one["input"] == code)
assert (ran["output_preview"], ran["error"]) == ("7", "") and ran["duration_ms"] >= 0, ran

# Files: uploaded from a path and from bytes, downloaded, and exchanged with the code.
bytes_of_all_kinds = bytes(range(256)) * 40
assert client.sandbox.upload_file(sandbox, ("all bytes.bin", bytes_of_all_kinds)) == {
    "filename": "all bytes.bin", "size_bytes": len(bytes_of_all_kinds)}
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder, "größen.csv")
    path.write_text("a,b\n1,2\n")
    assert client.sandbox.upload_file(sandbox, path) == {"filename": "größen.csv", "size_bytes": 8}
seen = client.sandbox.execute(sandbox, code="""
import os, pathlib
print(sum(open("all bytes.bin", "rb").read()))
print(open("größen.csv").read())
os.makedirs("out/deep")
pathlib.Path("out/deep/made.txt").write_text("by the code")
""")
assert seen["output"] == [str(sum(bytes_of_all_kinds)), "a,b\n1,2\n"], seen
listed = {one["name"]: one for one in client.sandbox.list_files(sandbox)["files"]}
assert sorted(listed) == ["all bytes.bin", "figure_1.png", "größen.csv", "out", "sales.csv"], listed
assert (listed["out"]["is_dir"], listed["größen.csv"]["is_dir"], listed["größen.csv"]["size_bytes"]) == (True, False, 8)
(made,) = client.sandbox.list_files(sandbox, path="out/deep")["files"]
assert (made["name"], made["size_bytes"]) == ("made.txt", 11) and made["modified_at"], made
assert client.sandbox.download_file(sandbox, "all bytes.bin") == bytes_of_all_kinds
assert client.sandbox.download_file(sandbox, "/out/deep/made.txt") == b"by the code"
assert client.sandbox.download_file(sandbox, "größen.csv") == b"a,b\n1,2\n"
assert client.sandbox.delete_file(sandbox, "out/deep/made.txt") == {"success": True}
gone = client.sandbox.execute(sandbox, code="print(os.listdir('out/deep'))")
assert gone["output"] == ["[]"], gone


def refused(kind, status, call):
    """Makes a call that must fail with this status; the client's error message."""
    try:
        answer = call()
    except kind as error:
        assert error.status_code == status and str(error), error
        return str(error)
    raise AssertionError(f"the call succeeded: {answer!r}")


refused(NotFoundError, 404, lambda: client.sandbox.download_file(sandbox, "out/deep/made.txt"))
refused(APIError, 400, lambda: client.sandbox.delete_file(sandbox, "out"))
refused(NotFoundError, 404, lambda: client.sandbox.status("01920000-0000-7000-8000-000000000000"))
refused(NotFoundError, 404, lambda: client.sandbox.query(sandbox, connector_id=1, query="select 1"))
refused(APIError, 400, lambda: client.sandbox.list(limit=0))
refused(AuthenticationError, 401, lambda: TextQL(api_key="tql_unknown", base_url=url).sandbox.list())

again = client.sandbox.start(sandbox_id=sandbox)
assert again["sandbox_id"] == sandbox
kept = client.sandbox.execute(sandbox, code="import os\nprint(os.path.exists('sales.csv'), 'sales' in globals())")
assert kept["output"] == ["True False"], kept

assert client.sandbox.stop(sandbox) == {"success": True}
assert client.sandbox.status(sandbox)["status"] == "stopped"
assert len(client.sandbox.executions(sandbox)["executions"]) == 5
refused(NotFoundError, 404, lambda: client.sandbox.execute(sandbox, code="1"))
refused(NotFoundError, 404, lambda: client.sandbox.upload_file(sandbox, ("a.csv", b"1")))
ids = lambda page: [one["sandbox_id"] for one in page["sandboxes"]]
assert sandbox in ids(client.sandbox.list(status="stopped")) and sandbox not in ids(client.sandbox.list())
for _ in range(2):
    client.sandbox.start()
first = client.sandbox.list(status="all", limit=2)
rest = client.sandbox.list(status="all", limit=2, cursor=first["next_cursor"])
assert ids(rest) == [sandbox] and "next_cursor" not in rest, (first, rest)
print("all calls answered")
