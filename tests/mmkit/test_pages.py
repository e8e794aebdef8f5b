"""A page per rule: what is on disk is what the declarations say, it is complete, and what it offers to paste works."""

import inspect
import math
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import attrs
import pytest

from mmkit import ConfigError, Duration, Risk, Signal
from mmkit import field as parameter
from mmkit.described import Documented
from mmkit.engine.session import program
from mmkit.kinds import kind_of
from mmkit.page_block import HEDGE, INSTRUMENT, block
from mmkit.page_steps import named_steps
from mmkit.pages import MADE, main, markdown, of_distribution, page, pages, prose, read_timings
from mmkit.plugins import offers
from mmkit.rules import Role, Rule
from mmkit.settings import read
from mmkit.steps import step

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "rules"
EVERY = of_distribution()
RULES = [each.rule for each in EVERY]
TEXTS = pages(read_timings(FOLDER))

each_rule = pytest.mark.parametrize("about", EVERY, ids=lambda about: about.path)

QUANTITIES = re.compile(
    r"(^|_)(quantity|size|volume|notional|price|sigma|drift|half_spread|ticks|lots|rate|latency|distance"
    r"|window|position|limit|step|increment|minimum|penalty|gap)$|^(gamma|k|kappa|A|phi|eta|xi|alpha|epsilon)(_sell)?$"
)
"""Names of parameters that are something measured, which a number without a unit does not say."""

PURE = {("pricing", "classic", "gamma")}
"""Named like a quantity and pure numbers all the same; the sentence says of what."""


def title(rule: Rule) -> str:
    return f"{rule.role.value}.{rule.name}"


def test_the_pages_on_disk_are_what_the_declarations_say() -> None:
    there = {path.relative_to(FOLDER).as_posix(): path.read_text("utf-8") for path in FOLDER.rglob("*.md")}
    differ = sorted(path for path in there.keys() | TEXTS.keys() if there.get(path) != TEXTS.get(path))
    assert differ == [], "run make pages"


def test_every_built_in_rule_has_a_page_and_a_line_in_the_index() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {
        f"{group.removeprefix('mmkit.')}/{name}.md" for group, of in project["entry-points"].items() for name in of
    }
    assert TEXTS.keys() == declared | {"index.md"}
    lines = re.findall(r"(?m)^\| \[([\w-]+)\]\(([^)]+)\) \| (.{10,}) \|$", TEXTS["index.md"])
    assert sorted(path for _, path, _ in lines) == sorted(declared)
    assert all(path.endswith(f"/{name}.md") for name, path, _ in lines)


def test_every_parameter_input_and_output_of_a_built_in_rule_has_a_sentence() -> None:
    lacking = []
    for rule in RULES:
        inputs = attrs.fields(rule.inputs) if rule.inputs else ()
        outputs = [attrs.fields_dict(rule.state)[name] for name in rule.outputs]
        for field in (*attrs.fields(rule.params), *inputs, *outputs):
            if len(field.metadata.get("doc", "")) < 4:
                lacking.append(f"{title(rule)}.{field.name}")
    assert lacking == []


def test_every_parameter_that_is_a_physical_quantity_has_a_unit() -> None:
    lacking, known = [], 0
    for rule in RULES:
        for field in attrs.fields(rule.params):
            kind = kind_of(field.type)
            measured = kind is not None and kind.number and field.type is not Duration and QUANTITIES.search(field.name)
            if measured and (rule.role.value, rule.name, field.name) not in PURE:
                known += 1
                lacking += [] if field.metadata.get("unit") else [f"{title(rule)}.{field.name}"]
    assert lacking == []
    assert known > 50


@each_rule
def test_a_page_has_every_parameter_with_its_unit_and_sentence(about: Documented) -> None:
    rows = _rows(TEXTS[about.path], "Parameters")
    assert [row[0] for row in rows] == [f"`{field.name}`" for field in attrs.fields(about.rule.params)]
    for row, field in zip(rows, attrs.fields(about.rule.params), strict=True):
        unit = field.metadata.get("unit")
        assert row[3] == ("with its unit" if field.type is Duration else f"`{unit}`" if unit else "—")
        assert row[5].replace("\\", "") == field.metadata["doc"]
        assert (row[2] == "required") == (field.default is attrs.NOTHING)


@each_rule
def test_a_page_has_what_the_rule_reads_and_publishes(about: Documented) -> None:
    inputs = attrs.fields(about.rule.inputs) if about.rule.inputs else ()
    reads = _rows(TEXTS[about.path], "What it reads")
    assert [(row[0], row[2].startswith("required")) for row in reads] == [
        (f"`{field.name}`", bool(field.metadata.get("required"))) for field in inputs
    ]
    published = _rows(TEXTS[about.path], "What it publishes")
    assert {row[0]: row[1] for row in published} == {
        f"`{name}`": f"`{unit}`" if unit else "—" for name, unit in about.rule.outputs.items()
    }


