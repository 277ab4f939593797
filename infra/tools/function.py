"""Runs ExecuteFunction on this machine as Lambda runs it, for `make invoke`, `make start-api` and `make watch`. The local server
lends its S3 and its development key; it ends, and its data goes, with this program.

    function.py invoke [--event FILE] [--code CODE]      one event in Docker; its key and sandbox are filled in
    function.py start-api [--port PORT]                  the API in Docker, until Ctrl-C
    function.py watch [--once] [--program PROGRAM]       without Docker, with cargo-lambda; --once: one event only;
                                                         --program: a built function, not one that is built again on changes
"""
import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from samcli.yamlhelper import yaml_dump, yaml_parse

from server import Server, say

ROOT = Path(__file__).resolve().parents[2]
EVENT = ROOT / "tests/fixtures/events/execute-rest.json"
# What the examples of events have instead of a key and a sandbox.
NO_KEY, NO_SANDBOX = "tql_replace_me", "00000000-0000-4000-8000-000000000000"
# Where containers reach this machine, unless Docker says otherwise.
BRIDGE = "172.17.0.1"
PATIENCE_S = 60
LOCAL = ROOT / "infra/local.yaml"
OF_A_ZIP = {"CodeUri", "Runtime", "Handler", "Layers"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["invoke", "start-api", "watch"])
    parser.add_argument("--event", type=Path, default=EVENT)
    parser.add_argument("--code", default="")
    parser.add_argument("--port", default="3000")
    parser.add_argument("--image", help="a container image with the function and its packages, instead of what `sam build` built")
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--program", type=Path)
    given = parser.parse_args()
    run, host = {"invoke": (invoke, bridge), "start-api": (start_api, bridge), "watch": (watch, loopback)}[given.command]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="sandcastle-") as folder:
        with Server(ROOT / "target/release/sandcastle", Path(folder), host()) as server:
            sys.exit(run(server, given))


def invoke(server, given):
    """Invokes the function once and prints its answer. The status for the shell: 0 only if the answer is a success."""
    event = write_event(server, given)
    say(f"SAM invokes ExecuteFunction with {given.event}")
    command = [*sam("invoke", server, given.image), "ExecuteFunction", "--event", event]
    return answered(subprocess.run(command, env=sam_environment(server), stdout=subprocess.PIPE, text=True))


def start_api(server, given):
    """Serves the API until Ctrl-C, which SAM gets as well."""
    url = f"http://127.0.0.1:{given.port}"
    say(f"SAM serves the API at {url}; Ctrl-C ends it. In another terminal:\n\n"
        f"  KEY={server.key} API={url}/v2/sandcastles\n"
        """  ID=$(curl -s -X POST $API -H "Authorization: Bearer $KEY" | sed 's/.*"sandbox_id":"\\([^"]*\\)".*/\\1/')\n"""
        """  curl -s $API/$ID/execute -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' """
        """-d '{"code": "print(2+2)"}'\n""")
    command = [*sam("start-api", server, given.image), "--port", given.port, "--warm-containers", "LAZY"]
    return until_ctrl_c(command, sam_environment(server))


def watch(server, given):
    """Serves invocations with cargo-lambda until Ctrl-C, or one of them."""
    event = write_event(server, given)
    environment = os.environ | server.credentials() | server.variables() | {"SANDCASTLE_RUN_DIR": str(server.folder / "run")}
    environment |= {"SANDCASTLE_KERNEL": str(ROOT / "target/release/sandcastle-kernel"),
                    "SANDCASTLE_SITE_PACKAGES": str(ROOT / "target/python/site-packages")}
    address = ["--invoke-address", "127.0.0.1", "--invoke-port", given.port]
    control = ["cargo", "lambda", "watch", *address]
    control += ["--only-lambda-apis"] if given.program else ["--release", "--locked", "-p", "sandcastle-execute", "--bin", "bootstrap"]
    once = ["timeout", str(PATIENCE_S), "cargo", "lambda", "invoke", "bootstrap", *address, "--data-file", str(event)]
    if not given.once:
        say(f"cargo-lambda builds and serves ExecuteFunction; Ctrl-C ends it. In another terminal:\n\n  {' '.join(once[2:])}\n")
        return until_ctrl_c(control, environment)
    api = f"http://127.0.0.1:{given.port}/.rt/bootstrap"
    programs = [subprocess.Popen(control, env=environment, start_new_session=True)]
    try:
        wait_for(given.port)
        if given.program:
            programs.append(subprocess.Popen([given.program], env=environment | lambda_variables(api), start_new_session=True))
        return answered(subprocess.run(once, env=environment, stdout=subprocess.PIPE, text=True))
    finally:
        for program in programs:
            os.killpg(program.pid, signal.SIGTERM)
            program.wait()


