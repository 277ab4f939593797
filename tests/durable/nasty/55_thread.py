import threading, time
L = []
stop = threading.Event()
def work():
    while not stop.is_set():
        L.append(1)
        time.sleep(0.01)
thread = threading.Thread(target=work, daemon=True)
thread.start()
time.sleep(0.03)
# %%
print(len(L) > 0)
# %%
# lost: thread
thread