@each_rule
def test_links_of_a_page_lead_to_files(about: Documented) -> None:
    targets = re.findall(r"(?<!\\)\]\(([^)]+)\)", TEXTS[about.path])
    assert [target for target in targets if not (FOLDER / about.path).parent.joinpath(target).is_file()] == []


@each_rule
@pytest.mark.parametrize("written_out", [False, True], ids=["as it stands", "with every default written out"])
def test_what_a_page_offers_to_paste_is_a_valid_part_of_a_stack(
    about: Documented, written_out: bool, tmp_path: Path
) -> None:
    (text,) = re.findall(r"(?ms)^```toml\n(.*?)^```$", TEXTS[about.path])
    if written_out:
        text = re.sub(r"(?m)^# (\w+ = )", r"\1", text)
    given = tomllib.loads(text)
    missing = [part for name, part in _base(about.rule).items() if not _holds(given, name)]
    file = tmp_path / "stack.toml"
    file.write_text("\n".join(missing) + "\n" + text, "utf-8")
    found = read(file)
    assert about.rule.name in _used(found)
    if about.rule.role is not Role.MARKET:
        program(found).session()  # every rule's setup takes it too


def test_a_hedge_trades_the_instruments_that_its_page_names(tmp_path: Path) -> None:
    about = next(each for each in EVERY if each.path == "hedging/delta.md")
    text = re.sub(r"(?m)^# (instruments = )", r"\1", block(about.rule, RULES))
    file = tmp_path / "stack.toml"
    file.write_text("\n".join(_base(about.rule).values()) + "\n" + text, "utf-8")
    assert read(file).hedges == (HEDGE,)


def _base(rule: Rule) -> dict[str, str]:
    """Returns the sections of a stack that runs, by their path, on a market that suits the rule's venue and the reverse."""
    chance = rule.name in ("diffusion", "intensity") and rule.role in (Role.MARKET, Role.VENUE)
    market = 'use = "diffusion"\nsigma = 1.0' if chance else 'use = "book"'
    venue = 'use = "intensity"\nA = 1.0\nk = 1.0' if chance else 'use = "queue"'
    at = f"instruments.{INSTRUMENT}"
    hedge = f'[instruments.{HEDGE}]\ntick_size = 0.01\nlot_size = 0.001\n[instruments.{HEDGE}.market]\nuse = "book"'
    return {
        **({"stack": f'[stack]\nquote = "{INSTRUMENT}"', "hedge": hedge} if rule.role is Role.HEDGING else {}),
        at: f"[{at}]\ntick_size = 0.01\nlot_size = 0.001",
        f"{at}.market": f"[{at}.market]\n{market}",
        f"{at}.venue": f"[{at}.venue]\n{venue}",
        "sizing": '[sizing]\nuse = "fixed"\nquantity = 1.0',
        "pricing": '[pricing]\nuse = "fixed"\nhalf_spread = 1.0',
    }


def _holds(given: dict[str, Any], path: str) -> bool:
    """Whether TOML has a section of that path, written out as such."""
    table: Any = given
    for key in path.split("."):
        if key not in table:
            return False
        table = table[key]
    # [instruments.X.market] makes the table of X without a single key of its own.
    return any(not isinstance(value, dict) for value in table.values())


def _used(stack: Any) -> set[str]:
    slots = [*stack.signals, *stack.risk, *stack.reports, stack.sizing, stack.pricing, stack.ladder, stack.execution]
    slots += [stack.hedging, stack.leg.market, stack.leg.venue]
    within = [each for slot in slots for each in (*slot.optimizations, *slot.off)]
    return {slot.rule.name for slot in (*slots, *within, *stack.process, *((stack.log,) if stack.log else ()))}


def _rows(text: str, heading: str) -> list[list[str]]:
    """Returns the cells of the table under a heading, without its first two lines."""
    _, _, rest = text.partition(f"\n## {heading}\n")
    section = rest.partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.replace("\\|", "|") for cell in line[2:-2].split(" | ")] for line in lines[2:]]


@each_rule
def test_a_page_has_every_step_that_the_rules_own_file_names(about: Documented) -> None:
    entry = next(e for e in offers().entries[about.rule.role] if e.name == about.rule.name)
    source = inspect.getsource(sys.modules[entry.module])
    written = set(re.findall(r'\bstep\(\s*"([^"]+)"', source))
    assert written <= {name for name, _ in named_steps(about.rule)}
    shown = [row[0].replace("\\", "") for row in _rows(TEXTS[about.path], "Steps that `mmkit explain` shows")]
    assert shown == [name for name, _ in named_steps(about.rule)]


def shared(value: float) -> None:
    step("of what both call", value, unit="quote")


def first(params: Any, state: Any, market: Any) -> None:
    step("inner", market.mid, "quote")
    shared(market.mid)
    step("pure", market.mid)


def second(params: Any, state: Any, market: Any, trade: Any) -> None:
    shared(market.mid)
    step("inner", trade.price, "quote")
    step("inner", trade.price, "base")


