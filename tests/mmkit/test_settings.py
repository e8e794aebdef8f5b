"""Reading a stack: what it becomes, and every way in which it can be wrong."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmkit.errors import ConfigError
from mmkit.settings import read
from mmkit.stack import Kind

Faults = Callable[..., list[str]]
Write = Callable[..., Path]


def test_a_stack_is_complete_with_defaults_where_the_file_is_silent(stack_file: Write) -> None:
    file = stack_file()
    stack = read(file)
    assert (stack.name, stack.seed, stack.quote, stack.record_every) == ("stack", 0, "BTC", 10**9)
    assert stack.leg.instrument.tick_size == 0.1
    assert stack.leg.instrument.maker_fee == 0.0
    assert stack.leg.market.params.path == (file.parent / "btc.csv",)
    assert stack.leg.venue.params.latency == 10_000_000
    assert stack.pricing.params.gamma == 0.1
    assert stack.pricing.params.every == 100_000_000
    assert stack.sizing.params.quantity == 2.0
    assert isinstance(stack.sizing.params.quantity, float)
    assert [slot.rule.name for slot in (stack.ladder, stack.execution, stack.hedging)] == ["single", "requote", "none"]
    assert [(slot.name, slot.path) for slot in stack.signals] == [("volatility", "signals.volatility")]
    assert [(slot.name, slot.path) for slot in stack.risk] == [("limits", "risk.limits")]
    assert stack.reports == ()
    assert stack.pricing.distribution == "toys.py"
    assert stack.ladder.distribution.startswith("mmkit ")
    assert stack.file == file
    assert stack.plugins == (file.parent / "toys.py",)


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("gamma = 3", "gamma", 3.0),
        ("most = inf", "most", float("inf")),
        ('fee = "2bp"', "fee", 0.0002),
        ('fee = "-2.5 bp"', "fee", -0.00025),
        ("fee = 0.5", "fee", 0.5),
        ('every = "1.5ms"', "every", 1_500_000),
        ('every = "2h"', "every", 7_200_000_000_000),
        ('mood = "very-wild"', "mood", 1),
        ('on = ["timer", "book"]', "on", 3),
        ("on = []", "on", 0),
        ("weights = [1, 2.5]", "weights", (1.0, 2.5)),
        ("eager = true", "eager", True),
    ],
)
def test_a_value_is_read_as_its_parameter_declares(stack_file: Write, line: str, key: str, value: Any) -> None:
    base = "gamma = 0.1" if key == "gamma" else "[pricing]"
    stack = read(stack_file((base, line if key == "gamma" else f"{base}\n{line}")))
    assert getattr(stack.pricing.params, key) == value
    assert type(getattr(stack.pricing.params, key)) is not bool or key == "eager"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("gama = 1", 'pricing.gama: unknown key (did you mean "gamma"?)'),
        ("zzzz = 1", "pricing.zzzz: unknown key"),
        ('levels = "3"', 'pricing.levels: must be a whole number, is "3"'),
        ("levels = 3.0", "pricing.levels: must be a whole number, is 3.0"),
        ("levels = true", "pricing.levels: must be a whole number, is true"),
        ("levels = 6", "pricing.levels: must be at most 5, is 6"),
        ("levels = 9223372036854775808", "pricing.levels: must be a whole number, is 9223372036854775808"),
        ('sigma = "0.5"', 'pricing.sigma: must be a number, is "0.5"'),
        ("sigma = true", "pricing.sigma: must be a number, is true"),
        ("sigma = [1]", "pricing.sigma: must be a number, is a list"),
        ("sigma = {a = 1}", "pricing.sigma: must be a number, is a table"),
        ("sigma = 2024-08-08", "pricing.sigma: must be a number, is the time 2024-08-08"),
        ("sigma = -1", "pricing.sigma: must be at least 0 price/sqrt(s), is -1"),
        ("sigma = nan", "pricing.sigma: must be a finite number, is nan"),
        ("sigma = inf", "pricing.sigma: must be a finite number, is inf"),
        ("most = -inf", "pricing.most: must be a finite number, is -inf"),
        ("most = 0", "pricing.most: must be above 0 quote, is 0"),
        ("fee = 1", "pricing.fee: must be below 1, is 1"),
        ('fee = "2%"', 'pricing.fee: must be a fraction such as 0.0002 or "2bp", is "2%"'),
        ('fee = "bp"', 'pricing.fee: must be a fraction such as 0.0002 or "2bp", is "bp"'),
        ("eager = 1", "pricing.eager: must be true or false, is 1"),
        ('mood = "very-wiled"', '"very-wiled" is not one of calm, very-wild (did you mean "very-wild"?)'),
        ("mood = 1", 'pricing.mood: must be one of "calm", "very-wild", is 1'),
        ('on = "timer"', 'pricing.on: must be a list of "timer", "book", is "timer"'),
        ('on = ["timr"]', '"timr" is not one of timer, book (did you mean "timer"?)'),
        ("weights = [1, 2, 3, 4]", "pricing.weights: must have at most 3 entries, has 4"),
        ("weights = [1, -2]", "pricing.weights: must be at least 0, is -2"),
        ('weights = ["1"]', 'pricing.weights: must be a number, is "1"'),
        ("weights = 1", "pricing.weights: must be a list of numbers, is 1"),
        ("every = 100", 'must be a duration with its unit, such as "100s" or "100ms", is 100'),
        ('every = "0ms"', "pricing.every: must be above 0s, is 0s"),
        ('every = "1.5ns"', "is not a whole number of nanoseconds"),
        ('every = "fast"', "is not a duration"),
        ('every = "1e30s"', "longer than 292 years"),
        ('optimizations = ["spred"]', 'pricing.optimizations.use: no optimization plugin "spred"'),
        ("optimizations = 1", "pricing.optimizations: must be a list"),
        ("inputs = 1", "pricing.inputs: must be a section [pricing.inputs]"),
    ],
)
def test_a_wrong_key_or_value_is_one_line_with_its_key(faults: Faults, line: str, fault: str) -> None:
    (found,) = faults(("[pricing]", f"[pricing]\n{line}"))
    assert fault in found
    assert found.startswith("pricing.")


def test_a_missing_key_says_its_unit_and_what_it_is(faults: Faults) -> None:
    assert faults(("gamma = 0.1", "")) == ["pricing.gamma: required (1/quote): risk aversion"]


def test_a_number_too_large_for_a_float_is_a_fault(faults: Faults) -> None:
    assert faults(("gamma = 0.1", "gamma = 1" + "0" * 400)) == [
        "pricing.gamma: must be a number, is a number of too many digits"
    ]


def test_all_faults_come_at_once_in_one_error_in_the_order_of_the_file(faults: Faults) -> None:
    found = faults(
        ("tick_size = 0.1", "tick_size = 0"),
        ('use = "wobble"', 'use = "wobbel"'),
        ("quantity = 2", 'quantity = "2"'),
        ("gamma = 0.1", "gama = 0.1\nlevels = 9"),
    )
    assert [line.split(":")[0] for line in found] == [
        "instruments.BTC.tick_size",
        "signals.volatility.use",
        "sizing.quantity",
        "pricing.gama",
        "pricing.levels",
        "pricing.gamma",
    ]
    assert 'no signals plugin "wobbel" (did you mean "wobble"?)' in found[1]


def test_a_fault_names_the_file_as_the_user_did(stack_file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(stack_file(("gamma = 0.1", "gamma = 0")).parent)
    with pytest.raises(ConfigError, match=r"^stack\.toml: pricing\.gamma: must be above 0 1/quote, is 0$"):
        read(Path("stack.toml"))


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("[prcing]\n", 'prcing: unknown section (did you mean "pricing"?)'),
        ("[risk.more]\nmax = 1\n", "risk.more.use: required: the name of a risk plugin; there are:"),
        ("[risk.more]\nuse = 3\n", "risk.more.use: must be the name of a risk plugin"),
        ('[signals."a.b"]\nuse = "wobble"\n', "signals.a.b: a name is a letter"),
        ('[signals.sizing]\nuse = "wobble"\n', "signals.sizing: a name is a letter"),
    ],
)
def test_a_section_that_cannot_be_is_a_fault(faults: Faults, more: str, fault: str) -> None:
    # What a doubtful signal publishes may fit an input twice; that is a fault of its own.
    assert any(found.startswith(fault) for found in faults(more=more))


def test_names_that_would_collide_as_identifiers_are_refused(faults: Faults) -> None:
    more = '[risk.a-b]\nuse = "toy"\n[risk.a_b]\nuse = "toy"\n'
    assert faults(more=more) == ["risk.a_b: differs from a-b only in hyphens and underscores"]


@pytest.mark.parametrize(
    "section", ["stack", "instruments", "signals", "risk", "report", "ladder", "sizing", "pricing"]
)
def test_a_value_where_a_section_belongs_is_a_fault(tmp_path: Path, section: str) -> None:
    file = tmp_path / "stack.toml"
    file.write_text(f"{section} = 3\n")
    with pytest.raises(ConfigError) as caught:
        read(file)
    assert f"{file}: {section}: must be a section [{section}]" in caught.value.faults


def test_an_empty_file_says_what_a_stack_needs(faults: Faults) -> None:
    found = faults(text="[report]\n")
    assert [line.split(":")[0] for line in found] == ["instruments", "sizing", "pricing"]


def test_several_instruments_need_to_know_which_is_quoted(faults: Faults, stack_file: Write) -> None:
    more = """
        [instruments.ETH]
        tick_size = 0.01
        lot_size = 0.01
        [instruments.ETH.market]
        use = "toy"
        path = "eth.csv"
        [instruments.ETH.venue]
        use = "toy"
    """
    assert faults(more=more) == ["stack.quote: required: which of BTC, ETH is quoted"]
    assert faults(("[stack]", '[stack]\nquote = "ETC"'), more=more) == [
        'stack.quote: no instrument "ETC" (did you mean "ETH"?)'
    ]
    assert read(stack_file(("[stack]", '[stack]\nquote = "ETH"'), more=more)).leg.instrument.name == "ETH"


@pytest.mark.parametrize("name", ["A.B", "A B", "A=B", ""])
def test_an_instrument_name_that_a_command_line_could_not_spell_is_refused(faults: Faults, name: str) -> None:
    found = faults(("instruments.BTC", f'instruments."{name}"'))
    assert any("an instrument's name has no spaces, dots" in line for line in found)


def test_an_instrument_has_no_name_key(faults: Faults) -> None:
    assert faults(("tick_size = 0.1", 'tick_size = 0.1\nname = "x"')) == ["instruments.BTC.name: unknown key"]


@pytest.mark.parametrize("key", ["tick_size = 0.1", "lot_size = 0.001"])
def test_the_grid_is_required(faults: Faults, key: str) -> None:
    (found,) = faults((key, ""))
    assert found.startswith(f"instruments.BTC.{key.split(' ')[0]}: required (")


def test_a_stack_name_must_do_as_a_folder(faults: Faults) -> None:
    assert faults(("[stack]", '[stack]\nname = "a/b"'))[0].startswith("stack.name: must not contain a slash")


def test_a_market_of_paths_and_a_venue_of_chance_belong_together(faults: Faults, stack_file: Write) -> None:
    world = ('use = "toy"\npath = "btc.csv"', 'use = "world"')
    chance = ('[instruments.BTC.venue]\nuse = "toy"', '[instruments.BTC.venue]\nuse = "chance"')
    assert read(stack_file(world, chance)).leg.venue.rule.name == "chance"
    (found,) = faults(world)
    assert found.startswith('instruments.BTC.venue.use: "toy" needs a book, and instruments.BTC.market.use = "world"')
    (found,) = faults(chance)
    assert found.startswith('instruments.BTC.venue.use: "chance" fills by probability')


def test_a_path_for_a_market_that_reads_no_file_is_a_fault(faults: Faults) -> None:
    found = faults(('use = "toy"\npath', 'use = "world"\npath'), ('venue]\nuse = "toy"', 'venue]\nuse = "chance"'))
    assert found == ['instruments.BTC.market.path: market "world" reads no file']


def test_an_unknown_plugin_names_the_nearest_and_what_there_is(faults: Faults) -> None:
    (found,) = faults(('[pricing]\nuse = "toy"', '[pricing]\nuse = "avelaneda"'))
    assert found.startswith(
        'pricing.use: no pricing plugin "avelaneda" (did you mean "avellaneda"?); there are: avellaneda'
    )


def test_a_missing_plugin_file_is_the_only_fault_not_the_rules_it_would_have_brought(faults: Faults) -> None:
    (found,) = faults(('plugins = ["toys.py"]', 'plugins = ["toyz.py"]'))
    assert found.startswith("stack.plugins: ")
    assert found.endswith("toyz.py: no such plugin file")


def test_a_path_is_absolute_and_counts_from_the_stack_file(stack_file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    file = stack_file(('"btc.csv"', '["a/../b.csv", "/data/c.csv"]'))
    monkeypatch.chdir("/")
    assert read(Path(os.path.relpath(file, "/"))).leg.market.params.path == (file.parent / "b.csv", Path("/data/c.csv"))


@pytest.mark.parametrize(("path", "said"), [('""', '""'), ("[]", "a list"), ("3", "3"), ('"a\\u0000b"', '"a\\\\x00b"')])
def test_a_path_that_is_none_is_a_fault(faults: Faults, path: str, said: str) -> None:
    (found,) = faults(('"btc.csv"', path))
    assert found.startswith("instruments.BTC.market.path: must be a path")
    assert found.endswith(f"is {said}".replace("\\\\", "\\"))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"[stack\n", "is not a TOML file: Expected ']' at the end of a table declaration (at line 1, column 7)"),
        (b"a = 1\na = 2\n", "is not a TOML file: Cannot overwrite a value"),
        (b"\x00\xff\xfe\x1f\x8b", "is not a TOML file: not UTF-8 text"),
        (b"\x1f\x8b\x08\x00", "is not a TOML file: "),
        (b"a = " + b"[" * 5000, "is not a TOML file: "),
        (b"a = " + b"9" * 5000, "is not a TOML file: "),
    ],
)
def test_what_is_no_toml_is_one_line_with_its_place(tmp_path: Path, content: bytes, fault: str) -> None:
    file = tmp_path / "stack.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read(file)
    assert str(caught.value).startswith(f"{file}: {fault}")
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_and_windows_line_ends_are_read(stack_file: Write) -> None:
    file = stack_file()
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert read(file).pricing.params.gamma == 0.1


def test_a_missing_stack_names_the_nearest_file(stack_file: Write) -> None:
    file = stack_file(name="mine.toml")
    with pytest.raises(ConfigError, match=r'mime\.toml: no such stack file \(did you mean "mine\.toml"\?\)$'):
        read(file.with_name("mime.toml"))
    with pytest.raises(ConfigError, match=r"no such stack file$"):
        read(file.parent / "nowhere" / "stack.toml")


def test_a_folder_is_no_stack(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is a folder, not a stack file$"):
        read(tmp_path)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_stack_is_one_line(stack_file: Write) -> None:
    file = stack_file()
    file.chmod(0)
    with pytest.raises(ConfigError, match=r"cannot be read: Permission denied$"):
        read(file)


def test_a_file_in_place_of_a_folder_is_one_line(stack_file: Write) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read: Not a directory$"):
        read(stack_file() / "stack.toml")


OTHER_SAMPLING = """
import mmkit


