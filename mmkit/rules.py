"""What a rule is: its data, its functions, its role. `hookspecs.py` gives each function's arguments."""

import enum
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import attrs

API_VERSION = 1


class Role(enum.Enum):
    """The places of a stack, in the order in which they act."""

    MARKET = "market"
    VENUE = "venue"
    SIGNALS = "signals"
    SIZING = "sizing"
    PRICING = "pricing"
    LADDER = "ladder"
    RISK = "risk"
    EXECUTION = "execution"
    HEDGING = "hedging"
    REPORT = "report"
    OPTIMIZATION = "optimization"


class Trigger(enum.IntFlag):
    """What can trigger a decision."""

    TIMER = 1
    BOOK = 2
    TRADE = 4
    FILL = 8
    CANDLE = 16


@attrs.frozen
class NoParams:
    """A rule without parameters."""


@attrs.define
class NoState:
    """A rule without state."""


Function = Callable[..., Any]


@attrs.frozen(kw_only=True)
class Rule:
    """What every role has in common.

    params: frozen attrs class; state: slotted attrs class, made anew for every run; inputs: attrs class of the named numbers that the
    rule understands; outputs: the fields of its state that it publishes, name to unit; setup: runs once, plain, before the first event;
    depth: its functions read the levels of the book; compiled: False for a rule that stays Python; compact: its records have the
    smallest fields that hold what its declarations allow; anew: what the kernel makes at every decision instead of once ("constants",
    "buffers", "mid"): an optimization that is switched off; examples: sets of parameters, as TOML has them, with which it does what its
    defaults do not show: what checks try.
    """

    role: ClassVar[Role]
    functions: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()

    name: str = attrs.field(kw_only=False)
    params: type = NoParams
    state: type = NoState
    inputs: type | None = None
    outputs: Mapping[str, str] = attrs.field(factory=dict)
    setup: Function | None = None
    depth: bool = False
    compiled: bool = True
    compact: bool = False
    anew: frozenset[str] = frozenset()
    examples: tuple[Mapping[str, Any], ...] = ()
    api_version: int = API_VERSION

    def __attrs_post_init__(self) -> None:
        missing = [f for f in self.needs if getattr(self, f) is None]
        if missing:
            raise TypeError(f'{self.role.value} rule "{self.name}" has no function {", ".join(missing)}')


@attrs.frozen(kw_only=True)
class Market(Rule):
    """Turns a file or a simulator into market events (`events`), a tape into its chunks (`chunks`), or a world without a book into mid
    prices (`paths`)."""

    role = Role.MARKET
    functions = ("events", "chunks", "paths", "step")
    events: Function | None = None
    chunks: Function | None = None
    paths: Function | None = None
    step: Function | None = None

    def __attrs_post_init__(self) -> None:
        if (self.events, self.chunks, self.paths).count(None) != 2:
            raise TypeError(f'market rule "{self.name}" has one of "events", "chunks" and "paths"')


@attrs.frozen(kw_only=True)
class Venue(Rule):
    """Decides what happens to an order that rests (`rest`, `trade`, `depth_change`), or how likely a quote fills (`fill_probability`).

    through: whether an order that a trade or the other side's best price has reached executes (left out: it does).
    Parameters named entry_latency, response_latency, partial_fills, amend (mmkit.AMEND_NONE and so on) and post_only (1: a post-only
    order that would take rests a tick off the other side) are those of the kernel's matching.
    """

    role = Role.VENUE
    functions = ("rest", "trade", "depth_change", "through", "fill_probability")
    rest: Function | None = None
    trade: Function | None = None
    depth_change: Function | None = None
    through: Function | None = None
    fill_probability: Function | None = None

    def __attrs_post_init__(self) -> None:
        queue = (self.rest, self.trade, self.depth_change)
        if (self.fill_probability is None) == (None in queue):
            raise TypeError(f'venue rule "{self.name}" has "rest", "trade" and "depth_change", or "fill_probability"')


@attrs.frozen(kw_only=True)
class Signal(Rule):
    """Publishes named numbers from trades, book changes, own fills and time.

    logged: those of its outputs that the decision log has; candle: the field of its state that counts closed candles, where it has any:
    what closes one can trigger a decision.
    """

    role = Role.SIGNALS
    functions = ("on_book", "on_trade", "on_fill", "on_clock")
    on_book: Function | None = None
    on_trade: Function | None = None
    on_fill: Function | None = None
    on_clock: Function | None = None
    logged: tuple[str, ...] = ()
    candle: str = ""


@attrs.frozen(kw_only=True)
class Sizing(Rule):
    """Says how much to quote on each side, in base currency.

    desk: it counts our orders too, and is given the `desk`.
    """

    role = Role.SIZING
    functions = needs = ("sizes",)
    sizes: Function | None = None
    desk: bool = False


