"""Prints the median time, in milliseconds, of `print(2+2)` in a bare ipykernel, from request to idle."""
import statistics
import sys
import time

from jupyter_client.manager import start_new_kernel

rounds = int(sys.argv[1])
manager, client = start_new_kernel(kernel_name="python3")
try:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        client.execute_interactive("print(2+2)", output_hook=lambda message: None)
        times.append((time.perf_counter() - began) * 1000)
    print(statistics.median(times[rounds // 10 :]))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