def samples(params, state, event, size):
    return True


@mmkit.hookimpl
def mmkit_optimization():
    return mmkit.Optimization("all-of-it", applies=("log",), samples=samples, exact=lambda params: True)
"""


def test_two_that_choose_the_logs_events_are_one_too_many(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OTHER_SAMPLING)
    (tmp_path / "stack.toml").write_text(
        '[stack]\nplugins = ["mine.py"]\n[instruments.X]\ntick_size = 1\nlot_size = 1\n[instruments.X.market]\nuse = "book"\n'
        '[pricing]\nuse = "fixed"\nhalf_spread = 1.0\n[sizing]\nuse = "fixed"\nquantity = 1\n'
        '[log]\noptimizations = ["log-sampling", "all-of-it"]\n'
    )
    with pytest.raises(ConfigError, match="one of log-sampling and all-of-it chooses what is logged, not both"):
        read(tmp_path / "stack.toml")


OTHER = """
[instruments.ETH]
tick_size = 0.01
lot_size = 0.01
[instruments.ETH.market]
use = "toy"
path = "eth.csv"
[instruments.ETH.venue]
use = "toy"
"""

QUOTED = ("[stack]", '[stack]\nquote = "BTC"')


def test_what_an_instrument_is_and_allows_has_defaults_of_a_plain_one(stack_file: Write) -> None:
    stack = read(stack_file())
    instrument = stack.leg.instrument
    assert (instrument.kind, instrument.contract_size, instrument.min_quantity) == (Kind.LINEAR, 1.0, 0.0)
    assert (instrument.initial_margin, instrument.maintenance_margin) == (0.0, 0.0)
    assert (instrument.base, instrument.paid_in, instrument.gains_in) == ("BTC", "quote", "quote")
    assert (instrument.balances, instrument.funding) == (None, None)
    assert (stack.watch_every, stack.fifo) == (10**9, False)


def test_what_is_given_of_an_instrument_and_its_account_is_read(stack_file: Write) -> None:
    keys = """tick_size = 0.1
