"""A sandbox's life through the official client: textql_life.py URL KEY"""
import sys
import urllib.request

from textql import TextQL

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

again = client.sandbox.start(sandbox_id=sandbox)
assert again["sandbox_id"] == sandbox
kept = client.sandbox.execute(sandbox, code="import os\nprint(os.path.exists('sales.csv'), 'sales' in globals())")
assert kept["output"] == ["True False"], kept

assert client.sandbox.stop(sandbox) == {"success": True}
assert client.sandbox.status(sandbox)["status"] == "stopped"
assert len(client.sandbox.executions(sandbox)["executions"]) == 3
print("all calls answered")
