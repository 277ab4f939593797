import logging, io
buf = io.StringIO()
log = logging.getLogger("mine")
log.setLevel(logging.INFO)
log.propagate = False
class F(logging.Formatter):
    def format(self, record):
        return "F:" + record.getMessage()
h = logging.StreamHandler(buf)
h.setFormatter(F())
log.addHandler(h)
log.info("one")
# %%
log.warning("two")
log.debug("no")
print(buf.getvalue(), len(log.handlers), log.handlers[0] is h)
