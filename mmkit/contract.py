"""What a rule must look like to be taken into a stack: its classes, its fields, its functions' arguments."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from mmkit.errors import nearest
from mmkit.kinds import Kind, kind_of, out_of_range
from mmkit.rules import NoState, Role, Rule, own_functions

RESERVED = ("use", "inputs", "optimizations", "instrument", "instruments")
"""Keys of a rule's table that are not parameters."""

ARGUMENTS: dict[Role, dict[str, tuple[str, ...]]] = {
    Role.MARKET: {
        "events": ("params", "instrument", "rng"),
        "chunks": ("params", "instrument"),
        "paths": ("params", "instrument", "rng"),
        "step": ("params",),
    },
    Role.VENUE: {
        "rest": ("params", "state", "order", "ahead"),
        "trade": ("params", "state", "order", "quantity"),
        "depth_change": ("params", "state", "order", "previous", "new"),
        "through": ("params", "state", "order", "ticks"),
        "fill_probability": ("params", "distance", "dt"),
    },
    Role.SIGNALS: {
        "on_book": ("params", "state", "market"),
        "on_trade": ("params", "state", "market", "trade"),
        "on_fill": ("params", "state", "market", "fill"),
        "on_clock": ("params", "state", "market"),
    },
    Role.SIZING: {"sizes": ("params", "state", "market")},
    Role.PRICING: {"assemble": ("params", "constants"), "quote": ("params", "state", "market")},
    Role.LADDER: {
        "assemble": ("params", "constants"),
        "most": ("params",),
        "levels": ("params", "state", "market", "ladder", "bid_qty", "ask_qty"),
    },
    Role.RISK: {
        "limit": ("params", "state", "market", "ladder", "desk"),
        "watch": ("params", "state", "market", "account", "desk", "control"),
    },
    Role.EXECUTION: {
        "triggers": ("params",),
        "post_only": ("params",),
        "most": ("params", "levels", "latency"),
        "next_time": ("params", "state", "market"),
        "act": ("params", "state", "market", "ladder", "desk"),
    },
    Role.HEDGING: {
        "triggers": ("params",),
        "next_time": ("params", "state", "market"),
        "hedge": ("params", "state", "market", "account", "hedges"),
    },
    Role.REPORT: {"render": ("run", "folder")},
    Role.OPTIMIZATION: {
        "keeps": ("params", "state", "market", "key"),
        "samples": ("params", "state", "event", "size"),
        "exact": ("params",),
        "suits": ("rule",),
        "rewrite": ("params", "rule"),
        "without": ("rule",),
        "around": ("params", "notify"),
    },
}
"""What each function is given when a rule declares neither inputs, terms, constants nor depth."""

_WITH_FILES = (Role.MARKET, Role.VENUE, Role.REPORT)


def arguments(rule: Rule, function: str) -> tuple[str, ...]:
    """Returns the names of what the rule's function is given, in order."""
    if function == "prepare":
        constants = ["constants"] if getattr(rule, "constants", None) else []
        return ("params", "terms", *constants, *_input_names(rule))
    given = list(ARGUMENTS[rule.role][function])
    if "market" in given:
        extra = ["inputs"] if rule.inputs else []
        extra += [name for name in ("terms", "constants") if getattr(rule, name, None)]
        place = given.index("market") + 1
        given[place:place] = extra
        given += ["desk"] if getattr(rule, "desk", False) else []
        given += ["book"] if rule.depth and function not in ("next_time", "watch") else []
    return tuple(given)


def setup_arguments(rule: Rule) -> tuple[str, ...]:
    """Returns the names of what a rule's setup is given."""
    return ("params", "state", "instrument", *(["hedges"] if rule.role is Role.HEDGING else []))


def fields_of(cls: type) -> list[tuple["attrs.Attribute[Any]", Any, Kind]]:
    """Returns each field of a checked attrs class with its resolved type and the kind of that type."""
    return [(field, field.type, kind) for field in attrs.fields(cls) if (kind := kind_of(field.type)) is not None]


