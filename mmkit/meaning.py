"""What the names in a function mean, without running it."""

import ast
import builtins
import math
import types
from typing import Any

import attrs


@attrs.define
class Names:
    """A plain function, its syntax, and what is known of its names.

    classes: of its arguments that are records, by name.
    """

    function: Any
    node: Any
    classes: dict[str, type]

    def meaning(self, node: ast.AST) -> Any:
        """Returns what a name, or an attribute of a module or enum, stands for; None for what is local, undefined or computed."""
        if isinstance(node, ast.Attribute):
            owner = self.meaning(node.value)
            return getattr(owner, node.attr, None) if isinstance(owner, types.ModuleType) else None
        if not isinstance(node, ast.Name) or self.is_local(node.id):
            return None
        code = self.function.__code__
        if node.id in code.co_freevars:
            cell = (self.function.__closure__ or ())[code.co_freevars.index(node.id)]
            return cell.cell_contents
        return self.function.__globals__.get(node.id, getattr(builtins, node.id, None))

    def is_local(self, name: str) -> bool:
        """Returns whether a name is the function's own, or one of a function or comprehension in it."""
        return name in own_names(self.function.__code__)

    def class_of(self, node: ast.AST) -> type | None:
        """Returns the class of a record that an argument is."""
        return self.classes.get(node.id) if isinstance(node, ast.Name) else None

    def array_of(self, node: ast.AST) -> str:
        """Returns the name of the array that "state.ring" is, or ''."""
        cls = self.class_of(node.value) if isinstance(node, ast.Attribute) else None
        if cls is None or not isinstance(node, ast.Attribute):
            return ""
        field = attrs.fields_dict(cls).get(node.attr)
        return ast.unparse(node) if field is not None and is_array(field) else ""

    def number(self, node: ast.AST) -> float | None:
        """Returns the value of a constant, or of a global that is one."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = self.number(node.operand)
            return None if inner is None else -inner
        value = node.value if isinstance(node, ast.Constant) else self.meaning(node)
        return value if isinstance(value, int | float) and math.isfinite(value) else None


def is_array(field: Any) -> bool:
    """Returns whether a field is an array."""
    return "array" in field.metadata or "records" in field.metadata


def own_names(code: types.CodeType) -> set[str]:
    """Returns the names that belong to a function or to what is written in it."""
    found = {*code.co_varnames, *code.co_cellvars}
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            found |= own_names(each)
    return found
