"""Reductions for parsed pages (Beautiful Soup) and Plotly's figures. Their own ways would write a page as text and a figure as
plain lists: what variables refer to inside of them would come back as copies."""
from . import rebuild, rebuild_libraries

get_variables = object.__getattribute__


class Tree:
    """All elements of a page. It is stored flat: each refers to the next, which would nest too deeply."""

    def __init__(self, top):
        self.elements, waiting = [], [top]
        while waiting:
            one = waiting.pop()
            self.elements.append(one)
            waiting += reversed(variables(one).get("contents", ()))
        self.places = {id(one): place for place, one in enumerate(self.elements)}

    def __reduce__(self):
        kinds = [(type(one), str.__str__(one) if isinstance(one, str) else None) for one in self.elements]
        return rebuild_libraries.elements, (kinds,), list(map(state_of, self.elements)), None, None, rebuild_libraries.fill_elements


def variables(one):
    return get_variables(one, "__dict__")


def state_of(element):
    state = dict(variables(element))
    builder = state.get("builder")
    if builder is not None and not builder.picklable:
        state["builder"] = type(builder)  # it holds a parser
    return state


def reduce_element(store, one):
    top = one
    while variables(top).get("parent") is not None:
        top = variables(top)["parent"]
    tree = store.kept.get(id(top))
    if tree is None:
        tree = store.kept[id(top)] = Tree(top)
    return rebuild_libraries.element, (tree, tree.places[id(one)])


def reduce_plain(store, one):
    return rebuild_libraries.new, (type(one),), variables(one), None, None, rebuild.fill_dict


REDUCERS = {
    "bs4.element.PageElement": reduce_element,
    "plotly.basedatatypes.BaseFigure": reduce_plain,
    "plotly.basedatatypes.BasePlotlyType": reduce_plain,
}
