import threading, socket
for i in range(500):
    globals()[f"v{i}"] = [i] if i % 4 else (threading.Lock() if i % 8 else socket.socketpair()[0])
# %%
print(sum(globals()[f"v{i}"][0] for i in range(500) if i % 4))
# %%
# lost: v0
v0
# %%
# lost: v4
v4
