"""Where a rule's classes and functions are written, and what a misspelt one of its parts was meant to be."""

import inspect
import re
from typing import Any

import attrs

from mmkit.errors import nearest
from mmkit.rules import ROLES, NoState, Rule


def place(rule: Rule, fault: str) -> str:
    """Returns " (FILE:LINE)" of the class, field or function that a fault of a rule begins with; '' where that is not known."""
    found = re.match(r"(\w+)(?:\.(\w+))?", fault)
    name, field = (found[1], found[2]) if found else ("", None)
    if name == "output" and rule.state is not NoState:
        name, field = "state", None
    for part in ("params", "state", "inputs", "terms", "constants"):
        cls = getattr(rule, part, None)
        if isinstance(cls, type) and name in (part, cls.__name__):
            return _class_place(cls, field)
    return head(getattr(rule, name, None))


def _class_place(cls: type, field: str | None) -> str:
    try:
        lines, first = inspect.getsourcelines(cls)
        file = inspect.getsourcefile(cls)
    except (OSError, TypeError):
        return ""
    declared = (number for number, line in enumerate(lines) if re.match(rf"\s+{field}\s*[:=]", line))
    head = next((number for number, line in enumerate(lines) if line.lstrip().startswith("class ")), 0)
    return f" ({file}:{first + (next(declared, head) if field else head)})"


def misnamed(error: BaseException) -> str:
    """Returns what an argument that no role's class has could have been meant as; '' for every other error."""
    found = re.match(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'", str(error))
    cls = next((cls for cls in ROLES.values() if found and cls.__name__ == found[1]), None)
    if not isinstance(error, TypeError) or found is None or cls is None:
        return ""
    known = nearest(found[2], attrs.fields_dict(cls)) or f"; it has {', '.join(attrs.fields_dict(cls))}"
    return f'mmkit.{found[1]} has no "{found[2]}"{known}'


def head(function: Any) -> str:
    """Returns " (FILE:LINE)" of a function; '' where that is not known."""
    code = getattr(function, "__code__", None)
    return f" ({code.co_filename}:{code.co_firstlineno})" if code is not None else ""
