"""Moves working files with the official client: textql_files.py URL KEY"""
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

from textql import TextQL

url, key = sys.argv[1:]
client = TextQL(api_key=key, base_url=url)
sandbox = client.sandbox.start()["sandbox_id"]
names = ["plain.csv", "my report (1).csv", "it's \"quoted\".csv", "100%.csv", "a%41.csv", "a+b;c&d=e.csv", "#1?.csv", "отчёт €😀.csv"]
for name in names:
    content = f"{name},1\n".encode() * 1000
    assert client.sandbox.upload_file(sandbox, (name, content)) == {"filename": name, "size_bytes": len(content)}, name
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "from disk.bin"
    path.write_bytes(bytes(3_000_000))
    assert client.sandbox.upload_file(sandbox, str(path)) == {"filename": "from disk.bin", "size_bytes": 3_000_000}
listed = {file["name"]: file["size_bytes"] for file in client.sandbox.list_files(sandbox)["files"]}
assert sorted(listed) == sorted([*names, "from disk.bin"]), listed
code = "import os\nprint(all(open(name).read(len(name)) == name for name in os.listdir() if name != 'from disk.bin'), len(os.listdir()))"
assert client.sandbox.execute(sandbox, code=code)["output"] == [f"True {len(names) + 1}"]
for name in names:
    # The client does not percent-encode the path.
    assert client.sandbox.download_file(sandbox, quote(name)) == f"{name},1\n".encode() * 1000, name
    assert client.sandbox.delete_file(sandbox, quote(name)) == {"success": True}, name
assert [file["name"] for file in client.sandbox.list_files(sandbox)["files"]] == ["from disk.bin"]
assert client.sandbox.stop(sandbox) == {"success": True}
print("all calls answered")
