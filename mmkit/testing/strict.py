"""Check `types`: a strict plain run in which everything that a rule assigns and returns has the type that is declared for it.

Compiled, a number takes the type of its field: 2.7 becomes 2 in a field for whole numbers, and an array is copied where Python would go on
with the same one. In Python neither happens, and the two engines drift apart without a word. What counts as a fault:

- a field for whole numbers that is given anything else, or a number beyond 64 bits or beyond its declared bounds;
- a field for floats that is given true, false, a numpy number, or a whole number that no float is equal to (beyond 2**53);
- an array that is assigned as a whole or read in slices; an index that is not a whole number;
- an assignment to what a rule is only shown: market, inputs, account, trade, fill;
- a result whose type changes from call to call (`max(1, 0.5)`), that is a list, or that is not of the type that the kernel reads;
- orders with prices or quantities that are not whole ticks and lots;
- what gives other bits when it is compiled (`x**2`, `hypot`, `round(x, n)`; mmkit.subset has the list).

An index from the end means the same in both engines, and is none.
"""

import enum
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

import attrs

from mmkit.called import returned
from mmkit.engine.layout import hints_of
from mmkit.errors import MmkitError
from mmkit.rules import Role
from mmkit.subset import BITS, findings
from mmkit.testing.between import between, heard
from mmkit.testing.markets import Made, corner, ordinary, over
from mmkit.testing.observing import placed
from mmkit.testing.played import played
from mmkit.testing.rows import Failed, Skipped
from mmkit.testing.subject import Subject

EXACT = 2**53
"""Up to here every whole number is a float."""

LARGEST = 2**63

WRITTEN = ("state", "terms", "constants", "ladder", "control", "order")
"""Arguments that a rule may write to."""

SHOWN = ("market", "inputs", "account", "trade", "fill")
"""Arguments that it may only read."""

CORNERS = ("a book that empties and returns", "gaps")
"""Made-up markets that the rule is run over beside the kit's."""


def check(subject: Subject) -> str:
    """Returns how many calls were looked at. Raises Failed naming field, value and line; Skipped for a rule that is not compiled."""
    rule = subject.rule
    if rule.role in (Role.MARKET, Role.REPORT) or not heard(rule):
        raise Skipped("none of its functions is compiled")
    if not rule.compiled:
        raise Skipped("it says itself that it is not compiled")
    for found in findings(rule):
        if found.kind == BITS:
            raise Failed(str(found))
    calls = 0
    for table in subject.tables:
        watch = Watch(rule.name)
        for made in markets(subject):
            stack = subject.stack(table, market=over(made) if made else None)
            try:
                played(placed(stack, rule, between(rule, watch.through, setup=True)))
            except MmkitError as error:
                if not watch.faults:
                    raise Failed(str(error).splitlines()[0]) from error
        if watch.faults:
            raise Failed(watch.faults[0])
        calls += watch.calls
    return f"{calls} calls"


def markets(subject: Subject) -> Sequence[Made | None]:
    """Returns what a rule is run over: the kit's book, and books that empty and return; a world without a book is its own."""
    return [None] if subject.fills_by_chance else [ordinary(), *(corner(name) for name in CORNERS)]


class Watch:
    """Hands strict stand-ins to a rule's functions instead of the kernel's records, and looks at what they return."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.faults: list[str] = []
        self.calls = 0
        self.stands: dict[int, tuple[Any, Any]] = {}
        self.returned: dict[tuple[str, int], str] = {}

    def through(self, name: str, function: Any, given: dict[str, Any]) -> Any:
        """Calls a rule's function with stand-ins."""
        self.calls += 1
        if name == "setup":
            result = function(*given.values())
            self.whole(given["state"], "setup leaves state")
            return result
        handed = (
            self.stand_in(each, value) if each in WRITTEN or each in SHOWN else value for each, value in given.items()
        )
        result = function(*handed)
        self.result(name, result)
        for desk in [given["desk"]] if "desk" in given else [leg.desk for leg in given.get("hedges", ())]:
            for i in range(desk.live_count):
                self.whole(desk.orders[desk.live[i]], f"{name} leaves an order with")
        return result

    def fault(self, text: str) -> None:
        """Takes down what is wrong."""
        if len(self.faults) < 10:
            self.faults.append(text)

    def stand_in(self, name: str, record: Any) -> Any:
        """Returns what stands in for a record, the same one every time; for what is no record, that itself."""
        if not attrs.has(type(record)):
            return record
        known = self.stands.get(id(record))
        if known is None or known[0] is not record:
            known = self.stands[id(record)] = (record, Strict(self, name, record))
        return known[1]

    def result(self, name: str, result: Any) -> None:
        """Looks at what a function returned."""
        if isinstance(result, list):
            self.fault(f"{name} returns a list: return a tuple")
        values = result if isinstance(result, tuple | list) else (result,)
        wanted = returned(name)
        for place, value in enumerate(values):
            kind = type_of(value)
            before = self.returned.setdefault((name, place), kind)
            which = f" (number {place + 1})" if len(values) > 1 else ""
            if kind != before:
                self.fault(f"{name} returns {before} once and {kind} another time{which}: {value!r}")
            elif kind.startswith("numpy"):
                self.fault(f"{name} returns {kind}{which}: {value!r}")
            elif place < len(wanted) and not fits(wanted[place], kind):
                self.fault(f"{name} returns {kind}, not {wanted[place]}{which}: {value!r}")

    def whole(self, record: Any, where: str) -> None:
        """Looks at everything that is in a record."""
        for field, kind in kinds(type(record)).values():  # type: ignore[arg-type]
            value = getattr(record, field.name)
            for each in value if "array" in field.metadata else (value,):
                wrong = mistake(kind, each, field.metadata)
                if wrong:
                    self.fault(f"{where}.{field.name} = {each!r}: {wrong}")
                    break


