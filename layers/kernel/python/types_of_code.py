"""Reductions for type variables, aliases and new types, which are objects of `typing` and not classes."""
from . import rebuild, rebuild_standard
from .atoms import get_mro, is_library_class


def reduce_type_variable(store, one):
    names = ("bound", "covariant", "contravariant", "infer_variance")
    options = {name: getattr(one, f"__{name}__") for name in names if getattr(one, f"__{name}__", None)}
    if getattr(one, "has_default", bool)():
        options["default"] = one.__default__
    return rebuild_standard.type_variable, (type(one).__name__, one.__name__, options, getattr(one, "__constraints__", ()))


def reduce_type_alias(store, one):
    return rebuild_standard.type_alias, (one.__name__, one.__value__, one.__type_params__)


def reduce_generic_alias(store, one):
    """Asks no class of the sandbox for the alias: it may not have its state yet."""
    origin = one.__origin__
    if type(one).__name__ != "_GenericAlias" or type not in get_mro(type(origin)) or is_library_class(origin):
        return NotImplemented
    return rebuild_standard.generic_alias, (origin, one.__args__)


def reduce_new_type(store, one):
    return rebuild_standard.new_type, (one.__name__, one.__supertype__), dict(vars(one)), None, None, rebuild.fill_dict


REDUCERS = {
    "typing.TypeVar": reduce_type_variable,
    "typing.ParamSpec": reduce_type_variable,
    "typing.TypeVarTuple": reduce_type_variable,
    "typing.TypeAliasType": reduce_type_alias,
    "typing.NewType": reduce_new_type,
    "typing._GenericAlias": reduce_generic_alias,
}
