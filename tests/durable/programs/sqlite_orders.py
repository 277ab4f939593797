# A shop's database in a file, opened again in each cell: schema, queries, a transaction that fails, a view.
# %%
import random
import sqlite3
from contextlib import closing

PATH = "shop.db"
SCHEMA = """
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, city TEXT);
CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer, amount INTEGER CHECK (amount > 0));
"""
rng = random.Random(10)


def connect():
    connection = sqlite3.connect(PATH)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


with closing(connect()) as db:
    db.executescript(SCHEMA)
    print([row["name"] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")])

# %%
people = [("Ines", "Porto"), ("Jack", "Leeds"), ("Kaya", "Izmir"), ("Liv", "Oslo")]
with closing(connect()) as db, db:
    db.executemany("INSERT INTO customer (name, city) VALUES (?, ?)", people)
    ids = [row["id"] for row in db.execute("SELECT id FROM customer ORDER BY id")]
    db.executemany("INSERT INTO purchase (customer, amount) VALUES (?, ?)",
                   [(rng.choice(ids), rng.randint(5, 500)) for _ in range(60)])
print(ids, rng.randint(1, 100))

# %%
def query(sql, *parameters):
    with closing(connect()) as db:
        return [tuple(row) for row in db.execute(sql, parameters)]


TOTALS = """SELECT name, count(*) AS n, sum(amount) AS total FROM customer JOIN purchase ON customer.id = customer
            GROUP BY name HAVING total > ? ORDER BY total DESC"""
for row in query(TOTALS, 1000):
    print(row)

# %%
failures = []
for statement, values in (("INSERT INTO customer (name) VALUES (?)", ("Liv",)),
                          ("INSERT INTO purchase (customer, amount) VALUES (?, ?)", (99, 10)),
                          ("INSERT INTO purchase (customer, amount) VALUES (?, ?)", (1, -4))):
    try:
        with closing(connect()) as db, db:
            db.execute("UPDATE customer SET city = 'nowhere'")
            db.execute(statement, values)
    except sqlite3.IntegrityError as error:
        failures.append(error)
print([str(error) for error in failures])
print(query("SELECT city FROM customer ORDER BY id"))

# %%
class Median:
    def __init__(self):
        self.values = []

    def step(self, value):
        self.values.append(value)

    def finalize(self):
        return sorted(self.values)[len(self.values) // 2]


with closing(connect()) as db:
    db.create_aggregate("median", 1, Median)
    medians = {name: m for name, m in db.execute(
        "SELECT name, median(amount) FROM customer JOIN purchase ON customer.id = customer GROUP BY name ORDER BY name")}
print(medians, type(failures[0]).__mro__[1].__name__)

# %%
with closing(connect()) as db, db:
    db.execute("CREATE VIEW big AS SELECT * FROM purchase WHERE amount > 400")
    db.execute("DELETE FROM purchase WHERE amount < ?", (rng.randint(20, 60),))
print(query("SELECT count(*), max(amount) FROM big"), query("SELECT count(*) FROM purchase"))
print(query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i * i) FROM n"))
