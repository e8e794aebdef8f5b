# mypy: disable-error-code="no-untyped-call, attr-defined"
"""Machine code for a whole stack at once.

numba finishes every function by itself: it links what the function calls into it, optimizes that twice and writes machine code. A function
five calls deep is optimized five times and more, and only the entry function is ever called from Python. Here the others stay as the
compiler's front end left them, and the entry function is linked with all of them, optimized and written once.

This leans on parts of numba that are private (decision 9). Where they are missing, or fail, `jit.py` leaves them out, and
numba compiles as it always does: slower, to the same bits.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from numba.core import codegen, compiler, targetconfig, types

NEEDLESS = {
    "WithLifting", "InlineClosureLikes", "RewriteSemanticConstants", "DeadBranchPrune", "GenericRewrites", "RewriteDynamicRaises",
    "MakeFunctionToJitFunction", "InlineInlinables", "FindLiterallyCalls", "LiteralUnroll", "LiteralPropagationSubPipelinePass",
    "InlineOverloads", "NopythonRewrites", "NoPythonSupportedFeatureValidation", "AnnotateTypes", "DumpParforDiagnostics",
}  # fmt: skip
"""numba's passes for what the kernel does not have: closures, `with`, raised exceptions, arithmetic on whole arrays, branches on types."""


class Part(codegen.JITCodeLibrary):
    """The code of a function that only compiled functions call; it becomes machine code as part of theirs."""

    def __init__(self, owner: Any, name: str) -> None:
        super().__init__(owner, name)
        self.environments: dict[str, Any] = {}

    def _optimize_functions(self, module: Any) -> None:
        """The whole is optimized, not its parts."""
        module.data_layout = self._codegen._data_layout

    def finalize(self) -> None:
        """Leaves the code as it is: nothing is linked in, optimized or written."""
        self._raise_if_finalized()
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """There is no machine code of its own."""
        return 0

    @property
    def codegen(self) -> Any:
        """What numba asks to put an environment in its place."""
        return self

    def set_env(self, name: str, environment: Any) -> None:
        """Keeps an environment until its place exists."""
        self.environments[name] = environment


class Whole(codegen.JITCodeLibrary):
    """The code of a function that Python calls, with everything that it reaches."""

    def finalize(self) -> None:
        """Links every part once, optimizes, writes machine code, and puts the parts' environments in their places."""
        reached = list(reach(self))
        self._linking_libraries = reached
        for library in reached:
            self._reload_init.update(library._reload_init)
        self.entries = {each.name for each in self._final_module.functions}
        super().finalize()
        for library in reached:
            for name, environment in getattr(library, "environments", {}).items():
                if self._codegen._engine.is_symbol_defined(name):
                    self._codegen.set_env(name, environment)

    def _optimize_final_module(self) -> None:
        """Optimizes the whole: nobody else calls a part, so that one with a single caller becomes part of it."""
        for each in self._final_module.functions:
            if not each.is_declaration and each.name not in self.entries and each.name.startswith("_ZN"):
                each.linkage = "internal"
        super()._optimize_final_module()


def reach(library: Any, seen: set[int] | None = None) -> Iterator[Any]:
    """Yields every library that a library needs, each once; numba's own are whole and need no others."""
    seen = set() if seen is None else seen
    for needed in library._linking_libraries:
        if id(needed) not in seen:
            seen.add(id(needed))
            yield needed
            if isinstance(needed, Part):
                yield from reach(needed, seen)


class Settings(compiler.Flags):
    """A function's settings as a key that is cheap: numba looks them up with every operator, and its own compare thirty fields."""

    def __hash__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return type(other) is Settings and self._values == other._values


class Arguments(tuple[Any, ...]):
    """Types of arguments that are not written out: numba does so before each of some thirty passes, record by record."""

    def __repr__(self) -> str:
        return "(...)"


known: dict[Any, tuple[Any, Any]] = {}
"""What numba found for an operator or a built-in function and types of arguments: the signature, and which implementation it means."""


def remembering(context: Any) -> Any:
    """Returns a view of numba's typing context that looks up an operator once for given types, not at every place where it is used.

    numba tries the definitions of `+` in turn, those for arrays, lists, sets, strings, …: of a stack's 2,832 searches 184 were different.
    """
    plain: Any = type(context)
    kind = viewed(plain)
    view = kind.__new__(kind)
    view.__dict__ = context.__dict__
    return view


@cache
def viewed(plain: Any) -> Any:
    """Returns a class of typing contexts that remembers."""

    class Remembering(plain):  # type: ignore[misc]
        """Shares all it has with the context that it is a view of."""

        def __hash__(self) -> int:
            return id(self.__dict__)

        def __eq__(self, other: object) -> bool:
            return type(other) is type(self) and other.__dict__ is self.__dict__

        def resolve_function_type(self, func: Any, args: Any, kws: Any) -> Any:
            """Returns the signature of a call; the memory is for built-in functions alone."""
            if type(func) is not types.Function or kws:
                return super().resolve_function_type(func, args, kws)
            # Settings reach the implementations that numba compiles for a call.
            key = (func, tuple(args), targetconfig.ConfigStack.top_or_none())
            if key not in known:
                found = super().resolve_function_type(func, args, kws)
                if found is None:
                    return None
                known[key] = found, func._impl_keys.get(found.args)
            found, implementation = known[key]
            if implementation is not None:  # other code in this process may have asked with other settings since
                func._impl_keys[found.args] = implementation
            return found

    return Remembering


def searching(get_function: Any) -> Any:
    """Returns numba's search for an implementation, which reads all its registries anew before it gives up; for arrays it always does."""

    def found(function: Any, signature: Any, _firstcall: bool = True) -> Any:
        return get_function(function, signature, _firstcall=_firstcall and function != "__array__")

    return found


class InnerCompiler(compiler.Compiler):
    """Compiles a function that only compiled functions call."""

    library = Part

    def compile_extra(self, func: Any) -> Any:
        """Compiles into a library of our own."""
        self.state.flags = Settings(self.state.flags)
        self.state.args = Arguments(self.state.args)
        self.state.typingctx = remembering(self.state.typingctx)
        self.state.targetctx.get_function = searching(self.state.targetctx.get_function)
        self.state.library = self.library(self.state.targetctx.codegen(), func.__qualname__)
        self.state.library.enable_object_caching()
        return super().compile_extra(func)


class KernelCompiler(InnerCompiler):
    """Compiles a function of the kernel's own, which is known to need less."""

    def define_pipelines(self) -> Any:
        """Returns numba's passes without those that would find nothing."""
        pipelines: Any = super().define_pipelines()
        for each in pipelines:
            each.passes = [(one, said) for one, said in each.passes if one.__name__ not in NEEDLESS]
            each.finalize()
        return pipelines


class WholeCompiler(InnerCompiler):
    """Compiles a function that Python calls."""

    library = Whole  # type: ignore[assignment]
