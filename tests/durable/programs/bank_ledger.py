# A bank's ledger with Decimal money: double entry, interest, rounding, audit.
# %%
from decimal import ROUND_HALF_EVEN, Decimal, getcontext
from datetime import date, timedelta

getcontext().prec = 12
CENT = Decimal("0.01")


class Account:
    def __init__(self, name, rate="0"):
        self.name, self.rate, self.entries = name, Decimal(rate), []

    @property
    def balance(self):
        return sum((amount for _, amount, _ in self.entries), Decimal(0))

    def __repr__(self):
        return f"{self.name}: {self.balance}"


class Ledger:
    def __init__(self):
        self.accounts, self.day = {}, date(2024, 1, 1)

    def open(self, name, rate="0"):
        return self.accounts.setdefault(name, Account(name, rate))

    def transfer(self, source, target, amount, text):
        amount = Decimal(amount).quantize(CENT, ROUND_HALF_EVEN)
        entry = (self.day, amount, text)
        target.entries.append(entry)
        source.entries.append((self.day, -amount, text))
        return entry


ledger = Ledger()
cash, anna, bert = (ledger.open(*spec) for spec in (("cash",), ("anna", "0.031"), ("bert", "0.029")))
ledger.transfer(cash, anna, "1000", "deposit")
ledger.transfer(cash, bert, "250.505", "deposit")
print(cash, anna, bert)

# %%
class Overdrawn(Exception):
    pass


original = Ledger.transfer


def careful(self, source, target, amount, text):
    if source.name != "cash" and source.balance < Decimal(amount):
        raise Overdrawn(f"{source.name} has {source.balance}, not {amount}")
    return original(self, source, target, amount, text)


Ledger.transfer = careful
print(ledger.transfer(anna, bert, "99.995", "rent"))

# %%
# raises: Overdrawn
ledger.transfer(bert, anna, "5000", "too much")

# %%
def pay_interest(ledger, days):
    for _ in range(days):
        ledger.day += timedelta(days=1)
        if ledger.day.day == 1:
            for account in ledger.accounts.values():
                if account.rate:
                    ledger.transfer(cash, account, account.balance * account.rate / 12, "interest")


pay_interest(ledger, 45)
print(ledger.day, anna, bert, Decimal(2).sqrt())

# %%
pay_interest(ledger, 320)
print(ledger.day, ledger.accounts)
print(sum((a.balance for a in ledger.accounts.values()), Decimal(0)))

# %%
print(1 / Decimal(7), getcontext().prec, anna is ledger.accounts["anna"], len(anna.entries))
audit = [(day.isoformat(), str(amount)) for day, amount, text in bert.entries if text != "interest"]
print(audit, Decimal("0.125").quantize(CENT), ledger.transfer.__func__ is careful)