class Strict:
    """Stands in for a record: reads are those of the record, assignments are looked at first."""

    __slots__ = ("_arrays", "_kinds", "_name", "_record", "_watch")

    def __init__(self, watch: Watch, name: str, record: Any) -> None:
        put = object.__setattr__
        put(self, "_watch", watch)
        put(self, "_name", name)
        put(self, "_record", record)
        put(self, "_arrays", {})
        put(self, "_kinds", kinds(type(record)))  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._record, name)
        found = self._kinds.get(name)
        if found is None or "array" not in found[0].metadata:
            return value
        if name not in self._arrays or self._arrays[name].values is not value:
            writes = self._name in WRITTEN
            self._arrays[name] = Array(self._watch, f"{self._name}.{name}", value, found[1], found[0].metadata, writes)
        return self._arrays[name]

    def __setattr__(self, name: str, value: Any) -> None:
        said = f"{self._name}.{name} = {value!r}"
        found = self._kinds.get(name)
        if self._name in SHOWN:
            self._watch.fault(f"{said}: a rule is only shown its {self._name} ({line()})")
        elif found is not None and "array" in found[0].metadata:
            whole = f"{self._name}.{name} is assigned as a whole"
            self._watch.fault(f"{whole}: compiled it is copied; write its elements ({line()})")
        elif found is not None:
            wrong = mistake(found[1], value, found[0].metadata)
            if wrong:
                self._watch.fault(f"{said}: {wrong} ({line()})")
        setattr(self._record, name, value.values if isinstance(value, Array) else value)


class Array:
    """Stands in for an array of a record."""

    __slots__ = ("kind", "metadata", "name", "values", "watch", "writes")

    def __init__(self, watch: Watch, name: str, values: list[Any], kind: type, metadata: Any, writes: bool) -> None:
        self.watch, self.name, self.values, self.kind = watch, name, values, kind
        self.metadata, self.writes = metadata, writes

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, at: Any) -> Any:
        self.look(at)
        return self.values[at]

    def __setitem__(self, at: Any, value: Any) -> None:
        self.look(at)
        if not self.writes:
            self.watch.fault(f"{self.name}[{at!r}] = {value!r}: a rule is only shown it ({line()})")
        wrong = mistake(self.kind, value, self.metadata)
        if wrong:
            self.watch.fault(f"{self.name}[{at!r}] = {value!r}: {wrong} ({line()})")
        self.values[at] = value

    def look(self, at: Any) -> None:
        """Looks at an index."""
        if isinstance(at, slice):
            self.watch.fault(f"{self.name} is read in a slice: a copy in Python, none compiled ({line(3)})")
        elif not isinstance(at, int) or isinstance(at, bool):
            self.watch.fault(f"{self.name}[{at!r}]: the index is {type_of(at)} ({line(3)})")
        elif not -len(self.values) <= at < len(self.values):
            self.watch.fault(f"{self.name}[{at}]: out of range, it has {len(self.values)} places ({line(3)})")


def line(depth: int = 2) -> str:
    """Returns file and line of the rule's code that is at work."""
    frame = sys._getframe(depth)
    return f"{frame.f_code.co_filename.rsplit('/', 1)[-1]}:{frame.f_lineno}"


@cache
def kinds(cls: type) -> "dict[str, tuple[attrs.Attribute[Any], type]]":
    """Returns, by name, the fields of a record that hold numbers or arrays of them, each with float, int or bool."""
    found: dict[str, tuple[attrs.Attribute[Any], type]] = {}
    hints = hints_of(cls)
    for field in attrs.fields(cls):
        kind = hints.get(field.name)
        kind = field.metadata["array"][0] if "array" in field.metadata else getattr(kind, "__supertype__", kind)
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            kind = int
        if kind in (float, int, bool):
            found[field.name] = (field, kind)
    return found


def mistake(kind: type, value: Any, metadata: Any) -> str:
    """Returns what is wrong with a number for a field of a kind, or ''."""
    got = type_of(value)
    if kind is float:
        if got == "a whole number" and abs(value) > EXACT:
            return "no float is equal to it"
        return "" if got in ("a float", "a whole number") else f"the field is for floats, this is {got}"
    if kind is bool:
        return "" if got == "true or false" else f"the field is for true and false, this is {got}"
    if got != "a whole number":
        return f"the field is for whole numbers, this is {got}"
    if not -LARGEST <= value < LARGEST:
        return "more than 64 bits hold"
    for bound, outside in (
        ("at_least", int.__lt__),
        ("at_most", int.__gt__),
        ("above", int.__le__),
        ("below", int.__ge__),
    ):
        limit = metadata.get(bound)
        if limit is not None and outside(int(value), int(limit)):
            return f"its declared bounds are others ({bound} {limit:g})"
    return ""


def fits(wanted: str, kind: str) -> bool:
    """Returns whether a result is of the type that the kernel reads; true and false may come from comparisons of any kind."""
    allowed = {
        "float64": ("a float", "a whole number"),
        "int64": ("a whole number",),
        "boolean": ("true or false",),
    }
    return kind in allowed[wanted]


def type_of(value: Any) -> str:
    """Returns what a value is, in words."""
    module = type(value).__module__
    if module == "numpy":
        return f"numpy.{type(value).__name__}"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int):
        return "a whole number"
    if isinstance(value, float):
        return "a float"
    if value is None:
        return "nothing"
    return f"a {type(value).__name__}"
