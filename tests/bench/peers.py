"""Measures what others need to keep variables, for `make bench`, and prints it as JSON.

Reads data sets from standard input as JSON, and measures each in a process of its own:

* `cloudpickle`: what servers do that keep a session's namespace: each variable is pickled to see whether it can be, then all
  together, compressed with lz4, as base64. Any call costs this.
* `dill`: `dump_session` to a file, and `load_session`. Any call would cost this too.
* `kishu`: its planner and its store, driven as its Jupyter extension drives them, without Jupyter: what it adds to a cell
  that touches nothing, to one that reads the data, to one that changes them; and a checkout in a new session.

Times are medians in milliseconds. Data sets are made by the code that makes them in a sandbox.
"""
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time


def timed(action):
    """How long it takes, and its result."""
    began = time.perf_counter()
    result = action()
    return (time.perf_counter() - began) * 1000, result


def medians(rounds):
    """The medians of dictionaries with the same keys."""
    return {key: round(statistics.median(one[key] for one in rounds), 3) for key in rounds[0]}


def variables(cells):
    """A namespace in which these cells have run."""
    namespace = {"__name__": "__main__"}
    for cell in cells:
        exec(cell, namespace)
    return {name: value for name, value in namespace.items() if not name.startswith("_")}


def measure_cloudpickle(data, folder):
    import base64

    import cloudpickle
    import lz4.frame

    namespace = variables(data["make"])

    def store():
        for value in namespace.values():
            cloudpickle.dumps(value)
        return base64.b64encode(lz4.frame.compress(cloudpickle.dumps(namespace)))

    def one_round():
        store_ms, stored = timed(store)
        load_ms, _ = timed(lambda: cloudpickle.loads(lz4.frame.decompress(base64.b64decode(stored))))
        return {"store_ms": store_ms, "stored_bytes": len(stored), "load_ms": load_ms}

    return medians([one_round() for _ in range(data["rounds"])])


def measure_dill(data, folder):
    import types

    import dill

    session = types.ModuleType("session")
    vars(session).update(variables(data["make"]))
    sys.modules["session"] = session
    file = str(folder / "session.pkl")

    def one_round():
        store_ms, _ = timed(lambda: dill.dump_session(file, main=session))
        load_ms, _ = timed(lambda: dill.load_session(file, main=session))
        return {"store_ms": store_ms, "stored_bytes": os.path.getsize(file), "load_ms": load_ms}

    return medians([one_round() for _ in range(data["rounds"])])


def measure_kishu(data, folder):
    # Kishu reads its configuration from here when it is imported.
    os.environ["KISHU_PATH_ROOT"] = str(folder)
    from kishu.jupyter.namespace import Namespace
    from kishu.planning.planner import CheckpointRestorePlanner
    from kishu.storage.checkpoint import KishuCheckpoint
    from kishu.storage.commit_graph import KishuCommitGraph
    from kishu.storage.disk_ahg import KishuDiskAHG

    database = folder / "bench.kishudb"
    history, checkpoint = KishuDiskAHG(database), KishuCheckpoint(database, True)
    graph = KishuCommitGraph.new_var_graph(database)
    for store in (history, checkpoint, graph):
        store.init_database()
    namespace = Namespace({"__name__": "__main__", "In": []})
    planner = CheckpointRestorePlanner.from_existing(namespace, history, graph, True)
    commits = []

    def size():
        return sum(file.stat().st_size for file in folder.glob("bench.kishudb*"))

    def cell(code):
        """Runs it; what Kishu adds, and by how much its store grows."""
        before = size()
        prepare_ms, _ = timed(planner.pre_run_cell_update)
        run_ms, _ = timed(lambda: exec(code, namespace.get_tracked_namespace()))
        commits.append(f"commit-{len(commits)}")

        def commit():
            planner.post_run_cell_update(commits[-1], code, run_ms / 1000)
            plan, _ = planner.generate_checkpoint_restore_plans(database, commits[-1])
            plan.run(namespace)
            graph.step(commits[-1])

        commit_ms, _ = timed(commit)
        return {"ms": prepare_ms + commit_ms, "bytes": size() - before}

    def cells(kind, code):
        found = medians([cell(code.replace("{n}", str(n))) for n in range(data["rounds"])])
        return {f"{kind}_ms": found["ms"], f"{kind}_bytes": found["bytes"]}

    def checkout():
        """As a new session checks out the newest commit."""
        graph.reset()
        session = Namespace({"In": []})
        planner = CheckpointRestorePlanner.from_existing(session, history, graph, True)
        plan = planner.generate_incremental_restore_plan(database, commits[-1])
        session.update(plan.run(database, commits[-1]))
        planner.replace_state(commits[-1], session)
        return session

    # In one cell: it stores independent arrays together, and all of them anew when a cell adds one, because they share
    # objects of numpy.
    cell("\n".join(data["make"]))
    figures = cells("unrelated", "print(2+2)") | cells("touch", data["touch"])
    figures |= cells("change", data["change"]) if data["change"] else {}
    names = namespace.keyset()
    loads = []
    for _ in range(data["rounds"]):
        load_ms, session = timed(checkout)
        assert session.keyset() == names, (session.keyset(), names)
        loads.append({"load_ms": load_ms})
    return figures | medians(loads)


PEERS = {"cloudpickle": measure_cloudpickle, "dill": measure_dill, "kishu": measure_kishu}


def measure_apart(peer, data):
    """Measures in a process of its own, so that one peer's memory and imports are not another's."""
    child = subprocess.run([sys.executable, __file__, peer], input=json.dumps(data), capture_output=True, text=True)
    if child.returncode:
        return {"error": (child.stderr.strip().splitlines() or [f"ended with {child.returncode}"])[-1]}
    return json.loads(child.stdout)


def main():
    given = json.load(sys.stdin)
    if len(sys.argv) == 1:
        print(json.dumps({data["name"]: {peer: measure_apart(peer, data) for peer in PEERS} for data in given}))
        return
    with tempfile.TemporaryDirectory() as folder:
        # The cells print too.
        with contextlib.redirect_stdout(sys.stderr):
            figures = PEERS[sys.argv[1]](given, pathlib.Path(folder))
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
