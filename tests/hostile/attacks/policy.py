"""The policy of system calls, rule by rule: what it allows works, and what it refuses fails as the filter says.

The rules are read from layers/jail/src/syscalls.rs (see policy_rules.py); the scripts are made from them, so that each rule is tried.
"""
import functools

import policy_rules
from entry import Attack

ATTACKS = [
    *(Attack(f"calls_{group}" if group.startswith(("on_", "in_")) else f"table_{group}",
        "make each call once, with arguments that no call can use",
             functools.partial(policy_rules.script, group), policy_rules.verdict(group), scripted=True)
                 for group in policy_rules.groups()),
    Attack("every_rule_is_read", "read the policy from its source", lambda scene: [("rules", policy_rules.nothing_read()
        or "all")],
           lambda seen: None if seen.of("rules") == ["all"] else seen.of("rules")[0]),
]
