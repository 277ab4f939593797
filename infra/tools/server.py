"""The local server as a backend of a function that runs elsewhere on this machine: its S3, its key, its sandboxes."""
import json
import os
import re
import subprocess
import sys
import urllib.request

BUCKET = "sandcastle"


class Server:
    """The server at this address and free ports, with its data in `folder`. A context: the server ends with it."""

    def __init__(self, program, folder, host):
        self.program, self.folder, self.host = program, folder, host
        self.data = folder / "data"

    def __enter__(self):
        say(f"starting the local server for its S3 at {self.host}, with data for this run only")
        settings = {"HOST": self.host, "PORT": "0", "S3_PORT": "0", "SANDCASTLE_DATA_DIR": str(self.data)}
        log = self.folder / "server.log"
        # In a session of its own: Ctrl-C is for the function, and this program ends the server afterwards.
        self.process = subprocess.Popen([self.program, "serve"], env=os.environ | settings, stdout=subprocess.PIPE,
                                        stderr=log.open("w"), text=True, start_new_session=True)
        banner = ""
        for line in self.process.stdout:
            banner += line
            if line.startswith("  files "):
                break
        else:
            sys.exit(f"the local server did not start:\n{log.read_text()}")
        self.url = re.search(r"ready at (\S+)", banner)[1]
        self.s3 = re.search(r"files +(\S+)", banner)[1]
        self.key = (self.data / "dev-key").read_text().strip()
        return self

    def __exit__(self, *_):
        say("ending the local server and deleting its data")
        self.process.terminate()
        self.process.communicate()

    def credentials(self):
        """Region and credentials for its S3, as variables."""
        given = json.loads((self.data / "s3-credentials.json").read_text())
        return {"AWS_ACCESS_KEY_ID": given["key_id"], "AWS_SECRET_ACCESS_KEY": given["secret"], "AWS_REGION": "us-east-1"}

    def variables(self):
        """The function's variables that name its S3."""
        return {"SANDCASTLE_BUCKET": BUCKET, "S3_ENDPOINT": self.s3}

    def sandbox(self):
        """Starts a sandbox. It is in the bucket, so that the function has it too."""
        request = urllib.request.Request(f"{self.url}/v2/sandcastles", method="POST",
                                         headers={"Authorization": f"Bearer {self.key}"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["sandbox_id"]


def say(text):
    """Tells what happens; standard output is for answers."""
    print(f"-- {text}", file=sys.stderr, flush=True)
