import threading
lock = threading.Lock()
event = threading.Event()
# %%
# lost: lock
lock
