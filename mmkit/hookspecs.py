"""The table of contents: one hook per role, called once when a stack is assembled; and each role's functions.

A rule's functions are plain Python in the compilable subset. What each role's functions are given and return:

    market      events(params, instrument, rng) -> iterator of arrays of mmkit.EVENT, and of mmkit.MARK no later than what happened after
                chunks(params, instrument) -> iterator of a tape's chunks, as mmkit.read_tape gives them
                paths(params, instrument, rng) -> iterator of arrays of mid prices, one per independent path; step(params) -> ns
    venue       rest(params, state, order, ahead)                   an order comes to rest behind `ahead` (base currency)
                trade(params, state, order, quantity)               `quantity` traded at its price
                depth_change(params, state, order, previous, new)   its level went from `previous` to `new`
                through(params, state, order, ticks) -> bool        whether it executes where a trade, or the other side's best, is so
                                                                    many ticks beyond its price, 0: at it (left out: it does)
                fill_probability(params, distance, dt) -> float     of a quote `distance` from the mid (quote currency) within dt seconds
    signals     on_book(params, state, market), on_trade(params, state, market, trade), on_fill(params, state, market, fill),
                on_clock(params, state, market)                     before each decision and each record
    sizing      sizes(params, state, market, inputs) -> bid quantity, ask quantity (base currency; 0 = no quote on that side);
                with desk=True the `desk` comes after them
    pricing     prepare(params, terms, constants, <inputs by name>); quote(params, state, market, inputs, terms, constants)
                -> reservation price, half-spread to the bid, half-spread to the ask (quote currency)
    ladder      levels(params, state, market, constants, ladder, bid_qty, ask_qty): sets ladder.levels and per level
                ladder.offset_ticks[i], ladder.bid_qty[i], ladder.ask_qty[i]; most(params) -> most levels that there can be (default 64)
    risk        limit(params, state, market, ladder, desk): lowers ladder.bid_lots[i], ladder.ask_lots[i]
                watch(params, state, market, account, desk, control) -> level, mmkit.NORMAL to mmkit.HALT: asked before each decision,
                at each fill and at least every stack.watch_every; the highest level of all rules is in force while asked for
    execution   triggers(params) -> mask of mmkit.Trigger; post_only(params) -> whether quotes stay clear of the book
                (default: they do); next_time(params, state, market) -> ns of the next timer decision after
                market.now (mmkit.NEVER for none); act(params, state, market, ladder, desk): mmkit.place, mmkit.cancel;
                most(params, levels, latency) -> most orders alive at once, latency in ns there and back (default 1024)
    hedging     next_time(params, state, market) -> ns of the next call; triggers(params) -> mask: with mmkit.Trigger.FILL at fills too;
                hedge(params, state, market, account, hedges): hedges[i].market and hedges[i].desk of the i-th hedge instrument;
                its setup is given the hedge instruments, after `instrument`
    optimization  exact(params) -> whether it changes nothing but time and memory; suits(rule) -> why it does not apply to a rule, or '';
                and one of
                keeps(params, state, market, key) -> whether what `prepare` left behind still holds; key: the rule's inputs, in order
                rewrite(params, rule) -> the rule that takes the rule's place
                without(rule) -> the same where it is switched off, for what every rule has otherwise
                samples(params, state, event, size) -> whether an event (mmkit.EXECUTION and so on) goes into the decision log
                around(params, notify) -> a context manager around the whole run
    report      render(run, folder) -> path of what was written

`inputs` is passed only to rules that declare them, in every role, after `market`; `terms` and `constants` only where declared.
assemble(params, constants) of pricing and ladder rules writes down once what follows from parameters alone. Functions of a rule
with depth=True get the local `book` last, and a signal's on_book is then called for every complete change of any level. It is read with

    mmkit.best_tick(market, side) -> tick                       side: +1 bids, -1 asks; mmkit.NO_BID, mmkit.NO_ASK where there is none
    mmkit.lots_at(book, market, side, tick) -> lots             0 outside of the window of ticks that the book covers
    mmkit.next_level(book, market, side, tick, within) -> tick  of the next level behind `tick`, at most `within` ticks away
    mmkit.lots_within(book, market, side, levels, ticks) -> lots of the best `levels` levels within `ticks` ticks of the side's best
"""

import pluggy

from mmkit import rules

hookspec = pluggy.HookspecMarker("mmkit")
hookimpl = pluggy.HookimplMarker("mmkit")


@hookspec
def mmkit_market() -> rules.Market:  # type: ignore[empty-body]
    """Offers a market: a recording, a simulator or a live feed."""


@hookspec
def mmkit_venue() -> rules.Venue:  # type: ignore[empty-body]
    """Offers a venue: what happens to an order that rests."""


@hookspec
def mmkit_signals() -> rules.Signal:  # type: ignore[empty-body]
    """Offers a signal: named numbers from market events."""


@hookspec
def mmkit_sizing() -> rules.Sizing:  # type: ignore[empty-body]
    """Offers a sizing: how much to quote on each side."""


@hookspec
def mmkit_pricing() -> rules.Pricing:  # type: ignore[empty-body]
    """Offers a pricing: reservation price and half-spreads."""


@hookspec
def mmkit_ladder() -> rules.Ladder:  # type: ignore[empty-body]
    """Offers a ladder: how the inner quotes spread over levels."""


@hookspec
def mmkit_risk() -> rules.Risk:  # type: ignore[empty-body]
    """Offers a risk rule: what of the ladder may leave."""


@hookspec
def mmkit_execution() -> rules.Execution:  # type: ignore[empty-body]
    """Offers an execution: when to decide and which requests to send."""


@hookspec
def mmkit_hedging() -> rules.Hedging:  # type: ignore[empty-body]
    """Offers a hedging: orders on other instruments against the position."""


@hookspec
def mmkit_report() -> rules.Report:  # type: ignore[empty-body]
    """Offers a report: pages and pictures from a finished run."""


@hookspec
def mmkit_optimization() -> rules.Optimization:  # type: ignore[empty-body]
    """Offers an optimization: the same rule, faster."""