def faults(rule: Rule) -> Iterator[str]:
    """Yields what is wrong with a rule, each naming the class and field or the function."""
    yield from _params(rule)
    yield from _state(rule)
    yield from _inputs(rule)
    yield from _terms(rule)
    yield from _constants(rule)
    for name, unit in rule.outputs.items():
        if not isinstance(unit, str):
            yield f'output "{name}" has no unit'
        if rule.state is NoState:
            yield f'output "{name}" is a field of the state, and the rule has none (state=State)'
        elif not attrs.has(rule.state) or name not in attrs.fields_dict(rule.state):
            near = nearest(name, attrs.fields_dict(rule.state)) if attrs.has(rule.state) else ""
            yield f'output "{name}" is not a field of {rule.state.__name__}{near}'
    for name, function in own_functions(rule):
        yield from _takes(name, function, arguments(rule, name))
    if rule.role is Role.SIGNALS and not any(own_functions(rule)):
        yield f"has none of {', '.join(rule.functions)}: nothing would ever call it"
    if rule.setup is not None:
        yield from _takes("setup", rule.setup, setup_arguments(rule))
    candle = getattr(rule, "candle", "")
    if candle and candle not in attrs.fields_dict(rule.state):
        yield f'candle "{candle}" is not a field of {rule.state.__name__}'


def _resolved(cls: Any, what: str) -> Iterator[str]:
    """Yields what keeps a class from being one of a rule's; its annotations are types afterwards."""
    if not isinstance(cls, type) or not attrs.has(cls):
        yield f"{what} is not an attrs class"
        return
    try:
        attrs.resolve_types(cls)
    except Exception as error:
        yield f"{cls.__name__} has an annotation that means nothing: {error}"


def _blank(cls: Any) -> Any:
    """Returns an instance whose fields are not set: what a class forbids shows on it without knowing its arguments."""
    return cls.__new__(cls)


def _frozen(cls: type) -> bool:
    try:
        _blank(cls).any_name = None
    except attrs.exceptions.FrozenInstanceError:
        return True
    except (AttributeError, TypeError):
        return False
    return False


def _params(rule: Rule) -> Iterator[str]:
    cls = rule.params
    wrong = list(_resolved(cls, "params"))
    yield from wrong
    if wrong:
        return
    if not _frozen(cls):
        yield f"{cls.__name__} is not frozen (use @attrs.frozen)"
    for field in attrs.fields(cls):
        where = f"{cls.__name__}.{field.name}"
        kind = kind_of(field.type)
        if kind is None or (kind.text and rule.role not in _WITH_FILES):
            what = f"be of type {_type_name(field.type)}" if field.type is not None else "be without a type"
            yield f"{where}: a parameter of a {rule.role.value} rule cannot {what}"
        elif field.name in RESERVED or field.name.startswith("_") or not field.init:
            yield f"{where}: this name is not free for a parameter"
        elif kind.many and kind.number and not field.metadata.get("capacity"):
            yield f"{where}: a tuple of numbers needs a capacity"
        elif field.default is not attrs.NOTHING and not isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]
            yield from _default(field, kind, where)


def _default(field: "attrs.Attribute[Any]", kind: Kind, where: str) -> Iterator[str]:
    default: Any = field.default
    if not kind.holds(default):
        yield f"{where}: the default {default!r} is not {kind.said}"
    elif kind.number and not kind.many and default == default:
        wrong = out_of_range(default, field.type, field)
        if wrong:
            yield f"{where}: the default {wrong}"


def _constants(rule: Rule) -> Iterator[str]:
    constants, assemble = getattr(rule, "constants", None), getattr(rule, "assemble", None)
    if (constants is None) != (assemble is None):
        yield '"constants" and "assemble" go together'
    elif constants is not None:
        yield from _numbers(constants, "constants")


def _state(rule: Rule) -> Iterator[str]:
    yield from _numbers(rule.state, "state")