def test_steps_come_once_each_in_the_order_of_the_text_through_what_is_called() -> None:
    rule = Signal("toy", on_book=first, on_trade=second)
    assert named_steps(rule) == [
        ("inner", "quote"),
        ("of what both call", "quote"),
        ("pure", ""),
        ("inner", "base"),
    ]


def test_indented_blocks_become_code_and_the_rest_reads_as_it_is_written() -> None:
    text = "Of n * every, |q| <= Q.\n\n    a = b\n      c\n\n    d\n\nMore\nof it: `x*y`, G*, q_T, f(x)[1](2), a <b>."
    assert markdown(text) == (
        "Of n * every, |q| <= Q.\n\n```text\na = b\n  c\n\nd\n```\n\n"
        "More of it: `x*y`, G\\*, q_T, f(x)[1\\](2), a \\<b>."
    )


def test_what_would_be_emphasis_is_escaped() -> None:
    assert prose("_a_ and *b*, V_B, ~c~, x ~ y") == r"\_a\_ and \*b\*, V_B, \~c\~, x ~ y"


@each_rule
def test_a_page_reads_as_the_docstring_does(about: Documented) -> None:
    markdown_it = pytest.importorskip("markdown_it", reason="markdown-it-py, which rich brings along, reads Markdown")
    shown: list[str] = []
    for block_token in (
        markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown(about.text))
    ):
        assert block_token.type in ("paragraph_open", "paragraph_close", "inline", "fence")
        if block_token.type == "fence":
            shown += block_token.content.split()
        said = ""
        for token in block_token.children or ():
            assert token.type in ("text", "text_special", "code_inline", "link_open", "link_close")
            said += f"`{token.content}`" if token.type == "code_inline" else token.content
        shown += said.split()
    assert shown == about.text.split()


def test_what_a_docstring_names_beside_its_rule_stands_in_the_page() -> None:
    for path, module, line in (
        ("execution/queue-value.md", "_queue", "P(x)  = rho"),
        ("hedging/delta.md", "_orders", "deviation = "),
    ):
        about = next(each for each in EVERY if each.path == path)
        assert f"`{module}`" in about.text
        assert line not in about.text
        assert line in TEXTS[path].partition("## In a stack")[0]


@attrs.frozen
class Either:
    first: float = parameter(math.inf, above=0, doc="one of two")
    second: float = parameter(math.inf, above=0, doc="the other")


@attrs.define
class Missing:
    danger: float = parameter(math.nan, doc="bad where it is missing")
    calm: float = parameter(0.0, doc="zero where it is missing")


def needs_both(params: Any, state: Any, instrument: Any) -> None:
    for key in ("first", "second"):
        if math.isinf(getattr(params, key)):
            raise ConfigError(f"needy.{key}: is needed")


def watch(params: Any, state: Any, market: Any, inputs: Any, account: Any, desk: Any, control: Any) -> int:
    return 0


def test_what_a_setup_asks_for_has_an_example_and_what_must_be_wired_is_said() -> None:
    assert block(Risk("needy", params=Either, inputs=Missing, setup=needs_both, watch=watch), []).splitlines() == [
        "[risk.needy]",
        'use = "needy"',
        "first = 1.0                     # one of two",
        "second = 1.0                    # the other",
        '# to be wired: inputs = { danger = "SIGNAL.OUTPUT" }',
    ]


def test_the_time_of_a_signal_stands_in_its_page_with_the_command_that_measures_it() -> None:
    vpin = next(each for each in EVERY if each.path == "signals/vpin.md")
    text = page(vpin, [vpin.rule], {"plain_ns": 312.4, "compiled_ns": 4.6})
    assert _rows(text, "Time per event") == [["plain Python", "312"], ["compiled", "5"]]
    assert "python tests/benchmarks/signals.py" in text
    assert "Time per event" not in page(vpin, [vpin.rule])


def test_times_on_disk_are_those_of_signals_that_there_are() -> None:
    signals = {rule.name for rule in RULES if rule.role is Role.SIGNALS}
    assert read_timings(FOLDER).keys() <= signals


def test_pages_of_rules_that_are_no_more_are_removed_and_others_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "pricing"
    folder.mkdir()
    (folder / "gone.md").write_text(f"# gone\n\n{MADE}\n")
    (folder / "mine.md").write_text("# written by hand\n")
    main([str(tmp_path)])
    assert not (folder / "gone.md").exists()
    assert (folder / "mine.md").exists()
    assert (folder / "glft.md").read_text("utf-8") == TEXTS["pricing/glft.md"]


def test_a_distribution_without_rules_is_said_to_have_none() -> None:
    with pytest.raises(ConfigError, match='no installed distribution "attrs" offers a rule'):
        of_distribution("attrs")


def test_an_input_that_no_signal_provides_is_given_by_the_parameter_in_its_place() -> None:
    classic = next(rule for rule in RULES if title(rule) == "pricing.classic")
    text = block(classic, RULES)
    assert "\nposition_limit = 1.0 " in text
    assert 'inputs = { daily_volatility = "volatility.daily" }' in text
