# A web server's log: written line by line, parsed with a regex, sessions, slow pages, status codes.
# %%
import random
import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone

dice = random.Random(77)
moment = datetime(2024, 2, 28, 23, 30, tzinfo=timezone.utc)
pages = ["/", "/search", "/item/1", "/item/2", "/basket", "/pay"]


def write_lines(path, count):
    global moment
    with open(path, "a") as file:
        for _ in range(count):
            moment += timedelta(seconds=dice.randint(1, 240))
            status = dice.choices([200, 304, 404, 500], [90, 10, 5, 2])[0]
            file.write(f"10.0.0.{dice.randint(1, 9)} [{moment:%d/%b/%Y:%H:%M:%S %z}] \"GET {dice.choice(pages)}\" "
                       f"{status} {dice.randint(3, 900)}ms\n")


write_lines("access.log", 150)
print(moment.isoformat())

# %%
LINE = re.compile(r'(?P<ip>\S+) \[(?P<time>[^]]+)\] "(?P<method>\w+) (?P<page>\S+)" (?P<status>\d+) (?P<ms>\d+)ms')
reader = open("access.log")
entries = []


def parse(lines):
    for line in lines:
        fields = LINE.match(line).groupdict()
        fields["time"] = datetime.strptime(fields["time"], "%d/%b/%Y:%H:%M:%S %z")
        fields["status"], fields["ms"] = int(fields["status"]), int(fields["ms"])
        entries.append(fields)


parse([reader.readline() for _ in range(100)])
print(len(entries), entries[-1]["time"], reader.tell())

# %%
# The file stays open at its place, and the log grows meanwhile.
write_lines("access.log", 50)
parse(reader.readlines())
print(len(entries), entries[-1]["time"] == moment, reader.readline() == "")

# %%
status = Counter(entry["status"] for entry in entries)
slow = sorted(entries, key=lambda entry: (-entry["ms"], entry["time"]))[:3]
print(sorted(status.items()))
for entry in slow:
    print(entry["ms"], entry["page"], entry["time"].strftime("%H:%M"))

# %%
sessions = defaultdict(list)
for entry in entries:
    visits = sessions[entry["ip"]]
    if not visits or entry["time"] - visits[-1][-1]["time"] > timedelta(minutes=30):
        visits.append([])
    visits[-1].append(entry)
print({ip: [len(visit) for visit in visits] for ip, visits in sorted(sessions.items())})

# %%
for entry in slow:
    entry["slow"] = True
marked = [(ip, n) for ip, visits in sorted(sessions.items()) for n, visit in enumerate(visits)
          for entry in visit if entry.get("slow")]
write_lines("access.log", 1)
parse(reader)
reader.close()
print(marked, len(entries), reader.closed)