kind = "inverse"
contract_size = 100
min_quantity = 2
min_notional = 300
initial_margin = 0.05
maintenance_margin = 0.025
base_currency = "XBT"
quote_currency = "USD"
balances = { XBT = 2 }
funding = "rates.csv"
"""
    file = stack_file(("tick_size = 0.1", keys), ("[stack]", '[stack]\nwatch_every = "50ms"\ncost = "fifo"'))
    stack = read(file)
    instrument = stack.leg.instrument
    assert (instrument.kind, instrument.contract_size, instrument.lot) == (Kind.INVERSE, 100.0, 0.1)
    assert (instrument.min_quantity, instrument.min_notional) == (2.0, 300.0)
    assert (instrument.initial_margin, instrument.maintenance_margin) == (0.05, 0.025)
    assert (instrument.base, instrument.paid_in, instrument.gains_in) == ("XBT", "USD", "XBT")
    assert instrument.balances == {"XBT": 2.0, "USD": 0.0}
    assert instrument.funding == file.parent / "rates.csv"
    assert (stack.watch_every, stack.fifo) == (50_000_000, True)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('kind = "inverted"', '"inverted" is not one of linear, inverse, spot (did you mean "inverse"?)'),
        ("kind = 1", 'kind: must be one of "linear", "inverse", "spot", is 1'),
        ("contract_sise = 1", 'contract_sise: unknown key (did you mean "contract_size"?)'),
        ("contract_size = 0", "contract_size: must be above 0, is 0"),
        ("min_quantity = -1", "min_quantity: must be at least 0 base, is -1"),
        ("min_notional = -1", "min_notional: must be at least 0 quote, is -1"),
        ("min_notionl = 1", 'min_notionl: unknown key (did you mean "min_notional"?)'),
        ("initial_margin = 1.5", "initial_margin: must be at most 1 fraction, is 1.5"),
        ("maintenance_margin = -0.1", "maintenance_margin: must be at least 0 fraction, is -0.1"),
        ("balances = 3", "balances: must be a section [instruments.BTC.balances]"),
        ('balances = { BTC = "3" }', 'balances.BTC: must be a number of at least 0, is "3"'),
        ("balances = { BTC = -3 }", "balances.BTC: must be a number of at least 0, is -3"),
        ("balances = { BTC = true }", "balances.BTC: must be a number of at least 0, is true"),
        ("balances = { BTC = nan }", "balances.BTC: must be a number of at least 0, is nan"),
        ("balances = { BTC = inf }", "balances.BTC: must be a number of at least 0, is inf"),
        (
            'quote_currency = "USDT"\nbalances = { USD = 3 }',
            "balances.USD: no currency of BTC: base_currency and quote_currency are BTC and USDT "
            '(did you mean "USDT"?)',
        ),
        ("funding = 3", "funding: must be the path of a file, is 3"),
        ("base_currency = 3", "base_currency: must be a string, is 3"),
        ("balanses = { BTC = 3 }", 'balanses: unknown key (did you mean "balances"?)'),
        ('fundng = "rates.csv"', 'fundng: unknown key (did you mean "funding"?)'),
    ],
)
def test_a_wrong_key_of_an_instrument_is_one_line(faults: Faults, line: str, fault: str) -> None:
    (found,) = faults(("tick_size = 0.1", f"tick_size = 0.1\n{line}"))
    assert found.startswith("instruments.BTC.")
    assert fault in found


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('cost = "lifo"', '"lifo" is not one of average, fifo (did you mean "fifo"?)'),
        ("cost = 1", 'stack.cost: must be one of "average", "fifo", is 1'),
        ('watch_every = "0s"', "stack.watch_every: must be above 0s, is 0s"),
        ("watch_every = 1", 'stack.watch_every: must be a duration with its unit, such as "1s" or "100ms", is 1'),
        ('watch_evry = "1s"', 'stack.watch_evry: unknown key (did you mean "watch_every"?)'),
    ],
)
def test_a_wrong_key_of_the_stack_is_one_line(faults: Faults, line: str, fault: str) -> None:
    (found,) = faults(("[stack]", f"[stack]\n{line}"))
    assert found.startswith("stack.")
    assert fault in found


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('instrument = "ETC"', 'no instrument "ETC" (did you mean "ETH"?)'),
        ('instrument = ""', 'no instrument ""'),
        ("instrument = 3", "no instrument 3"),
        ("instrument = {}", "no instrument a table"),
    ],
)
def test_a_signals_instrument_is_one_of_the_stack(faults: Faults, line: str, fault: str) -> None:
    found = faults(QUOTED, ('use = "wobble"', f'use = "wobble"\n{line}'), more=OTHER)
    assert found[0] == f"signals.volatility.instrument: {fault}"


def test_a_signal_listens_to_its_instrument_and_to_the_quoted_one_where_it_names_none(stack_file: Write) -> None:
    more = OTHER + '[signals.there]\nuse = "wobble"\ninstrument = "ETH"\n'
    assert [slot.instrument for slot in read(stack_file(QUOTED, more=more)).signals] == ["BTC", "ETH"]


def test_only_signals_name_an_instrument(faults: Faults) -> None:
    (found,) = faults(("gamma = 0.1", 'gamma = 0.1\ninstrument = "BTC"'))
    assert found.startswith("pricing.instrument: unknown key")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('instruments = ["ETC"]', 'no instrument "ETC" (did you mean "ETH"?)'),
        ('instruments = ["BTC"]', "BTC is the instrument that is quoted"),
        ('instruments = ["ETH", "ETH"]', '"ETH" is there twice'),
        ('instruments = "ETH"', "must be a list of names of instruments"),
        ("instruments = [1]", "must be a list of names of instruments"),
    ],
)
def test_what_is_hedged_on_is_another_instrument(faults: Faults, line: str, fault: str) -> None:
    found = faults(QUOTED, more=f'{OTHER}[hedging]\nuse = "none"\n{line}\n')
    assert found == [f"hedging.instruments: {fault}"]


def test_a_wrong_key_of_the_hedging_section_names_the_nearest(faults: Faults) -> None:
    (found,) = faults(QUOTED, more=f'{OTHER}[hedging]\nuse = "none"\ninstrments = ["ETH"]\n')
    assert found == 'hedging.instrments: unknown key (did you mean "instruments"?)'
