"""Attacks that may get what they try, each with the reason; SECURITY.md says the same to those who run a server. How far they get
depends on the machine, so that nothing is said of one that fails."""

OPEN = {
    "memory/several_processes": "the host adds up the memory of processes now and then: they may pass the quota for a moment",
    "memory/page_tables_of_many": "the same",
    "harvest/same_bytes_again": "each call may store 512 MiB; what an organisation may store in a day is a setting, and not set here",
    "disk/inodes": "the host counts files now and then, and removes them after the call",
    "disk/inodes_in_files": "the same",
}
#: What only a server that is run as root can hold.
OPEN_TO_AN_ORDINARY_USER = {
    "disk/unlinked_files": "the host may not look at the open files of its own user's kernels",
    "disk/exchange_file": "the same",
    "memory/shared_mapping": "nor at their pages: memory may be twice the quota",
    "memory/parked_memory": "the same",
}
#: What Lambda, as it is imitated here, gives no means against. There the border is the microVM.
OPEN_ON_LAMBDA = {
    "processes/memory_of_every_process": "kernels may not become unreadable for their own user; the host is",
    "processes/memory_from_a_command": "the same",
    "processes/descriptors_of_every_process": "the same",
}
