# Records of a library as dataclasses: defaults, ordering, frozen keys, conversion to JSON and back.
# %%
import json
from dataclasses import asdict, astuple, dataclass, field, fields, replace


@dataclass(order=True, frozen=True)
class Isbn:
    prefix: int
    number: int

    def __str__(self):
        return f"{self.prefix}-{self.number:06d}"


@dataclass
class Book:
    isbn: Isbn
    title: str
    authors: list = field(default_factory=list)
    copies: int = 1
    lent: int = field(default=0, repr=False)

    def __post_init__(self):
        self.title = self.title.strip()


shared_authors = ["N. Writer"]
first = Book(Isbn(978, 17), " Rivers ", shared_authors)
second = Book(Isbn(978, 4), "Hills", shared_authors, copies=2)
print(first, second.isbn)

# %%
shared_authors.append("A. Helper")
print(first.authors is second.authors, second.authors, first == replace(first), Isbn(978, 4) < Isbn(978, 17))

# %%
@dataclass(slots=True)
class Loan:
    book: Book
    reader: str
    day: int = 0


class NotAvailable(Exception):
    def __init__(self, book, reader):
        super().__init__(f"{book.title} is lent out, sorry {reader}")
        self.book, self.reader = book, reader


loans = []


def lend(book, reader, day):
    if book.lent >= book.copies:
        raise NotAvailable(book, reader)
    book.lent += 1
    loans.append(Loan(book, reader, day))
    return loans[-1]


print(lend(first, "Kim", 3))

# %%
try:
    lend(first, "Lou", 4)
except NotAvailable as error:
    failure = error
print(failure, failure.book is first, len(loans))

# %%
catalogue = {book.isbn: book for book in (first, second)}
print(catalogue[Isbn(978, 4)].title, failure.reader, failure.args, sorted(catalogue))

# %%
text = json.dumps([asdict(book) for book in sorted(catalogue.values(), key=lambda b: b.isbn)])
print(text)

# %%
copies = [Book(**{**row, "isbn": Isbn(**row["isbn"])}) for row in json.loads(text)]
print(copies[1] == first, copies[1] is first, [f.name for f in fields(Loan)], hasattr(loans[0], "__dict__"))
loans[0].day = 9
print(astuple(loans[0])[1:], hash(copies[0].isbn) == hash(second.isbn))
