import random
from collections import UserDict
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from pathlib import PurePosixPath
from types import SimpleNamespace
class Dice(random.Random):
    def __init__(self, sides, seed):
        print("dice")
        self.sides, self.rolls = sides, []
        super().__init__(seed)
    def roll(self):
        self.rolls.append(self.randrange(self.sides))
        return self.rolls
class Day(date):
    def __new__(cls, text):
        made = super().__new__(cls, *map(int, text.split("-")))
        made.text = [text]
        return made
class Moment(datetime):
    pass
class Money(Decimal):
    def __new__(cls, value, currency):
        made = super().__new__(cls, value)
        made.currency = currency
        return made
class Share(Fraction):
    __slots__ = ("of",)
class Settings(UserDict):
    def __init__(self, name):
        super().__init__()
        self.name = name
class Log(StringIO):
    def __init__(self, name):
        super().__init__()
        self.name = name
class State(SimpleNamespace):
    def __init__(self, first):
        super().__init__(first=first, me=self)
class Place(PurePosixPath):
    pass
dice, day, moment, money, share = Dice(6, 1), Day("2024-02-03"), Moment(2024, 1, 2, 3), Money("1.5", "EUR"), Share(1, 3)
settings, log, state, place = Settings("s"), Log("l"), State([1]), Place("a/b")
share.of, moment.label, moment.me = state, "start", moment
dice.roll()
roll = dice.roll
log.write("one\n")
settings["k"] = log
# %%
print(roll(), dice.sides, roll.__self__ is dice, day, day.text, moment, moment.label, moment.me is moment)
print(money, money.currency, share, share.of is state, state.me is state, place, type(place).__name__)
print(settings.name, settings["k"] is log, log.name, log.write("two\n"), repr(log.getvalue()))
day.text.append("more")
# %%
print(dice.roll(), dice.gauss(0, 1), day.text, repr(log.getvalue()), type(money + 1).__name__, share + 1)
