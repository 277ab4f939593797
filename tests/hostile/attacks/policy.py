"""The policy of system calls, rule by rule: what it allows works, and what it refuses fails as the filter says.

The rules are read from layers/jail/src/syscalls.rs (see policy_rules.py); the scripts are made from them.
"""
import policy_rules
from entry import EXECUTE, PYTHON, Attack

ATTACKS = [
    Attack("every_rule", "make each call of the tables once, and each value of the rules on arguments", policy_rules.script, policy_rules.verdict,
           where=(EXECUTE, PYTHON), scripted=True),
]
