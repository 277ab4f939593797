"""Starts LocalStack, an emulator of AWS, for as long as a `with` block lasts; nothing in it reaches AWS.

Lambda functions are made but never run in it: for that it needs Docker. The folder `plugin` tells it so.
"""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = HERE.parents[1] / "target/localstack/bin/python"
START_SECONDS = 120
ACCOUNT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def settings(port, folder):
    """Everything in a folder of its own, no DNS server, and no word to its makers."""
    own = {"GATEWAY_LISTEN": f"127.0.0.1:{port}", "FILESYSTEM_ROOT": folder, "OVERRIDE_IN_DOCKER": "0",
           "DNS_ADDRESS": "0", "DISABLE_EVENTS": "1", "SKIP_SSL_CERT_DOWNLOAD": "1", "LOCALSTACK_HOST": f"127.0.0.1:{port}",
           "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "1", "LAMBDA_RUNTIME_EXECUTOR": "none", "PYTHONPATH": str(HERE / "plugin")}
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | own


def wait(process, url, log):
    for _ in range(START_SECONDS * 4):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/_localstack/health", timeout=5):
            return
        time.sleep(0.25)
    sys.exit(f"LocalStack did not start:\n{log.read_text()[-3000:]}")


@contextlib.contextmanager
def localstack():
    """The environment variables with which a program reaches the emulator, and the file of its log."""
    folder, port = tempfile.mkdtemp(), free_port()
    log, url = pathlib.Path(folder, "log"), f"http://127.0.0.1:{port}"
    with log.open("w") as out:
        process = subprocess.Popen([PYTHON, "-m", "localstack.runtime.main"], env=settings(port, folder), cwd=folder, stdout=out,
                                   stderr=subprocess.STDOUT, start_new_session=True)
    try:
        wait(process, url, log)
        yield ACCOUNT | {"AWS_ENDPOINT_URL": url}, log
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)
