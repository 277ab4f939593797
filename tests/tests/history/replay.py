"""Runs the code of sandboxes in plain Python, in the order of their ledgers, and tells what it printed.

Reads {"sandboxes": [[code or null, ...], ...]}: null is a start, after which no variable is left. Writes what each code printed."""
import builtins
import json
import sys

printed = []
builtins.print = lambda *values: printed.append(" ".join(map(str, values)))


def new_module():
    sys.modules["__main__"] = module = type(sys)("__main__")
    return vars(module)


answers = []
for story in json.load(sys.stdin)["sandboxes"]:
    namespace, answer = new_module(), []
    for code in story:
        if code is None:
            namespace = new_module()
            continue
        printed.clear()
        exec(code, namespace)
        answer.append(list(printed))
    answers.append(answer)
json.dump(answers, sys.stdout)
