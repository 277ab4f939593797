# Binary data: struct records, a byte buffer with views, checksums, run lengths, a small file format.
# %%
import struct
import zlib
from array import array
from pathlib import Path

HEADER = struct.Struct("<4sHHI")
POINT = struct.Struct("<hhB3x")
points = [(i * 7 - 20, i * i, i % 3) for i in range(12)]
body = b"".join(POINT.pack(*point) for point in points)
header = HEADER.pack(b"PNTS", 1, len(points), zlib.crc32(body))
with open("points.bin", "wb") as file:
    file.write(header + body)
print(HEADER.size, POINT.size, header.hex())

# %%
data = bytearray(Path("points.bin").read_bytes())
view = memoryview(data)
payload = view[HEADER.size:]
magic, version, count, checksum = HEADER.unpack_from(data)
print(magic, version, count, zlib.crc32(payload) == checksum, len(payload))

# %%
payload[0] = 99
POINT.pack_into(data, HEADER.size + POINT.size, 1, 2, 2)
print(POINT.unpack_from(payload), list(POINT.iter_unpack(payload))[:3], data[HEADER.size])

# %%
print(zlib.crc32(payload) == checksum, view.nbytes, payload.obj is data)
columns = [array(code, values) for code, values in zip("hhB", zip(*points))]
columns[0].extend([5, 6])
print(columns[0].typecode, columns[0][-3:].tolist(), columns[2].tobytes())

# %%
def run_lengths(raw):
    out, i = bytearray(), 0
    while i < len(raw):
        j = i
        while j < len(raw) and raw[j] == raw[i] and j - i < 255:
            j += 1
        out += bytes((j - i, raw[i]))
        i = j
    return bytes(out)


def expand(packed):
    return b"".join(bytes([value]) * length for length, value in zip(packed[::2], packed[1::2]))


picture = b"\0" * 30 + b"\xff" * 7 + b"\0" * 300
packed = run_lengths(picture)
print(packed.hex(" "), expand(packed) == picture)

# %%
# The buffer cannot grow while views of it exist.
try:
    data.append(0)
except BufferError as error:
    print(type(error).__name__)
payload.release()
view.release()
data.extend(b"end")
print(len(data), bytes(data[-4:]), int.from_bytes(data[4:6], "little"), struct.calcsize(">qif"))