def _numbers(cls: Any, what: str) -> Iterator[str]:
    """Yields what keeps a class from holding numbers and arrays that change."""
    wrong = list(_resolved(cls, what))
    yield from wrong
    if wrong:
        return
    if hasattr(_blank(cls), "__dict__"):
        yield f"{cls.__name__} has no slots (use @attrs.define)"
    if _frozen(cls) and attrs.fields(cls):
        yield f"{cls.__name__} is frozen: {what} changes (use @attrs.define)"
    for field in attrs.fields(cls):
        where = f"{cls.__name__}.{field.name}"
        if "array" in field.metadata:
            kind, size = field.metadata["array"]
            if kind not in (float, int) or size < 1:
                yield f"{where}: an array holds at least one float or int"
        elif not _is_number(field.type):
            yield f"{where}: {what} cannot hold {_type_name(field.type)} (arrays: mmkit.array)"
        if field.default is attrs.NOTHING:
            yield f"{where}: has no first value"


def _inputs(rule: Rule) -> Iterator[str]:
    if rule.inputs is None:
        return
    if rule.role in _WITH_FILES:
        yield f"a {rule.role.value} rule takes no inputs"
    wrong = list(_resolved(rule.inputs, "inputs"))
    yield from wrong
    for field in attrs.fields(rule.inputs) if not wrong else ():
        where = f"{rule.inputs.__name__}.{field.name}"
        if field.type is not float:
            yield f"{where}: an input is a float, not {_type_name(field.type)}"
        if field.default is attrs.NOTHING:
            yield f"{where}: is declared with mmkit.required or mmkit.field(0.0)"
        unless = field.metadata.get("unless")
        parameters = attrs.fields_dict(rule.params) if attrs.has(rule.params) else {}
        if unless and (unless not in parameters or parameters[unless].default is attrs.NOTHING):
            yield f'{where}: "{unless}" is not a parameter with a default'


def _terms(rule: Rule) -> Iterator[str]:
    terms, prepare = getattr(rule, "terms", None), getattr(rule, "prepare", None)
    if terms is None and prepare is None:
        return
    if terms is None or prepare is None:
        yield '"terms" and "prepare" go together'
        return
    wrong = list(_resolved(terms, "terms"))
    yield from wrong
    for field in attrs.fields(terms) if not wrong else ():
        if "array" not in field.metadata and (not _is_number(field.type) or field.default is attrs.NOTHING):
            yield f"{terms.__name__}.{field.name}: a term is a number with a first value"
    # The inputs are handed over in the order of their class: another order would swap numbers without a word.
    before = 3 if getattr(rule, "constants", None) else 2
    taken = tuple(inspect.signature(prepare).parameters)[before:] if callable(prepare) else ()
    if sorted(taken) == sorted(_input_names(rule)) and taken != _input_names(rule):
        yield f"prepare takes the inputs in another order than {rule.inputs.__name__ if rule.inputs else ''} has them"


def _takes(name: str, function: Callable[..., Any], given: tuple[str, ...]) -> Iterator[str]:
    if not callable(function):
        yield f"{name} is not a function"
        return
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        yield f"{name} is not a Python function"
        return
    try:
        signature.bind(*given)
    except TypeError:
        yield f"{name}{signature} is given ({', '.join(given)})"
        return
    if name == "prepare":  # the order of the inputs is another matter
        given = given[:2]
    names = tuple(signature.parameters)[: len(given)]
    if names != given and sorted(names) == sorted(given):
        yield f"{name}{signature} takes them in another order than it is given them: ({', '.join(given)})"
    generates = inspect.isgeneratorfunction(function) or inspect.iscoroutinefunction(function)
    if generates and name not in ("events", "chunks", "paths"):
        yield f"{name} is a generator or async: calling it runs nothing; return instead"


def _input_names(rule: Rule) -> tuple[str, ...]:
    return tuple(attrs.fields_dict(rule.inputs)) if rule.inputs is not None and attrs.has(rule.inputs) else ()


def _is_number(annotation: Any) -> bool:
    kind = kind_of(annotation)
    return kind is not None and not kind.text and not kind.many


def _type_name(annotation: Any) -> str:
    return getattr(annotation, "__name__", None) or str(annotation)
