"""What the compiler does not take or takes otherwise, construct by construct, each with its usual replacement."""

import ast

REFUSED, BITS, OUTSIDE = "refused", "bits", "outside"
"""It cannot be compiled; it gives another result compiled; it compiles, and takes memory at every call."""

SAME_MATH = (
    *(
        "acos",
        "acosh",
        "asin",
        "asinh",
        "atan",
        "atan2",
        "atanh",
        "ceil",
        "copysign",
        "cos",
        "cosh",
        "degrees",
        "erf",
        "erfc",
    ),
    *(
        "exp",
        "exp2",
        "expm1",
        "fabs",
        "floor",
        "frexp",
        "gcd",
        "isfinite",
        "isinf",
        "isnan",
        "ldexp",
        "log",
        "log10",
        "log1p",
        "log2",
    ),
    *("nextafter", "pow", "radians", "sin", "sinh", "sqrt", "tan", "tanh", "trunc"),
)
"""Functions of `math` that compile to the same bits."""

OTHER_MATH = {
    "hypot": "math.sqrt(x * x + y * y)",
    "gamma": "a table made in setup",
    "lgamma": "a table made in setup",
}
"""Those that compile to other bits, with what to write instead."""

INSTEAD_OF_MATH = {
    "fsum": "a loop that adds",
    "prod": "a loop that multiplies",
    "dist": "math.sqrt of the sum of squares",
    "isclose": "abs(a - b) <= tolerance",
    "fmod": "x % y",
    "modf": "math.floor(x) and x - math.floor(x)",
    "cbrt": "math.copysign(abs(x) ** third, x) with a third that is computed",
    "isqrt": "int(math.sqrt(n))",
    **dict.fromkeys(("factorial", "comb", "perm"), "a table made in setup"),
}

BUILTINS = {
    "open": "read files in setup",
    "input": "a parameter",
    "reversed": "range(n - 1, -1, -1)",
    "tuple": "write the tuple out",
    "any": "a loop, or `or`",
    "all": "a loop, or `and`",
    "setattr": "state.name = value",
    "delattr": "a number that means absent",
    **dict.fromkeys(
        ("eval", "exec", "compile", "globals", "locals", "vars", "dir", "super", "callable"), "plain statements"
    ),
    **dict.fromkeys(
        ("bytes", "bytearray", "memoryview", "frozenset", "object", "format", "ascii"), "numbers and arrays of numbers"
    ),
    "print": 'an output, or mmkit.step("name", value, "unit"), which explain shows',
    "id": "a number of your own",
}
"""Built-in functions that are not compiled."""

REDUCTIONS = {
    *(
        "sum",
        "mean",
        "average",
        "std",
        "var",
        "median",
        "dot",
        "vdot",
        "prod",
        "cumsum",
        "cumprod",
        "nansum",
        "nanmean",
        "nanstd",
    ),
    *(
        "nanvar",
        "trapz",
        "trapezoid",
        "percentile",
        "quantile",
        "corrcoef",
        "cov",
        "convolve",
        "polyfit",
        "linalg",
        "interp",
    ),
}
"""Functions of numpy that add up in another order than plain Python does."""

LIST_METHODS = {"append", "extend", "insert", "pop", "remove", "clear", "index", "count", "sort", "reverse", "copy"}

MODULES = {
    "time": "market.now, ns since 1970",
    "datetime": "market.now, ns since 1970",
    "statistics": "a loop that adds",
    "itertools": "nested loops",
    "os": "a parameter, or setup",
    "logging": 'mmkit.step("name", value, "unit"), which explain shows',
}

NODES: dict[type, tuple[str, str, str]] = {
    ast.Dict: (OUTSIDE, "a dict", "fields of State, or an array with an index"),
    ast.DictComp: (OUTSIDE, "a dict comprehension", "an array of State, filled in a loop"),
    ast.ListComp: (OUTSIDE, "a list comprehension", "an array of State (mmkit.array), filled in a loop"),
    ast.Set: (OUTSIDE, "a set", "an array of 0 and 1, or the bits of an int"),
    ast.SetComp: (REFUSED, "a set comprehension", "an array of 0 and 1, or the bits of an int"),
    ast.GeneratorExp: (REFUSED, "a generator expression", "a loop"),
    ast.With: (REFUSED, "with", "what has to be opened is opened in setup"),
    ast.AsyncWith: (REFUSED, "with", "what has to be opened is opened in setup"),
    ast.Await: (REFUSED, "await", "a plain call: a rule waits for nothing"),
    ast.AsyncFor: (REFUSED, "async", "a plain loop: a rule waits for nothing"),
    ast.ClassDef: (REFUSED, "a class", "fields of State"),
    ast.Global: (REFUSED, "a global that is assigned", "a field of State: it is made anew for every run"),
    ast.Nonlocal: (REFUSED, "nonlocal", "a field of State"),
    ast.Import: (REFUSED, "an import", "import at the top of the module"),
    ast.ImportFrom: (REFUSED, "an import", "import at the top of the module"),
    ast.MatchSequence: (REFUSED, "match on a sequence", "if and elif on the numbers"),
    ast.MatchMapping: (REFUSED, "match on a mapping", "if and elif on the numbers"),
    ast.MatchClass: (REFUSED, "match on a class", "if and elif on the numbers"),
}
"""What is told by its syntax alone."""
