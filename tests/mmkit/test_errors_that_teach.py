"""What a stranger reads when a plugin of theirs is wrong: one line each, with the file and line where it is written."""

from pathlib import Path

import pytest

from mmkit.errors import MmkitError
from mmkit.runs import attempt
from mmkit.settings import read

PLUGIN = """
import math

import attrs
import mmkit


@attrs.frozen
class Params:
    gain: float = mmkit.field(1.0, unit="factor", above=0, doc="how much")


@attrs.define
class State:
    value: float = math.nan


@attrs.define
class Inputs:
    volatility: float = mmkit.required(unit="price/sqrt(s)")
    order_size: float = mmkit.required(unit="base")


@attrs.define
class Terms:
    half: float = 0.0


def on_book(params, state, market):
    state.value = market.mid * params.gain


def prepare(params, terms, volatility, order_size):
    terms.half = 0.02 + 0.0 * volatility * order_size


def quote(params, state, market, inputs, terms):
    return market.mid, terms.half, terms.half


@mmkit.hookimpl
def mmkit_signals():
    return mmkit.Signal("mine", params=Params, state=State, outputs={"value": "quote"}, on_book=on_book)


@mmkit.hookimpl
def mmkit_pricing():
    return mmkit.Pricing("lean", inputs=Inputs, terms=Terms, prepare=prepare, quote=quote)


def levels(params, state, market, ladder, bid_qty, ask_qty):
    ladder.levels = 0


def sizes(params, state, market):
    return 1.0, 1.0


def triggers(params):
    return 1


def most(params, levels, latency):
    return 64


def next_time(params, state, market):
    return market.now + 100_000_000


def act(params, state, market, ladder, desk):
    pass


def watch(params, state, market, account, desk, control):
    return 0


@mmkit.hookimpl
def mmkit_ladder():
    return mmkit.Ladder("flat", levels=levels)


@mmkit.hookimpl
def mmkit_sizing():
    return mmkit.Sizing("one", state=attrs.make_class("S", {"order_size": attrs.field(default=0.1, type=float)}, slots=True), outputs={"order_size": "base"}, sizes=sizes)


@mmkit.hookimpl
def mmkit_execution():
    return mmkit.Execution("idle", triggers=triggers, most=most, next_time=next_time, act=act)


@mmkit.hookimpl
def mmkit_risk():
    return mmkit.Risk("calm", watch=watch)
"""  # noqa: E501

STACK = """
[stack]
plugins = ["bad.py"]
[instruments.SIM]
tick_size = 0.01
lot_size = 0.001
[instruments.SIM.market]
use = "book"
duration = "2s"
[signals.sigma]
use = "volatility"
warm_up = "1s"
[signals.mine]
use = "mine"
[sizing]
use = "one"
[pricing]
use = "lean"
[ladder]
use = "flat"
[execution]
use = "idle"
[risk.calm]
use = "calm"
[report]
"""

BEFORE = "plugin file {file}: "
MINE = BEFORE + 'rule "mine": '
LEAN = BEFORE + 'rule "lean": '
SIGNAL = 'return mmkit.Signal("mine"'
HOOK = "@mmkit.hookimpl\ndef mmkit_signals():"
GIVEN = "(reservation price, half-spread to the bid, half-spread to the ask)"

