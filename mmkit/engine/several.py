"""The same over several instruments at once: one turn for all, their venues one after another, what becomes known merged by time.

What happens at one instrument's venue reaches another's only by way of a decision or a hedge. At equal times the instruments come in the
order in which the stack declares them.
"""

from typing import Any

from mmkit.engine.funds import judge
from mmkit.engine.places import on_clock
from mmkit.engine.records import NEVER
from mmkit.engine.replay import DONE, FULL, NEED_LOCAL, STOPPED, at_end, last_time, last_word, run_local, run_venue
from mmkit.engine.turn import coast, due, end, take_turn


def replay_several(locals: Any, venues: Any, local_books: Any, venue_books: Any, s: Any, log: Any) -> int:
    """Runs as `replay` does; `clock.leg` names the instrument that needs more data. The quoted one is the first."""
    clock = s.clock
    while True:
        if clock.stop or clock.fault or broken(s):
            return STOPPED
        if log.records >= log.record_capacity - 1 or log.events > log.event_capacity // 2:
            return FULL
        clock.leg = 0
        until = due(locals[0], s)
        if until < 0:
            return NEED_LOCAL
        code = run_venue(venues[0], venue_books[0], s, s, log, until)
        if code != DONE:
            return code
        until = min(until, clock.next_fill)
        for k in range(len(s.legs)):
            clock.leg = k + 1
            code = run_venue(venues[k + 1], venue_books[k + 1], s, s.legs[k], log, until)
            if code != DONE:
                return code
        code = run_locals(locals, local_books, s, log, until)
        if code != DONE:
            return code
        if all_at_end(locals, venues, s):
            tell_time(s, local_books, last_of_all(locals, venues, s))
            end(s, log)
            return DONE
        tell_time(s, local_books, until)
        for k in range(len(s.legs)):
            judge(s.legs[k])
        if until > last_word_of_all(locals, venues, s):
            coast(s, log, until)
        else:
            take_turn(s, local_books[0], log, until)


def all_at_end(locals: Any, venues: Any, s: Any) -> bool:
    """Returns whether nothing of any instrument is left."""
    over = at_end(locals[0], venues[0], s)
    for k in range(len(s.legs)):
        over = over and at_end(locals[k + 1], venues[k + 1], s.legs[k])
    return bool(over)


def last_of_all(locals: Any, venues: Any, s: Any) -> int:
    """Returns the time of the last thing that happened at any instrument."""
    last = last_time(locals[0], venues[0], s)
    for k in range(len(s.legs)):
        last = max(last, last_time(locals[k + 1], venues[k + 1], s.legs[k]))
    return int(last)


def last_word_of_all(locals: Any, venues: Any, s: Any) -> int:
    """Returns by when all that was under way at the last market event of all is answered."""
    word = last_word(locals[0], venues[0], s)
    for k in range(len(s.legs)):
        word = max(word, last_word(locals[k + 1], venues[k + 1], s.legs[k]))
    return int(word)


def broken(s: Any) -> bool:
    """Returns whether an instrument has a fault."""
    found = s.desk.fault + s.exchange.fault
    for k in range(len(s.legs)):
        found += s.legs[k].desk.fault + s.legs[k].exchange.fault
    return bool(found > 0)


def tell_time(s: Any, local_books: Any, now: int) -> None:
    """Tells every instrument's signals that a turn is due."""
    s.market.now = now
    on_clock(s, s, local_books[0])
    for k in range(len(s.legs)):
        s.legs[k].market.now = now
        on_clock(s, s.legs[k], local_books[k + 1])


def run_locals(locals: Any, local_books: Any, s: Any, log: Any, until: int) -> int:
    """Takes all local feeds and answers up to `until`, each as far as no other one comes before it."""
    while True:
        who = 0
        first = next_local(locals[0], s)
        rank = s.reading.rank
        second = NEVER
        second_rank = 0
        for k in range(len(s.legs)):
            time = next_local(locals[k + 1], s.legs[k])
            own = s.legs[k].reading.rank
            if time < first or (time == first and own < rank):
                second, second_rank = first, rank
                who, first, rank = k + 1, time, own
            elif time < second or (time == second and own < second_rank):
                second, second_rank = time, own
        if first > until:
            return DONE
        stop = min(until, second if rank < second_rank else second - 1)
        s.clock.leg = who
        if who == 0:
            code = run_local(locals[0], local_books[0], s, s, log, stop)
        else:
            code = run_local(locals[who], local_books[who], s, s.legs[who - 1], log, stop)
        if code != DONE:
            return code


def next_local(local: Any, leg: Any) -> int:
    """Returns the time of the next thing that becomes known of an instrument; -1 where more is to be read first."""
    reading = leg.reading
    exchange = leg.exchange
    time = NEVER
    if exchange.answer_first != exchange.answer_end:
        time = exchange.answers[exchange.answer_first & exchange.mask].time
    if reading.local < local.count:
        return int(min(time, local.segments[reading.local].ts))
    return int(time) if reading.local_over else -1
