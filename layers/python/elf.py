"""Reads and edits the dynamic section of 64-bit little-endian ELF files (elf(5)): needed libraries, search paths, and needed
symbol versions. An edit never moves data, so all addresses in the file stay valid."""
import struct
from pathlib import Path

DYNAMIC, DYNSYM, VERNEED, VERSYM = 6, 11, 0x6FFFFFFE, 0x6FFFFFFF
DT_NULL, DT_NEEDED, DT_STRTAB, DT_RPATH, DT_RUNPATH = 0, 1, 5, 15, 29
X86_64, AARCH64 = 62, 183

# The first version of glibc for the machine. A symbol of this version exists in every later glibc.
OLDEST = {X86_64: b"GLIBC_2.2.5", AARCH64: b"GLIBC_2.17"}


class ElfError(Exception):
    """The file cannot be edited. It is unchanged."""


def is_elf(path):
    """True for an ELF file that is not a symbolic link."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def version_hash(name):
    """The System V hash of a version's name. The dynamic linker compares it before the name."""
    h = 0
    for byte in name:
        h = (h << 4) + byte
        g = h & 0xF0000000
        h = (h ^ (g >> 24)) & ~g & 0xFFFFFFFF
    return h


class Elf:
    """A file in memory. `save` writes it back if it was edited."""

    def __init__(self, path):
        self.path = Path(path)
        self.bytes = bytearray(self.path.read_bytes())
        if self.bytes[:6] != b"\x7fELF\x02\x01":
            raise ElfError(f"{path} is not a 64-bit little-endian ELF file")
        self.changed = False
        (self.machine,) = struct.unpack_from("<H", self.bytes, 18)
        (start,) = struct.unpack_from("<Q", self.bytes, 40)
        size, count = struct.unpack_from("<HH", self.bytes, 58)
        # name, type, flags, address, offset, size, link, info, alignment, size of an entry
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", self.bytes, start + size * i) for i in range(count)]

    def save(self):
        """Writes the file back. Its mode stays."""
        if self.changed:
            self.path.write_bytes(self.bytes)

    def _section(self, kind):
        return next((section for section in self.sections if section[1] == kind), None)

    def _text(self, section, offset):
        start = self.sections[section[6]][4] + offset
        return bytes(self.bytes[start:self.bytes.index(0, start)])

    def _dynamic(self):
        section = self._section(DYNAMIC)
        if section is None:
            return []
        entries = [struct.unpack_from("<QQ", self.bytes, section[4] + at) for at in range(0, section[5], 16)]
        return entries[:entries.index((DT_NULL, 0))]

    def needed(self):
        """Names of the shared libraries that the file needs (DT_NEEDED)."""
        section = self._section(DYNAMIC)
        return [self._text(section, value).decode() for tag, value in self._dynamic() if tag == DT_NEEDED]

    def search_path(self):
        """The folders of DT_RPATH and DT_RUNPATH."""
        section = self._section(DYNAMIC)
        paths = (self._text(section, value).decode() for tag, value in self._dynamic() if tag in (DT_RPATH, DT_RUNPATH))
        return [folder for path in paths for folder in path.split(":")]

    def keep_own_search_path(self):
        """Removes the folders of the machine that the file was built on. Those that begin with $ORIGIN stay. An entry
        without any is removed, because an empty DT_RUNPATH would still override the program's DT_RPATH (ld.so(8))."""
        section, kept = self._section(DYNAMIC), []
        entries = self._dynamic()
        for tag, value in entries:
            if tag in (DT_RPATH, DT_RUNPATH):
                old = self._text(section, value)
                new = b":".join(folder for folder in old.split(b":") if folder.startswith(b"$ORIGIN"))
                if not new:
                    continue
                if new != old:
                    start = self.sections[section[6]][4] + value
                    self.bytes[start:start + len(old)] = new.ljust(len(old), b"\0")
                    self.changed = True
            kept.append((tag, value))
        if kept != entries:
            kept += [(DT_NULL, 0)] * (len(entries) - len(kept))
            for i, entry in enumerate(kept):
                struct.pack_into("<QQ", self.bytes, section[4] + 16 * i, *entry)
            self.changed = True

    def pass_search_path_on(self):
        """Turns DT_RUNPATH into DT_RPATH, which also counts for the libraries that a loaded library needs (ld.so(8)). zig
        writes DT_RUNPATH whatever it is told."""
        section = self._section(DYNAMIC)
        for i, (tag, value) in enumerate(self._dynamic()):
            if tag == DT_RUNPATH:
                struct.pack_into("<QQ", self.bytes, section[4] + 16 * i, DT_RPATH, value)
                self.changed = True

    def versions(self):
        """The needed symbol versions: (offset of the entry, index, name)."""
        section = self._section(VERNEED)
        if section is None:
            return
        at = section[4]
        for _ in range(section[7]):
            aux, next_need = struct.unpack_from("<II", self.bytes, at + 8)
            entry, more = at + aux, True
            while more:
                _, _, index, name, next_aux = struct.unpack_from("<IHHII", self.bytes, entry)
                yield entry, index & 0x7FFF, self._text(section, name)
                entry, more = entry + next_aux, next_aux
            at += next_need

    def symbols_of(self, index):
        """Names of the symbols that need the version with this index."""
        table, versions = self._section(DYNSYM), self._section(VERSYM)
        for i in range(versions[5] // 2):
            (version,) = struct.unpack_from("<H", self.bytes, versions[4] + 2 * i)
            if version & 0x7FFF == index:
                (name,) = struct.unpack_from("<I", self.bytes, table[4] + 24 * i)
                yield self._text(table, name)

    def retarget(self, version, allowed):
        """Replaces `version` by the oldest version. Fails if other symbols than those in `allowed` need `version`."""
        oldest = OLDEST.get(self.machine)
        for entry, index, name in list(self.versions()):
            if name != version:
                continue
            others = set(self.symbols_of(index)) - set(allowed)
            if others or oldest is None:
                raise ElfError(f"{self.path} needs {version.decode()} for {b', '.join(sorted(others)).decode()}")
            section = self._section(VERNEED)
            strings = self.sections[section[6]]
            text = bytes(self.bytes[strings[4]:strings[4] + strings[5]])
            found = text.find(oldest + b"\0")
            if found < 0:
                raise ElfError(f"{self.path} has no string {oldest.decode()}, which its new version needs")
            struct.pack_into("<I", self.bytes, entry, version_hash(oldest))
            struct.pack_into("<I", self.bytes, entry + 8, found)
            self.changed = True
