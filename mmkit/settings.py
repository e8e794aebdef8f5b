"""Reading a stack: a TOML file and a command line become rules, parameters and wiring; every fault at once."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import tomli

from mmkit import plugins, wiring
from mmkit.disabled import UnknownPluginError
from mmkit.errors import ConfigError, PluginError, nearest
from mmkit.faults import Faults, joined
from mmkit.fields import Duration, field
from mmkit.instruments import account, all_have_books, hedges
from mmkit.kinds import shown
from mmkit.overrides import change
from mmkit.rules import Market, Role, Venue
from mmkit.stack import Cost, Instrument, Leg, Slot, Stack
from mmkit.structure import structure
from mmkit.switches import Switches

SECTIONS = {role.value: role for role in (Role.SIZING, Role.PRICING, Role.LADDER, Role.EXECUTION, Role.HEDGING)}
"""Sections that hold one rule each."""

GROUPS = {role.value: role for role in (Role.SIGNALS, Role.RISK, Role.REPORT)}
"""Sections that hold named rules."""

APART = ("log", "process")
"""Sections that have optimizations and no rule."""

_DEFAULT_RULES = {"ladder": "single", "execution": "requote", "hedging": "none"}
_SLOT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_INSTRUMENT_NAME = re.compile(r"[^\s.=\"'\x00-\x1f]+")
_UNFIT_FOR_A_FOLDER = re.compile(r"[/\\\x00-\x1f]")


@attrs.frozen
class StackTable:
    """The [stack] section."""

    name: str = field("", doc="name of the stack, part of a run's folder name; left out: the file's name")
    seed: int = field(0, at_least=0, doc="seed of every random stream")
    quote: str = field("", doc="the instrument that is quoted; left out: the only one")
    plugins: tuple[Path, ...] = field((), doc="single files that offer rules, relative to the stack file")
    record_every: Duration = field("1s", above=0, doc="time between two records")
    watch_every: Duration = field(
        "1s", above=0, doc="risk rules are asked at every decision and fill, and at least so often"
    )
    cost: Cost = field(Cost.AVERAGE, doc="cost of what a fill closes: average, or fifo: first in, first out")


def read(
    file: Path,
    *,
    data: Sequence[str] = (),
    seed: int | None = None,
    overrides: Sequence[str] = (),
    enable: Sequence[str] = (),
    disable: Sequence[str] = (),
) -> Stack:
    """Returns the stack of a TOML file, complete and checked.

    data: "[NAME=]PATH", files for an instrument's market; overrides: "KEY.PATH=VALUE"; enable, disable: key paths of
    rules. Raises ConfigError with one line per fault, file and key first; PluginError, one line per fault, where only
    plugins are at fault.
    """
    document = _document(file)
    faults = Faults(str(file))
    _fill(document)
    change(document, faults, data=data, seed=seed, overrides=overrides, enable=enable, disable=disable)
    _fill(document)
    stack = _Reading(document, file, faults).stack()
    faults.raise_any()
    assert stack is not None
    return stack


def _document(file: Path) -> dict[str, Any]:
    try:
        return tomli.loads(file.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        near = [path.name for path in file.parent.glob("*.toml")] if file.parent.is_dir() else []
        raise ConfigError(f"{file}: no such stack file{nearest(file.name, near)}") from None
    except IsADirectoryError:
        raise ConfigError(f"{file}: is a folder, not a stack file") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: is not a TOML file: not UTF-8 text") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{file}: is not a TOML file: {error}") from None


def _fill(document: dict[str, Any]) -> None:
    """Puts in the rules that a stack may leave out."""
    for section, rule in _DEFAULT_RULES.items():
        table = document.setdefault(section, {})
        if isinstance(table, dict):
            table.setdefault("use", rule)
    document.setdefault("report", {"page": {"use": "page"}})
    log = document.setdefault("log", {})
    if isinstance(log, dict):
        log.setdefault("optimizations", ["log-sampling"])
    instruments = document.get("instruments")
    for instrument in instruments.values() if isinstance(instruments, dict) else ():
        if isinstance(instrument, dict):
            venue = instrument.setdefault("venue", {})
            if isinstance(venue, dict):
                venue.setdefault("use", "queue")


class _Reading:
    """One pass over a document; `faults` collects, and a part with a fault is None."""

    def __init__(self, document: dict[str, Any], file: Path, faults: Faults) -> None:
        self.document = document
        self.file = file
        self.folder = file.parent.resolve()
        self.faults = faults
        self.explicit: dict[str, Mapping[str, Any]] = {}
        self.unloaded: list[str] = []
        self.table = self._stack_table()
        self.offers = self._offers(self._plugin_files())
        self.switches = Switches(faults, self.offers, self.folder)

    def stack(self) -> Stack | None:
        known = ["stack", "instruments", *SECTIONS, *GROUPS, *APART]
        for section in self.document:
            if section not in known:
                self.faults.add(section, f"unknown section{nearest(section, known)}")
        table = self.table
        legs = self._legs()
        quote = self._quote(table, legs)
        groups = {group: self._group(group) for group in GROUPS}
        for name in ("sizing", "pricing"):
            if name not in self.document:
                self.faults.add(name, f"required: the section of the {name} rule")
        single = {
            name: self._slot(name, name, role, self.document[name])
            for name, role in SECTIONS.items()
            if name in self.document
        }
        signals, risk, reports = (groups[group] for group in GROUPS)
        before = [single.get("sizing"), single.get("pricing"), single.get("ladder")]
        after = [single.get("execution"), single.get("hedging")]
        acting = [slot for slot in (*signals, *before, *risk, *after) if slot is not None]
        log, process = (self._apart(section) for section in APART)
        if len(log) > 1:
            self.faults.add(
                "log.optimizations",
                f"one of {' and '.join(each.name for each in log)} chooses what is logged, not both",
            )
        hedging = hedges(self.faults, self.document.get("hedging"), quote, legs)
        all_have_books(self.faults, legs)
        wired = self._wired(acting, quote, legs)
        if table is None or self.faults.lines or self.faults.plugin_lines:
            return None
        done = {slot.path: attrs.evolve(slot, wiring=wired[slot.path]) for slot in acting}
        return Stack(
            name=table.name or self.file.stem,
            seed=table.seed,
            quote=quote,
            record_every=table.record_every,
            watch_every=table.watch_every,
            fifo=table.cost == Cost.FIFO,
            hedges=hedging if getattr(done["hedging"].rule, "hedge", None) else (),
            legs={name: leg for name, leg in legs.items() if leg},
            signals=tuple(done[slot.path] for slot in signals),
            risk=tuple(done[slot.path] for slot in risk),
            reports=tuple(reports),
            log=next(iter(log), None),
            process=tuple(process),
            plugins=table.plugins,
            file=self.file,
            **{name: done[name] for name in SECTIONS},
        )

    def _stack_table(self) -> StackTable | None:
        table = self._table("stack", self.document.get("stack", {}))
        if table is None:
            return None
        made, faults = structure(StackTable, table, self.folder)
        for key, text in faults:
            self.faults.add(joined("stack", key), text)
        if made and _UNFIT_FOR_A_FOLDER.search(made.name):
            self.faults.add("stack.name", "must not contain a slash or a control character: it names a folder")
        return made  # type: ignore[no-any-return]

    def _plugin_files(self) -> tuple[Path, ...]:
        """Returns the plugin files, also where another key of [stack] is at fault."""
        section = self.document.get("stack")
        named = {"plugins": section["plugins"]} if isinstance(section, dict) and "plugins" in section else {}
        made, faults = structure(StackTable, named, self.folder)
        if faults:
            self.unloaded.append("stack.plugins")
        return made.plugins if made else ()

    def _offers(self, files: Sequence[Path]) -> plugins.Offers:
        try:
            return plugins.offers(files)
        except UnknownPluginError:
            raise  # the command line or the environment is at fault, not the stack
        except ConfigError as error:
            for text in error.faults:
                self.faults.add("stack.plugins", text)
        except PluginError as error:
            self.faults.add_plugin(error)
        self.unloaded.append("stack.plugins")
        return plugins.without_files()

    def _legs(self) -> dict[str, Leg | None]:
        table = self._table("instruments", self.document.get("instruments", {}))
        if table is not None and not table:
            self.faults.add("instruments", "required: at least one section [instruments.NAME]")
        return {name: self._leg(name, content) for name, content in (table or {}).items()}

    def _leg(self, name: str, content: Any) -> Leg | None:
        path = f"instruments.{name}"
        table = self._table(path, content)
        if table is None:
            return None
        if not _INSTRUMENT_NAME.fullmatch(name):
            self.faults.add(path, 'an instrument\'s name has no spaces, dots, quotes or "="')
        if "market" not in table:
            self.faults.add(f"{path}.market", "required: the section of the market rule")
        market = self._slot(f"{path}.market", "market", Role.MARKET, table["market"]) if "market" in table else None
        venue = self._slot(f"{path}.venue", "venue", Role.VENUE, table["venue"])
        self._market_suits_venue(path, market, venue)
        also = ("market", "venue", "balances", "funding")
        made, faults = structure(Instrument, {"name": name} | table, self.folder, also)
        if "name" in table:
            faults = [("name", "unknown key"), *(fault for fault in faults if fault[0] != "name")]
        for key, text in faults:
            self.faults.add(joined(path, key), text)
        if made:
            made = account(self.faults, self.folder, path, made, table)
        return Leg(made, market, venue) if made and market and venue else None

    def _market_suits_venue(self, path: str, market: Slot | None, venue: Slot | None) -> None:
        if not market or not venue:
            return
        assert isinstance(market.rule, Market)
        assert isinstance(venue.rule, Venue)
        makes_paths, fills_by_chance = market.rule.paths is not None, venue.rule.fill_probability is not None
        if makes_paths and not fills_by_chance:
            text = f'"{venue.rule.name}" needs a book, and {path}.market.use = "{market.rule.name}" has none'
            self.faults.add(f"{path}.venue.use", f"{text}: choose a venue that fills by probability")
        if fills_by_chance and not makes_paths:
            text = f'"{venue.rule.name}" fills by probability, for a market of independent paths without a book'
            self.faults.add(f"{path}.venue.use", f'{text}, and {path}.market.use = "{market.rule.name}" is none')

    def _quote(self, table: StackTable | None, legs: Mapping[str, Leg | None]) -> str:
        if table and table.quote and table.quote not in legs:
            self.faults.add("stack.quote", f'no instrument "{table.quote}"{nearest(table.quote, legs)}')
        if table and not table.quote and len(legs) > 1:
            self.faults.add("stack.quote", f"required: which of {', '.join(legs)} is quoted")
        return (table and table.quote) or next(iter(legs), "")

    def _group(self, group: str) -> list[Slot]:
        slots: list[Slot] = []
        for name, content in (self._table(group, self.document.get(group, {})) or {}).items():
            path = f"{group}.{name}"
            if not _SLOT_NAME.fullmatch(name) or path == "signals.sizing":
                self.faults.add(path, 'a name is a letter, then letters, digits, "_" or "-", and not "sizing"')
            twins = [slot.name for slot in slots if slot.name.replace("-", "_") == name.replace("-", "_")]
            if twins:
                self.faults.add(path, f"differs from {twins[0]} only in hyphens and underscores")
            slot = self._slot(path, name, GROUPS[group], content)
            slots += [slot] if slot else []
        return slots

    def _slot(self, path: str, name: str, role: Role, content: Any) -> Slot | None:
        """Returns the rule of a section; params is None where they are at fault. None if the rule cannot be had."""
        table = self._table(path, content)
        supplied = self._supplied(path, role, table) if table is not None else None
        if table is None or supplied is None:
            self.unloaded.append(path)
            return None
        rule, distribution = supplied
        also = ["use", "optimizations"]
        if role not in (Role.MARKET, Role.VENUE, Role.REPORT):
            also.append("inputs")
            also += {Role.SIGNALS: ["instrument"], Role.HEDGING: ["instruments"]}.get(role, [])
            self.explicit[path] = self._table(f"{path}.inputs", table.get("inputs", {})) or {}
        params, faults = structure(rule.params, table, self.folder, tuple(also))
        for key, text in faults:
            if key == "path" and role is Role.MARKET and text.startswith("unknown key"):
                text = f'market "{rule.name}" reads no file'
            self.faults.add(joined(path, key), text)
        instrument = self._instrument_of(path, table) if role is Role.SIGNALS else ""
        slot = Slot(name, path, rule, params, wiring={}, distribution=distribution, instrument=instrument)
        return self.switches.slot(slot, table.get("optimizations", []))

    def _instrument_of(self, path: str, table: Mapping[str, Any]) -> str:
        """Returns the instrument that a signal listens to: the quoted one where none is named."""
        known = self.document.get("instruments")
        names = list(known) if isinstance(known, dict) else []
        section = self.document.get("stack")
        quoted = section.get("quote") if isinstance(section, dict) else None
        name = table.get("instrument", quoted or next(iter(names), ""))
        if name not in names and "instrument" in table:
            near = nearest(name, names) if isinstance(name, str) else ""
            self.faults.add(f"{path}.instrument", f"no instrument {shown(name)}{near}")
        return name if isinstance(name, str) else ""

    def _supplied(self, path: str, role: Role, table: Mapping[str, Any]) -> plugins.Supplied | None:
        use = table.get("use")
        if not isinstance(use, str):
            known = ", ".join(self.offers.names(role)) or "none"
            what = "must be" if "use" in table else "required:"
            self.faults.add(f"{path}.use", f"{what} the name of a {role.value} plugin; there are: {known}")
            return None
        try:
            return self.offers.load(role, use)
        except ConfigError as error:
            if "stack.plugins" not in self.unloaded:
                self.faults.add(f"{path}.use", str(error))
        except PluginError as error:
            self.faults.add_plugin(error)
        return None

    def _apart(self, section: str) -> list[Slot]:
        table = self._table(section, self.document.get(section, {}))
        return self.switches.apart(section, table) if table is not None else []

    def _wired(self, acting: Sequence[Slot], quote: str, legs: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        """Returns the wiring by slot path; nothing while a rule that could publish is missing: that is the fault."""
        if "sizing" not in self.document:
            return {}
        if any(path.startswith("signals.") or path in ("sizing", "stack.plugins") for path in self.unloaded):
            return {}
        return wiring.wire(acting, self.explicit, self.offers.names(Role.SIGNALS), self.faults.add, quote, tuple(legs))

    def _table(self, path: str, value: Any) -> dict[str, Any] | None:
        if isinstance(value, dict):
            return value
        self.faults.add(path, f"must be a section [{path}]")
        return None
