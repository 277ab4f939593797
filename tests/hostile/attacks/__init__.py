"""The table of attacks, one module for each topic."""
from . import (
    bombs, disk, fairness, files, frames, full_disk, harvest, interpreter, kernel_calls, kernel_files, memory, network, policy,
        processes,
    requests, shared, signals,
    tables,
)

TOPICS = (processes, signals, memory, files, harvest, disk, full_disk, network, kernel_calls, kernel_files, policy, interpreter,
    tables, frames, shared,
          bombs, fairness, requests)
ATTACKS = [attack for topic in TOPICS for attack in topic.ATTACKS]
