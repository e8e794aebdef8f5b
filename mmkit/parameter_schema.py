"""The JSON schema of one parameter: its type, range and default, and in words its unit and what it is."""

import math
from typing import Any

import attrs

from mmkit.fields import Duration, sentence
from mmkit.kinds import Kind, spelled_duration
from mmkit.overrides import toml_value
from mmkit.page_block import default_of

Json = dict[str, Any]

_BOUNDS = {"above": "exclusiveMinimum", "at_least": "minimum", "below": "exclusiveMaximum", "at_most": "maximum"}


def parameter(field: "attrs.Attribute[Any]", annotation: Any, kind: Kind) -> Json:
    """Returns the draft-07 schema of the values that a stack file may give to a parameter."""
    made: Json = {"description": said(field), **kind.json}
    bounds = {name: field.metadata[name] for name in _BOUNDS if field.metadata.get(name) is not None}
    limits = {_BOUNDS[name]: value for name, value in bounds.items()}
    if "pattern" in made and (annotation is Duration or max(bounds.get("above", -1), bounds.get("at_least", -1)) >= 0):
        made["pattern"] = _unsigned(made["pattern"], positive="above" in bounds)
    if annotation is Duration:
        # What a pattern cannot say: "50ns" and "1h" in one scale.
        words = [f"{name.replace('_', ' ')} {spelled_duration(int(value))}" for name, value in bounds.items() if value]
        made["description"] += f" ({', '.join(words)})" if words else ""
    elif kind.many and kind.number:
        made |= {"items": {**made["items"], **limits}, "maxItems": field.metadata["capacity"]}
    else:
        made |= limits
    if field.metadata.get("deprecated"):
        made["deprecated"] = True
    return made | _default(field, kind, made)


def said(field: "attrs.Attribute[Any]") -> str:
    """Returns unit and sentence of a parameter or an input, "1/quote: risk aversion"."""
    return ": ".join(text for text in (field.metadata.get("unit", ""), sentence(field)) if text)


def _unsigned(pattern: str, *, positive: bool) -> str:
    """Returns the pattern of a number with a unit for those without a minus, perhaps without zero too."""
    for sign, without in ((r"^\s*-?", r"^\s*"), (r"^\s*[-+]?", r"^\s*\+?")):
        if pattern.startswith(sign):
            pattern = without + pattern.removeprefix(sign)
    return pattern.replace(r"^\s*", r"^\s*(?=[+.0]*[1-9])", 1) if positive else pattern


def _default(field: "attrs.Attribute[Any]", kind: Kind, made: Json) -> Json:
    """Returns the default; where it is infinity, which JSON cannot write, that it may be given and in words that it is."""
    written = default_of(field, kind)
    value = toml_value(written) if written else None
    if isinstance(value, float) and math.isinf(value):
        types = made["type"] if isinstance(made["type"], list) else [made["type"]]
        # An editor's validator sees null where TOML has inf.
        return {"type": [*types, "null"], "description": f"{made['description']} (left out: inf)"}
    return {} if value is None else {"default": value}