LOADED = {
    "arguments": (
        ("def on_book(params, state, market)", "def on_book(params, state)"),
        MINE + "on_book(params, state) is given (params, state, market)",
        "def on_book",
    ),
    "their order": (
        ("def on_book(params, state, market)", "def on_book(state, params, market)"),
        MINE
        + "on_book(state, params, market) takes them in another order than it is given them: (params, state, market)",
        "def on_book",
    ),
    "no marker": (
        ("@mmkit.hookimpl\ndef mmkit_signals", "def mmkit_signals"),
        BEFORE + "mmkit_signals is not decorated with @mmkit.hookimpl",
        "def mmkit_signals",
    ),
    "misspelt hook": (
        ("def mmkit_signals", "def mmkit_signal"),
        BEFORE + 'unknown hook mmkit_signal (did you mean "mmkit_signals"?)',
        HOOK.replace("signals", "signal"),
    ),
    "hook with arguments": (
        ("def mmkit_signals()", "def mmkit_signals(config)"),
        BEFORE + "mmkit_signals(config): a hook takes no arguments",
        "",
    ),
    "no return": ((SIGNAL, SIGNAL[7:]), BEFORE + "mmkit_signals returns nothing, not mmkit.Signal", HOOK),
    "another role's": (
        (SIGNAL, 'return mmkit.Risk("mine", watch=watch)\n    ' + SIGNAL),
        BEFORE + "mmkit_signals returns Risk, not mmkit.Signal",
        HOOK,
    ),
    "misspelt function": (
        ("on_book=on_book", "on_bok=on_book"),
        BEFORE + 'mmkit_signals: mmkit.Signal has no "on_bok" (did you mean "on_book"?)',
        HOOK,
    ),
    "no function": (
        (", on_book=on_book", ""),
        MINE + "has none of on_book, on_trade, on_fill, on_clock: nothing would ever call it",
        "",
    ),
    "no function at all": (
        (", quote=quote)", ")"),
        BEFORE + 'mmkit_pricing raised {file}:{line}: TypeError: pricing rule "lean" has no function quote',
        "return mmkit.Pricing",
    ),
    "misspelt role": (
        ("mmkit.Signal(", "mmkit.Signl("),
        BEFORE + "mmkit_signals raised {file}:{line}: AttributeError: module 'mmkit' has no attribute 'Signl' "
        '(did you mean "Signal"?)',
        "return mmkit.Signl",
    ),
    "generator": (
        ("    state.value = market.mid", "    yield market.mid"),
        MINE + "on_book is a generator or async: calling it runs nothing; return instead",
        "def on_book",
    ),
    "no function but a number": (("quote=quote)", "quote=3)"), LEAN + "quote is not a function", ""),
    "params thawed": (
        ("@attrs.frozen\nclass Params", "@attrs.define\nclass Params"),
        MINE + "Params is not frozen (use @attrs.frozen)",
        "class Params",
    ),
    "params plain": (
        ("@attrs.frozen\nclass Params", "class Params"),
        MINE + "params is not an attrs class",
        "class Params",
    ),
    "parameter of a type": (
        ('gain: float = mmkit.field(1.0, unit="factor", above=0', 'gain: str = mmkit.field("a"'),
        MINE + "Params.gain: a parameter of a signals rule cannot be of type str",
        "    gain: str",
    ),
    "parameter of none": (
        ("    gain: float =", "    gain ="),
        MINE + "Params.gain: a parameter of a signals rule cannot be without a type",
        "    gain =",
    ),
    "state without a first value": (
        ("    value: float = math.nan", "    value: float"),
        MINE + "State.value: has no first value",
        "    value: float",
    ),
    "state frozen": (
        ("@attrs.define\nclass State", "@attrs.frozen\nclass State"),
        MINE + "State is frozen: state changes (use @attrs.define)",
        "class State",
    ),
    "text in the state": (
        ("    value: float = math.nan", '    value: float = math.nan\n    name: str = ""'),
        MINE + "State.name: state cannot hold str (arrays: mmkit.array)",
        "    name: str",
    ),
    "annotation": (
        ("    value: float = math.nan", '    value: "flot" = math.nan'),
        MINE + "State has an annotation that means nothing: name 'flot' is not defined",
        "class State",
    ),
    "misspelt output": (
        ('outputs={"value"', 'outputs={"vaule"'),
        MINE + 'output "vaule" is not a field of State (did you mean "value"?)',
        "class State",
    ),
    "output without a state": (
        ("params=Params, state=State", "params=Params"),
        MINE + 'output "value" is a field of the state, and the rule has none (state=State)',
        "",
    ),
    "prepare in another order": (
        ("def prepare(params, terms, volatility, order_size)", "def prepare(params, terms, order_size, volatility)"),
        LEAN + "prepare takes the inputs in another order than Inputs has them",
        "def prepare",
    ),
    "prepare of fewer": (
        ("def prepare(params, terms, volatility, order_size)", "def prepare(params, terms, volatility)"),
        LEAN + "prepare(params, terms, volatility) is given (params, terms, volatility, order_size)",
        "def prepare",
    ),
    "an input that is no float": (
        ("    order_size: float =", "    order_size: int ="),
        LEAN + "Inputs.order_size: an input is a float, not int",
        "    order_size: int",
    ),
    "an input without a declaration": (
        ('    order_size: float = mmkit.required(unit="base")', "    order_size: float"),
        BEFORE
        + "{file}:{line}: ValueError: No mandatory attributes allowed after an attribute with a default value or "
        "factory. order_size (an input: mmkit.required or mmkit.field(0.0))",
        "@attrs.define\nclass Inputs",
    ),
    "syntax": (
        ("    state.value = market", "    state.value == = market"),
        BEFORE + "{file}:{line}: SyntaxError: invalid syntax",
        "    state.value == =",
    ),
    "import": (
        ("import attrs", "import atrs"),
        BEFORE + "{file}:{line}: ModuleNotFoundError: No module named 'atrs'",
        "import atrs",
    ),
}


def number(source: str, text: str) -> int:
    """Returns the number of the line in which a text begins."""
    return source[: source.index(text)].count("\n") + 1


def fault(folder: Path, source: str, stack: str = STACK, *, to_the_end: bool = False) -> tuple[int, str]:
    """Returns the exit code and the text of what is wrong with a plugin and a stack; to_the_end: it is run."""
    (folder / "bad.py").write_text(source)
    (folder / "stack.toml").write_text(stack)
    with pytest.raises(MmkitError) as caught:
        end(folder / "stack.toml", to_the_end)
    return caught.value.exit_code, str(caught.value)


def end(file: Path, to_the_end: bool) -> None:
    """Reads a stack, and raises what ends its run."""
    read(file)
    if to_the_end:
        error = attempt(file, engine="python").error
        assert error is not None
        raise error


