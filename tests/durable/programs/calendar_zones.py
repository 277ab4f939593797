# Meetings in several time zones: daylight saving, repeating events, holidays, differences.
# %%
from collections import defaultdict
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

ZONES = {city: ZoneInfo(key) for city, key in (("Berlin", "Europe/Berlin"), ("New York", "America/New_York"),
                                               ("Tokyo", "Asia/Tokyo"), ("Kathmandu", "Asia/Kathmandu"))}
meeting = datetime(2024, 3, 28, 15, 0, tzinfo=ZONES["Berlin"])
for city, zone in ZONES.items():
    print(f"{city:10}", meeting.astimezone(zone).strftime("%a %H:%M %z"))

# %%
def weekly(start, count):
    """The same time on the wall each week, whatever the clocks do."""
    return [start + timedelta(weeks=week) for week in range(count)]


series = weekly(meeting, 4)
print([str(m.utcoffset()) for m in series], [m.astimezone(timezone.utc).hour for m in series])
print({m.astimezone(ZONES["New York"]).hour for m in series})

# %%
gap = datetime(2024, 3, 31, 2, 30, tzinfo=ZONES["Berlin"])
fold = datetime(2024, 10, 27, 2, 30, tzinfo=ZONES["Berlin"], fold=1)
print(gap.astimezone(timezone.utc), fold.astimezone(timezone.utc), fold.replace(fold=0).astimezone(timezone.utc))

# %%
print(series[0].tzinfo is ZONES["Berlin"], gap.tzinfo is fold.tzinfo, series[-1] - series[0])


def easter(year):
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)


holidays = {easter(2024) + timedelta(days=1): "Easter Monday", date(2024, 5, 1): "May Day"}
print(sorted(holidays.items()))

# %%
def workdays(start, end):
    day = start
    while day <= end:
        if day.weekday() < 5 and day not in holidays:
            yield day
        day += timedelta(days=1)


print(len(list(workdays(date(2024, 4, 1), date(2024, 5, 31)))))
holidays[date(2024, 5, 9)] = "Ascension"
print(len(list(workdays(date(2024, 4, 1), date(2024, 5, 31)))))

# %%
hours = defaultdict(timedelta)
shifts = [("Ida", time(22, 15), time(6, 0)), ("Jon", time(9, 0), time(17, 30)), ("Ida", time(13, 0), time(14, 20))]
for name, begin, end in shifts:
    span = datetime.combine(date.min, end) - datetime.combine(date.min, begin)
    hours[name] += span % timedelta(days=1)
print({name: str(total) for name, total in hours.items()}, meeting.isocalendar().week, hours["Ida"] / timedelta(hours=1))
