import asyncio
async def work(x):
    await asyncio.sleep(0)
    return x
class Ctx:
    async def __aenter__(self):
        return self
    async def __aexit__(self, *a):
        pass
lock = asyncio.Lock()
# %%
print(asyncio.run(work(3)))
