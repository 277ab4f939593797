# A warehouse: products, stock movements, suppliers, alerts through callbacks.
# %%
from collections import defaultdict, namedtuple

Movement = namedtuple("Movement", "product change reason")


class Product:
    registry = {}
    serial = 0

    def __new__(cls, code, *args, **options):
        if code in cls.registry:
            return cls.registry[code]
        return super().__new__(cls)

    def __init__(self, code, price=0.0):
        if code in Product.registry:
            return
        Product.serial += 1
        self.code, self.price, self.number = code, price, Product.serial
        Product.registry[code] = self

    def __repr__(self):
        return f"<{self.code} #{self.number}>"


bolt, nut = Product("bolt", 0.25), Product("nut", 0.10)
print(Product("bolt") is bolt, Product.registry, Product.serial)

# %%
class Warehouse:
    def __init__(self):
        self.stock = defaultdict(int)
        self.history = []
        self.watchers = []

    def move(self, product, change, reason=""):
        if self.stock[product.code] + change < 0:
            raise ValueError(f"only {self.stock[product.code]} of {product.code}")
        self.stock[product.code] += change
        self.history.append(Movement(product, change, reason))
        for watcher in self.watchers:
            watcher(product, self.stock[product.code])


main = Warehouse()
main.move(bolt, 500, "delivery")
main.move(nut, 300, "delivery")
print(dict(main.stock), main.history[-1])

# %%
alerts = []


def make_alert(limit):
    def alert(product, left):
        if left < limit:
            alerts.append((product.code, left))
    return alert


main.watchers.append(make_alert(100))
main.move(nut, -250, "order 1")
print(alerts, len(main.history))

# %%
# raises: ValueError
main.move(bolt, -600, "order 2")

# %%
main.watchers.append(lambda product, left: alerts.append(product) if product is bolt else None)
main.move(bolt, -450, "order 3")
print(alerts, alerts[-1] is bolt, alerts[-1] is main.history[0].product)

# %%
class Perishable(Product):
    def __init__(self, code, price=0.0, days=7):
        super().__init__(code, price)
        self.days = days


milk = Perishable("milk", 0.9, days=5)
main.move(milk, 40)
print(milk, milk.days, isinstance(Product.registry["milk"], Perishable), list(Product.registry))

# %%
value = sum(Product.registry[code].price * count for code, count in main.stock.items())
by_reason = defaultdict(list)
for movement in main.history:
    by_reason[movement.reason.split()[0] if movement.reason else "none"].append(movement.change)
print(round(value, 2), dict(by_reason))
print(main.history[1]._replace(change=0), Movement._fields)
