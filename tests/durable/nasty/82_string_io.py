import io, contextlib
b = io.StringIO()
b.write("abc")
c = io.BytesIO(b"12345")
c.read(2)
# %%
b.write("d")
print(b.getvalue(), c.read())
