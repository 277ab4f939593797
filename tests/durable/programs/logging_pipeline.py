# Logging: handlers to a buffer, a file and a list, filters, levels, child loggers, own formatters.
# %%
import io
import logging
import logging.handlers

buffer = io.StringIO()
log = logging.getLogger("shop")
log.setLevel(logging.INFO)
log.propagate = False
handler = logging.StreamHandler(buffer)
handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
log.addHandler(handler)
log.info("opened with %d shelves", 3)
log.debug("not shown")
print(buffer.getvalue())

# %%
class ListHandler(logging.Handler):
    def __init__(self, records):
        super().__init__(logging.WARNING)
        self.records = records

    def emit(self, record):
        self.records.append((record.name, record.getMessage()))


class Once(logging.Filter):
    def __init__(self):
        super().__init__()
        self.seen = {}

    def filter(self, record):
        message = record.getMessage()
        self.seen[message] = self.seen.get(message, 0) + 1
        return self.seen[message] == 1


warnings, once = [], Once()
log.addHandler(ListHandler(warnings))
handler.addFilter(once)
for _ in range(3):
    log.warning("shelf is empty")
print(warnings, once.seen, buffer.getvalue().count("empty"))

# %%
child = logging.getLogger("shop.till")
child.setLevel(logging.DEBUG)
child.debug("from below")
log.warning("shelf is empty")
print(buffer.getvalue().splitlines(), len(warnings), child.getEffectiveLevel(), child.parent is log)

# %%
class Masking(logging.Formatter):
    def format(self, record):
        return super().format(record).replace("secret", "******")


file_handler = logging.FileHandler("shop.log", mode="a")
file_handler.setFormatter(Masking("%(levelname).1s %(message)s"))
log.addHandler(file_handler)
child.info("the secret is out")
with open("shop.log") as written:
    print(written.read(), len(log.handlers))

# %%
try:
    {}["key"]
except KeyError:
    log.error("lookup failed")
log.info("secret again")
with open("shop.log") as written:
    print(written.read().splitlines(), len(warnings), len(once.seen))

# %%
log.removeHandler(file_handler)
file_handler.close()
adapter = logging.LoggerAdapter(child, {"user": "ada"})
adapter.process = lambda message, options: (f"[{adapter.extra['user']}] {message}", options)
adapter.warning("leaving")
print(warnings[-1], log.handlers.index(handler), buffer.getvalue().splitlines()[-1])

# %%
log.setLevel(logging.ERROR)
child.setLevel(logging.NOTSET)
child.warning("too low now")
log.error("shelf is empty")
print(len(buffer.getvalue().splitlines()), warnings[-2:], once.seen["shelf is empty"])
for known in list(log.handlers):
    log.removeHandler(known)
