# A matrix class with operators and exact fractions: products, elimination, determinants, powers.
# %%
from fractions import Fraction
from itertools import chain


class Matrix:
    def __init__(self, rows):
        self.rows = [list(map(Fraction, row)) for row in rows]

    @classmethod
    def identity(cls, n):
        return cls([[int(i == j) for j in range(n)] for i in range(n)])

    @property
    def shape(self):
        return len(self.rows), len(self.rows[0])

    def __getitem__(self, key):
        return self.rows[key[0]][key[1]]

    def __setitem__(self, key, value):
        self.rows[key[0]][key[1]] = Fraction(value)

    def __matmul__(self, other):
        return Matrix([[sum(a * b for a, b in zip(row, column)) for column in zip(*other.rows)] for row in self.rows])

    def __pow__(self, n):
        if n == 0:
            return Matrix.identity(self.shape[0])
        half = self ** (n // 2)
        return half @ half @ self if n % 2 else half @ half

    def __eq__(self, other):
        return isinstance(other, Matrix) and self.rows == other.rows

    __hash__ = None

    def __str__(self):
        return "\n".join(" ".join(f"{str(x):>5}" for x in row) for row in self.rows)


a = Matrix([[2, 1, 0], [1, 3, "1/2"], [0, 1, 4]])
print(a)

# %%
alias = a
alias[0, 2] = "1/3"
print(a @ Matrix.identity(3) == a, a[0, 2], a.shape)
print(a ** 3)

# %%
def eliminate(matrix):
    """Row echelon form in place; returns the determinant."""
    rows, n, determinant = matrix.rows, len(matrix.rows), Fraction(1)
    for i in range(n):
        pivot = next((r for r in range(i, n) if rows[r][i]), None)
        if pivot is None:
            return Fraction(0)
        if pivot != i:
            rows[i], rows[pivot] = rows[pivot], rows[i]
            determinant = -determinant
        determinant *= rows[i][i]
        for r in range(i + 1, n):
            factor = rows[r][i] / rows[i][i]
            rows[r] = [x - factor * y for x, y in zip(rows[r], rows[i])]
    return determinant


work = Matrix(a.rows)
print(eliminate(work))
print(work)

# %%
first_row = a.rows[0]
first_row[0] += 1
print(a[0, 0], work[0, 0], eliminate(Matrix(a.rows)))

# %%
Matrix.T = property(lambda self: Matrix(zip(*self.rows)))
print(a.T)
print(a.T.T == a, sum(chain.from_iterable(a.rows)))

# %%
fibonacci = Matrix([[1, 1], [1, 0]])
print((fibonacci ** 90)[0, 1], first_row is a.rows[0])