@attrs.frozen(kw_only=True)
class Pricing(Rule):
    """Says where to quote: reservation price and half-spreads in quote currency.

    terms, prepare: what is costly and follows from named inputs; constants, assemble: what follows from parameters alone.
    """

    role = Role.PRICING
    functions = ("assemble", "prepare", "quote")
    needs = ("quote",)
    constants: type | None = None
    assemble: Function | None = None
    terms: type | None = None
    prepare: Function | None = None
    quote: Function | None = None


@attrs.frozen(kw_only=True)
class Ladder(Rule):
    """Spreads the inner quotes over levels.

    most: how many levels there can be with these parameters (64 where it is left out); constants, assemble: what follows from
    parameters alone; to_grid: what turns prices and quantities into ticks and lots (left out: mmkit.to_grid).
    """

    role = Role.LADDER
    functions = ("assemble", "most", "levels")
    needs = ("levels",)
    constants: type | None = None
    assemble: Function | None = None
    most: Function | None = None
    levels: Function | None = None
    to_grid: Function | None = None


@attrs.frozen(kw_only=True)
class Risk(Rule):
    """Reduces or vetoes what the ladder proposes (`limit`), or watches the account and asks for a level from NORMAL to HALT (`watch`)."""

    role = Role.RISK
    functions = ("limit", "watch")
    limit: Function | None = None
    watch: Function | None = None

    def __attrs_post_init__(self) -> None:
        if self.limit is None and self.watch is None:
            raise TypeError(f'risk rule "{self.name}" has neither "limit" nor "watch"')


@attrs.frozen(kw_only=True)
class Execution(Rule):
    """Says when to decide, and turns the wanted ladder into requests.

    most: how many orders can be alive at once, for a ladder of so many levels and ns to the venue and back (left out: 1024);
    amends: it amends orders, so that one may grow where it stands.
    """

    role = Role.EXECUTION
    functions = ("triggers", "post_only", "most", "next_time", "act")
    needs = ("triggers", "next_time", "act")
    triggers: Function | None = None
    post_only: Function | None = None
    most: Function | None = None
    next_time: Function | None = None
    act: Function | None = None
    amends: bool = False


@attrs.frozen(kw_only=True)
class Hedging(Rule):
    """Turns the position into orders on other instruments; without `hedge` it does nothing.

    triggers: mask of mmkit.Trigger; with FILL it is also asked at every fill of the quoted instrument.
    """

    role = Role.HEDGING
    functions = ("triggers", "next_time", "hedge")
    triggers: Function | None = None
    next_time: Function | None = None
    hedge: Function | None = None

    def __attrs_post_init__(self) -> None:
        if (self.hedge is None) != (self.next_time is None):
            raise TypeError(f'hedging rule "{self.name}" has "hedge" and "next_time", or neither')


@attrs.frozen(kw_only=True)
class Report(Rule):
    """Makes pages or pictures from a finished run."""

    role = Role.REPORT
    functions = needs = ("render",)
    render: Function | None = None


@attrs.frozen(kw_only=True)
class Optimization(Rule):
    """The same rule, faster or smaller. It does one of these:

    keeps: a cache: whether what the rule's `prepare` left behind may be used once more;
    rewrite: returns the rule that takes the rule's place where the optimization is on;
    without: for one that every rule has unless it is switched off: returns the rule that takes the rule's place then;
    samples: whether an event is written into the decision log;
    around: a context manager around a whole run, for what concerns the process.

    applies: the roles whose rules it can be switched on for, and "log" or "process"; suits: says why it does not apply to a rule, or '';
    exact: whether it changes nothing but time and memory, given its parameters; bound: in words what an inexact one may change.
    State fields `hits` and `misses`, or `written` and `left_out`, are counted in the summary.
    """

    role = Role.OPTIMIZATION
    functions = ("keeps", "samples", "exact", "suits", "rewrite", "without", "around")
    needs = ("exact",)
    applies: tuple[str, ...] = ("pricing",)
    keeps: Function | None = None
    samples: Function | None = None
    exact: Function | None = None
    suits: Function | None = None
    rewrite: Function | None = None
    without: Function | None = None
    around: Function | None = None
    bound: str = ""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if (self.keeps, self.samples, self.rewrite, self.without, self.around).count(None) != 4:
            raise TypeError(
                f'optimization rule "{self.name}" has one of "keeps", "samples", "rewrite", "without" and "around"'
            )


ROLES: Mapping[Role, type[Rule]] = {
    rule.role: rule
    for rule in (
        *(Market, Venue, Signal, Sizing, Pricing, Ladder, Risk, Execution, Hedging, Report),
        Optimization,
    )
}


def hook_name(role: Role) -> str:
    """Returns the hook through which a plugin offers rules of this role."""
    return f"mmkit_{role.value}"


def own_functions(rule: Rule) -> Iterable[tuple[str, Function]]:
    """Yields the functions that a rule supplies, in the order of its role."""
    for name in rule.functions:
        function = getattr(rule, name)
        if function is not None:
            yield name, function
