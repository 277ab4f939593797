# A card game with a seeded deck: hands, tricks, points, two players with different strategies.
# %%
import random
from itertools import product

SUITS, RANKS = "CDHS", "6789TJQKA"
POINTS = dict(zip(RANKS, (0, 0, 0, 0, 10, 2, 3, 4, 11)))


class Card:
    __slots__ = ("suit", "rank")

    def __init__(self, rank, suit):
        self.rank, self.suit = rank, suit

    def __repr__(self):
        return self.rank + self.suit

    @property
    def strength(self):
        return RANKS.index(self.rank)


rng = random.Random("deck")
deck = [Card(rank, suit) for rank, suit in product(RANKS, SUITS)]
rng.shuffle(deck)
print(deck[:6])

# %%
class Player:
    players = []

    def __init__(self, name):
        self.name, self.hand, self.points = name, [], 0
        self.players.append(self)

    def choose(self, lead):
        raise NotImplementedError


class Greedy(Player):
    def choose(self, lead):
        same = [c for c in self.hand if lead and c.suit == lead.suit]
        return max(same or self.hand, key=lambda c: (c.strength, c.suit))


class Careless(Player):
    def choose(self, lead):
        return rng.choice(self.hand)


ann, bob = Greedy("Ann"), Careless("Bob")
dealing = iter(deck)
for _ in range(6):
    for player in Player.players:
        player.hand.append(next(dealing))
print(ann.hand, bob.hand)

# %%
def trick(leader, follower):
    lead = leader.choose(None)
    leader.hand.remove(lead)
    answer = follower.choose(lead)
    follower.hand.remove(answer)
    wins = answer.suit == lead.suit and answer.strength > lead.strength
    winner = follower if wins else leader
    winner.points += POINTS[lead.rank] + POINTS[answer.rank]
    return winner, lead, answer


leader, *played = trick(ann, bob)
print(leader.name, played)

# %%
def draw(first, second):
    for player in (first, second):
        card = next(dealing, None)
        if card is not None:
            player.hand.append(card)


rounds = 1
while ann.hand and bob.hand and rounds < 6:
    other = bob if leader is ann else ann
    draw(leader, other)
    leader, *played = trick(leader, other)
    rounds += 1
print(rounds, ann.points, bob.points, len(ann.hand), leader.name)

# %%
last = next(dealing)
print(last, last is deck[22], sum(1 for _ in dealing), last in deck)

# %%
while ann.hand:
    leader, *played = trick(leader, bob if leader is ann else ann)
print([(p.name, p.points, p.hand) for p in Player.players], rng.randint(1, 100))
