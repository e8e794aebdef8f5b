"""What ended a run: the rule or venue at fault, when, at which row of the market, and all that the rule was given."""

import contextlib
from collections.abc import Sequence
from typing import Any

import attrs

from mmkit import fault_file
from mmkit.blame import Blamed, blamed_for, head
from mmkit.engine.callouts import acting, number_of
from mmkit.engine.calls import identifier, is_number
from mmkit.engine.records import LIQUIDATED, NAN_LADDER, NAN_PRICE, NAN_QUANTITY, NO_FAULT, TOO_MANY_ORDERS
from mmkit.errors import MmkitError, PluginError, VenueError, raised_at
from mmkit.rows import row_of
from mmkit.stack import Slot, Stack
from mmkit.track import Track


@attrs.frozen(eq=False)
class Scene:
    """Where a run was: the engine, the instruments' tapes; in a world without a book ns per step, and steps of the paths before."""

    engine: str
    tracks: Sequence[Track] = ()
    step: int = 0
    steps: int = 0

    def row(self, number: int, function: str, session: Any, error: BaseException | None) -> int | None:
        """Returns the row of an instrument's market, or the step, from 1; None where it is not known."""
        if self.step:
            return self.steps + int(session.market.now) // self.step + 1
        return row_of(self.tracks, number, function, error) if self.tracks else None

    def book(self, number: int) -> Any:
        """Returns an instrument's local book."""
        return self.tracks[number].local_book if self.tracks else []


def raised(stack: Stack, session: Any, error: Exception, scene: Scene) -> PluginError | None:
    """Returns the error behind an exception of a rule's function, with all that it was given; None if no rule is to blame."""
    blamed = blamed_for(stack, error, session.clock if session is not None else None)
    if blamed is None or session is None or blamed.slot not in acting(stack):
        return blamed.error(error) if blamed is not None else None
    number, when, about = moment(stack, session, scene, blamed.slot, blamed.function, error)
    about = {"error": {"type": type(error).__name__, "text": str(error)}, **about}
    fault = fault_file.document(stack, blamed.slot, blamed.function, session, scene.book(number), error, about)
    if blamed.unseen:
        blamed = attrs.evolve(blamed, where=again(blamed, fault, error))
    found = blamed.error(error, f", {when}")
    found.fault = {**fault, "said": str(found)}
    return found


def moment(
    stack: Stack, session: Any, scene: Scene, slot: Slot, function: str, error: BaseException | None
) -> tuple[int, str, dict[str, Any]]:
    """Returns the number of a rule's instrument, when its function was called in words, and the same by name."""
    number = number_of(stack, slot)
    leg = session.legs[number - 1] if number else session
    now, decision = int(leg.market.now), int(session.clock.decisions)
    row = scene.row(number, function, session, error)
    at = f"at {now} ns, {f'row {row}, ' if row else ''}decision {decision}"
    return number, at, {"engine": scene.engine, "time": now, "row": row, "decision": decision}


def again(blamed: Blamed, fault: dict[str, Any], error: Exception) -> str:
    """Returns "FILE:LINE" of what raised in compiled code, by calling the function once more, plain; its head where that goes otherwise."""
    with contextlib.suppress(MmkitError):
        try:
            fault_file.call(blamed.slot.rule, fault)
        except type(error) as same:
            return raised_at(same)
        except MmkitError:
            raise
        except Exception:
            pass
    return head(blamed.slot, blamed.function)


def misfit(stack: Stack, session: Any) -> PluginError | None:
    """Returns the error of a rule whose state, at the end, holds what is no number; the plain engine lets it."""
    for slot in acting(stack):
        state = getattr(session, f"{identifier(slot.path)}_state")
        for field in attrs.fields(slot.rule.state):
            value = getattr(state, field.name)
            if "array" not in field.metadata and not is_number(value):
                what = f"State.{field.name} is {value!r} at the end, no number"
                return PluginError(f"{slot.path}: {slot.rule.name} ({slot.distribution}): {what}")
    return None


def stopped(stack: Stack, session: Any, scene: Scene | None = None) -> MmkitError | None:
    """Returns the error behind a fault that the engine noted, if any; a rule's own with all that it was given, where there is a scene."""
    legs = [session, *getattr(session, "legs", [])]
    found = [(leg.desk.fault or leg.exchange.fault, name, leg) for leg, name in zip(legs, stack.leg_names, strict=True)]
    fault, name, leg = next((each for each in found if each[0]), (session.clock.fault, stack.quote, session))
    if fault == NO_FAULT:
        return None
    at = f"at {session.market.now} ns, decision {session.clock.decisions}"
    faulty = {
        NAN_PRICE: (stack.pricing, "quote", "a price or half-spread that is not a number"),
        NAN_QUANTITY: (stack.sizing, "sizes", "a quantity that is not a number"),
        NAN_LADDER: (stack.ladder, "levels", "a quantity that is not a number"),
    }
    if fault in faulty:
        slot, function, what = faulty[fault]
        if scene is None:
            return PluginError(f"{slot.path}: {slot.rule.name} ({slot.distribution}): {function} returned {what} {at}")
        number, when, about = moment(stack, session, scene, slot, function, None)
        where = f"({head(slot, function)}, {when})"
        error = PluginError(f"{slot.path}: {slot.rule.name} ({slot.distribution}): {function} returned {what} {where}")
        about = {"error": {"type": "", "text": f"returned {what}"}, **about}
        fault = fault_file.document(stack, slot, function, session, scene.book(number), None, about)
        error.fault = {**fault, "said": str(error)}
        return error
    if fault == LIQUIDATED:
        what = "the account's equity is below the maintenance margin: the venue liquidates the position"
        return VenueError(f"instruments.{name}: {what} {at}")
    what, room = "answers under way", len(leg.exchange.answers)
    if fault == TOO_MANY_ORDERS:
        what, room = "orders alive", len(leg.desk.orders)
    return VenueError(f"{stack.legs[name].venue.path}: too many {what} at once (room for {room}) {at}")