def lambda_variables(api):
    """What Lambda, and so cargo-lambda, sets for a function that it starts."""
    return {"AWS_LAMBDA_RUNTIME_API": api, "AWS_LAMBDA_FUNCTION_NAME": "bootstrap", "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "2048"}


def sam(command, server, image):
    """`sam local` of what was built, with the variables of the function. It pulls only images that are missing."""
    path = server.folder / "variables.json"
    path.write_text(json.dumps({"ExecuteFunction": server.variables()}))
    template = ["--template", from_image(server.folder, image)] if image else []
    return ["sam", "local", command, "--env-vars", path, "--region", "us-east-1", "--skip-pull-image", *template]


def from_image(folder, image):
    """The local template with the function from an image: SAM takes no condition for what tells the two apart."""
    template = yaml_parse(LOCAL.read_text())
    function = template["Resources"]["ExecuteFunction"]
    kept = {name: value for name, value in function["Properties"].items() if name not in OF_A_ZIP}
    function["Properties"] = {**kept, "PackageType": "Image", "ImageUri": image}
    del template["Resources"]["PythonLayer"], function["Metadata"]
    body = template["Resources"]["Api"]["Properties"]["DefinitionBody"]["Fn::Transform"]["Parameters"]
    body["Location"] = str(LOCAL.parent / body["Location"])
    (folder / "template.yaml").write_text(yaml_dump(template))
    return folder / "template.yaml"


def sam_environment(server):
    """SAM hands credentials of its own environment to the container."""
    return os.environ | server.credentials() | {"SAM_CLI_TELEMETRY": "0"}


def write_event(server, given):
    path = server.folder / "event.json"
    path.write_text(filled(found(given.event).read_text(), server.key, server.sandbox(), given.code))
    return path


def found(event):
    """A file of one's own, or an example by its name."""
    for path in (event, EVENT.parent / event):
        if path.is_file():
            return path
    examples = ", ".join(sorted(path.name for path in EVENT.parent.glob("*.json")))
    sys.exit(f"EVENT={event}: there is no such file. The examples in {EVENT.parent.relative_to(ROOT)} are {examples}")


def filled(event, key, sandbox, code):
    """An example of an event with this key and sandbox and, if given, with this code."""
    event = event.replace(NO_KEY, key).replace(NO_SANDBOX, sandbox)
    if not code:
        return event
    fields = json.loads(event)
    if "code" in fields:
        fields["code"] = code
    elif isinstance(fields.get("body"), str):
        fields["body"], fields["isBase64Encoded"] = json.dumps({"code": code}), False
    else:
        sys.exit("CODE is for an event that is one request; write the code of this one into a file, and pass that as EVENT")
    return json.dumps(fields)


def answered(done):
    """Prints the answer of the function. The status for the shell: 0 for a success, which is no status from 400 on."""
    print(done.stdout.strip())
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    fields = json.loads(lines[-1]) if lines else {"errorType": "no answer"}
    failed = "errorType" in fields or fields.get("statusCode", 200) >= 400
    return done.returncode or int(failed)


def until_ctrl_c(command, environment):
    """Runs a program that gets Ctrl-C as well, and waits for its end."""
    running = subprocess.Popen(command, env=environment)
    try:
        return running.wait()
    except KeyboardInterrupt:
        running.wait()
        return 0
    finally:
        running.terminate()
        running.wait()


def wait_for(port):
    """Waits until a program of this machine listens there."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", int(port))).close()
        except ConnectionRefusedError:
            if time.monotonic() > until:
                sys.exit(f"nothing listens at port {port} after {PATIENCE_S} s")
            time.sleep(0.05)


def bridge():
    """The address of this machine in Docker's default network."""
    if subprocess.run(["docker", "info"], capture_output=True).returncode:
        sys.exit("Docker does not answer, and SAM needs it: is it running, and may you use it? See `docker info`")
    template = "{{range .IPAM.Config}}{{.Gateway}} {{end}}"
    shown = subprocess.run(["docker", "network", "inspect", "bridge", "--format", template], capture_output=True, text=True)
    return next((word for word in shown.stdout.split() if "." in word), BRIDGE)


def loopback():
    return "127.0.0.1"


if __name__ == "__main__":
    main()