def test_without_a_fault_it_runs(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(PLUGIN)
    (tmp_path / "stack.toml").write_text(STACK)
    assert attempt(tmp_path / "stack.toml", engine="python").error is None


@pytest.mark.parametrize(("change", "said", "at"), LOADED.values(), ids=LOADED)
def test_what_is_wrong_with_a_plugin(tmp_path: Path, change: tuple[str, str], said: str, at: str) -> None:
    assert change[0] in PLUGIN
    source = PLUGIN.replace(*change)
    file = tmp_path / "bad.py"
    line = number(source, at)
    expected = said.format(file=file, line=line)
    if at and "{line}" not in said:
        expected += f" ({file}:{line})"
    assert fault(tmp_path, source) == (4, expected)


WIRED = {
    "unknown input": (
        'use = "lean"\ninputs = { volatilty = "sigma.value" }',
        'pricing.inputs.volatilty: unknown input of "lean" (did you mean "volatility"?)',
    ),
    "unknown output": (
        'use = "lean"\ninputs = { volatility = "sigma.vlue" }',
        'pricing.inputs.volatility: "sigma" publishes no "vlue" (did you mean "value"?); it publishes value, daily',
    ),
    "unknown signal": (
        'use = "lean"\ninputs = { volatility = "sgma.value" }',
        'pricing.inputs.volatility: there is no signal "sgma" (did you mean "sigma"?)',
    ),
    "another unit": (
        'use = "lean"\ninputs = { volatility = "mine.value" }',
        "pricing.inputs.volatility: expects price/sqrt(s), mine.value gives quote; of that unit there is sigma.value",
    ),
}


@pytest.mark.parametrize(("text", "said"), WIRED.values(), ids=WIRED)
def test_what_is_wrong_with_the_wiring(tmp_path: Path, text: str, said: str) -> None:
    stack = STACK.replace('use = "lean"', text)
    assert fault(tmp_path, PLUGIN, stack) == (2, f"{tmp_path / 'stack.toml'}: {said}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gian = 2.0", 'signals.mine.gian: unknown key (did you mean "gain"?)'),
        ('gain = "x"', 'signals.mine.gain: must be a number, is "x"'),
        ("gain = -1.0", "signals.mine.gain: must be above 0 factor, is -1"),
    ],
)
def test_what_is_wrong_with_a_parameter(tmp_path: Path, text: str, said: str) -> None:
    stack = STACK.replace('use = "mine"', f'use = "mine"\n{text}')
    assert fault(tmp_path, PLUGIN, stack) == (2, f"{tmp_path / 'stack.toml'}: {said}")


ANSWERS = {
    "triggers": ("    return 1\n", "    return None\n", "triggers returned None, no whole number"),
    "most": ("    return 64", '    return "a"', "most returned 'a', no whole number"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_before_the_run_that_is_no_number(tmp_path: Path, name: str) -> None:
    old, new, said = ANSWERS[name]
    where = f"({tmp_path / 'bad.py'}:{number(PLUGIN, f'def {name}(')})"
    assert fault(tmp_path, PLUGIN.replace(old, new), to_the_end=True) == (
        4,
        f"execution: idle (bad.py): {said} {where}",
    )


RESULTS = {
    "quote, two numbers": (
        ("return market.mid, terms.half, terms.half", "return market.mid, terms.half"),
        f"pricing: lean (bad.py): quote returned no {GIVEN}: ValueError: not enough values to unpack (expected 3, got 2)",
        "def quote",
    ),
    "quote, a text": (
        ("return market.mid, terms.half, terms.half", "return market.mid, 'a', terms.half"),
        f"pricing: lean (bad.py): quote returned no {GIVEN}: TypeError: ",
        "def quote",
    ),
    "sizes, nothing": (
        ("    return 1.0, 1.0", "    pass"),
        "sizing: one (bad.py): sizes returned no (bid quantity, ask quantity): TypeError: cannot unpack non-iterable NoneType object",
        "def sizes",
    ),
    "levels": (
        ("ladder.levels = 0", "ladder.levels = 0.5"),
        "ladder: flat (bad.py): levels left ladder.levels at 0.5, no whole number: TypeError: ",
        "def levels",
    ),
    "next_time": (
        ("    return market.now + 100_000_000", "    pass"),
        "execution: idle (bad.py): next_time returned no ns: TypeError: ",
        "def next_time",
    ),
    "watch": (("    return 0\n", "    pass\n"), "risk.calm: calm (bad.py): watch returned no level: TypeError: ", "def watch"),
    "state": (
        ("state.value = market.mid * params.gain", "state.value = None"),
        "signals.mine: mine (bad.py): State.value is None at the end, no number",
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "said", "at"), RESULTS.values(), ids=RESULTS)
def test_a_result_that_the_loop_cannot_use(tmp_path: Path, change: tuple[str, str], said: str, at: str) -> None:
    assert change[0] in PLUGIN
    source = PLUGIN.replace(*change)
    code, text = fault(tmp_path, source, to_the_end=True)
    assert code == 4
    assert text.startswith(said)
    assert "\n" not in text
    if at:
        assert f" ({tmp_path / 'bad.py'}:{number(source, at)}, at " in text
