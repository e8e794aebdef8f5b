"""Tapes on disk: what is written comes back, half a tape never exists, damage is named, and runs find theirs again."""

import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmkit
from mmkit import kept, tapes
from mmkit.conversion import chunks
from mmkit.errors import ConfigError, DataError, PluginError
from mmkit.manifest import FILES, About, manifest
from mmkit.runs import Run, attempt
from mmkit.tape import SEGMENT, Chunk

ABOUT = About("COIN", 0.5, 0.01, "somewhere", {"path": ["x.csv"]})


def market(count: int = 400, *, jump: int = 0, lots: int = 9) -> np.ndarray[Any, Any]:
    """Returns rows of a book around tick 10,000 that may jump by `jump` ticks half-way, with a trade every tenth row."""
    rng = np.random.default_rng(3)
    out = np.zeros(count, mmkit.EVENT)
    for i in range(count):
        middle = 10_000 + (jump if i >= count // 2 else 0)
        bid = i % 2 == 0
        tick = middle - int(rng.integers(1, 5)) if bid else middle + int(rng.integers(1, 5))
        kind = mmkit.BID if bid else mmkit.ASK
        if i % 10 == 9:
            kind = mmkit.BUY
        out[i] = (i * 1000, i * 1000 + 500, tick, int(rng.integers(1, lots)), kind, mmkit.BOTH)
    return out


def marks() -> np.ndarray[Any, Any]:
    """Returns a mark every fifth row of it, without a rate at first, then with that of settlements at its 90th and 900th row."""
    out = np.zeros(80, mmkit.MARK)
    for i in range(80):
        rate = np.nan if i < 10 else i / 1000
        out[i] = (i * 5000, i * 5000 + 700, 5000 + i / 8, rate, 0 if i < 10 else 90_000 if i < 19 else 900_000)
    return out


def tape(*, rows: int = 60, window: int = 1 << 20, **options: int) -> list[Chunk]:
    """Returns the chunks of such a market and its marks."""
    return list(chunks(iter([marks(), market(**options)]), rows=rows, window=window))


def same(one: Chunk, other: Chunk) -> bool:
    """Returns whether two chunks are equal to the byte, types included."""
    pairs = [(getattr(one, name), getattr(other, name)) for name in ("local", "venue", "key", "lots", "marks")]
    pairs += [pair for a, b in zip(one.opening, other.opening, strict=True) for pair in zip(a, b, strict=True)]
    equal = all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in pairs)
    return equal and (one.base, one.events) == (other.base, other.events)


def ending(fault: Exception, given: list[Chunk]) -> Iterator[Chunk]:
    """Yields chunks, then raises."""
    yield from given
    raise fault


@pytest.mark.parametrize(
    "options",
    [{}, {"jump": 30_000, "window": 4096}, {"lots": 2**40}, {"jump": -30_000, "window": 4096, "lots": 2**40}],
    ids=["one window", "windows that move", "wide lots", "both"],
)
def test_what_is_written_comes_back_byte_for_byte(tmp_path: Path, options: dict[str, int]) -> None:
    written = tape(**options)
    assert len(written) > 4
    assert any(chunk.opening for chunk in written) is ("jump" in options)
    assert sum(len(chunk.marks) > 0 for chunk in written) > 4
    tapes.write(tmp_path / "t", written, ABOUT)
    assert all(same(a, b) for a, b in zip(tapes.read(tmp_path / "t"), written, strict=True))


def test_narrow_and_wide_lots_share_a_tape(tmp_path: Path) -> None:
    narrow, wide = tape(), tape(lots=2**40)
    written = [chunk for pair in zip(narrow, wide, strict=True) for chunk in pair]
    tapes.write(tmp_path / "t", written, ABOUT)
    assert {chunk.lots.dtype.itemsize for chunk in written} == {4, 8}
    assert all(same(a, b) for a, b in zip(tapes.read(tmp_path / "t"), written, strict=True))


def test_the_manifest_says_what_is_in_it(tmp_path: Path) -> None:
    source = tmp_path / "x.csv"
    source.write_text("abc")
    made = tapes.write(tmp_path / "t", tape(), attrs.evolve(ABOUT, sources=(source,)))
    assert made == manifest(tmp_path / "t")
    document = json.loads((tmp_path / "t" / "manifest.json").read_text())
    assert document["schema"] == 2
    assert document["mmkit"] == mmkit.__version__
    assert (document["instrument"], document["tick_size"], document["lot_size"]) == ("COIN", 0.5, 0.01)
    assert (document["market"], document["params"]) == ("somewhere", {"path": ["x.csv"]})
    # SHA-256 of "abc": FIPS 180-2, appendix B.1.
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert document["sources"] == [{"path": str(source), "size": 3, "sha256": abc}]
    assert (document["events"], document["first"], document["last"]) == (400, 0, 399_500)
    assert document["fault"] is None
    assert sum(piece["events"] for piece in document["chunks"]) == 400
    assert document["marks"] == sum(piece["marks"][1] for piece in document["chunks"]) == 80
    assert document["settlements"] == [{"time": 90_000, "rate": 0.018, "mark": 5000 + 18 / 8}]


def test_the_files_are_plain_arrays(tmp_path: Path) -> None:
    written = tape()
    tapes.write(tmp_path / "t", written, ABOUT)
    for name, dtype in (("local", SEGMENT), ("venue", SEGMENT), ("key", "u4"), ("lots", "i4"), ("marks", mmkit.MARK)):
        whole = np.concatenate([getattr(chunk, name) for chunk in written])
        assert np.fromfile(tmp_path / "t" / f"{name}.bin", dtype).tobytes() == whole.tobytes()


def test_reading_holds_one_chunk_at_a_time(tmp_path: Path) -> None:
    tapes.write(tmp_path / "t", tape(), ABOUT)
    reading = tapes.read(tmp_path / "t")
    next(reading)
    shutil.rmtree(tmp_path / "t")  # what is open stays readable
    assert sum(chunk.events for chunk in reading) == 400 - tape()[0].events


def test_a_fault_in_the_data_ends_the_tape_and_comes_back(tmp_path: Path) -> None:
    good = tape()
    made = tapes.write(tmp_path / "t", ending(DataError("x.csv:7: no number"), good), ABOUT)
    assert made.fault == "x.csv:7: no number"
    reading = tapes.read(tmp_path / "t")
    assert all(same(next(reading), chunk) for chunk in good)
    with pytest.raises(DataError, match=r"^x\.csv:7: no number$"):
        next(reading)


@pytest.mark.parametrize(
    ("fault", "before"),
    [(DataError("x.csv: is empty"), 0), (PluginError("a bug"), 2), (KeyboardInterrupt(), 2)],
    ids=["nothing to read", "a plugin's fault", "Ctrl-C"],
)
def test_nothing_is_left_of_what_is_no_tape(tmp_path: Path, fault: Exception, before: int) -> None:
    with pytest.raises(type(fault)):
        tapes.write(tmp_path / "t", ending(fault, tape()[:before]), ABOUT)
    assert list(tmp_path.iterdir()) == []


def test_no_reader_ever_sees_half_a_tape(tmp_path: Path) -> None:
    def watched() -> Iterator[Chunk]:
        for chunk in tape():
            assert not (tmp_path / "t").exists()
            yield chunk

    tapes.write(tmp_path / "t", watched(), ABOUT)
    assert [path.name for path in tmp_path.iterdir()] == ["t"]


def test_two_writers_do_not_disturb_each_other(tmp_path: Path) -> None:
    one, other = tapes.Writer(tmp_path / "t"), tapes.Writer(tmp_path / "t")
    for first, second in zip(tape(), tape(), strict=True):
        one.add(first)
        other.add(second)
    other.finish(ABOUT)
    with pytest.raises(OSError):  # noqa: PT011 - which one depends on the system
        one.finish(ABOUT)
    one.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["t"]
    assert sum(chunk.events for chunk in tapes.read(tmp_path / "t")) == 400


def test_a_folder_that_is_there_or_cannot_be_made_is_a_config_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder, said in ((tmp_path / "file", "is there already"), (tmp_path / "file" / "t", "cannot be written")):
        with pytest.raises(ConfigError, match=said):
            tapes.write(folder, tape(), ABOUT)


def test_a_tape_of_another_grid_is_refused(tmp_path: Path) -> None:
    from mmkit.stack import Instrument

    tapes.write(tmp_path / "t", tape(), ABOUT)
    assert next(tapes.read(tmp_path / "t", Instrument("COIN", 0.5, 0.01))).events > 0
    with pytest.raises(ConfigError, match=r"tick_size is 0\.5, that of COIN is 0\.1"):
        next(tapes.read(tmp_path / "t", Instrument("COIN", 0.1, 0.01)))
    with pytest.raises(ConfigError, match=r"lot_size is 0\.01, that of COIN is 1"):
        next(tapes.read(tmp_path / "t", Instrument("COIN", 0.5, 1.0)))


def damaged(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Changes the manifest."""
    file = folder / "manifest.json"
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(schema=1),
        lambda d: d.update(byte_order="middle"),
        lambda d: d.update(tick_size="0.1"),
        lambda d: d.pop("events"),
        lambda d: d.update(more=1),
        lambda d: d.update(files=d["files"][:-1]),
        lambda d: d["files"][0].update(size=1),
        lambda d: d["chunks"][1].update(local=[0]),
        lambda d: d["chunks"][1].update(key=["0", 1]),
        lambda d: d["chunks"][1].update(key=[0, 10**9]),
        lambda d: d["chunks"][1].update(marks=[0, 10**9]),
        lambda d: d["chunks"][1].pop("marks"),
        lambda d: d.update(settlements=[{"time": 1}]),
        lambda d: d["chunks"][1].update(key=[-8, 1]),
        lambda d: d["chunks"][1].update(key=[0, 1], lots=[0, 1]),
        lambda d: d.update(chunks=None),
    ],
)
def test_a_damaged_manifest_is_one_line(tmp_path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    tapes.write(tmp_path / "t", tape(), ABOUT)
    damaged(tmp_path / "t", change)
    with pytest.raises(DataError) as caught:
        list(tapes.read(tmp_path / "t"))
    assert str(tmp_path / "t") in str(caught.value)
    assert "\n" not in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(FILES[:4]), st.data())
def test_flipped_bits_never_lead_outside_the_rows(
    tmp_path_factory: pytest.TempPathFactory, name: str, draw: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("flipped") / "t"
    tapes.write(folder, tape(), ABOUT)
    content = bytearray((folder / name).read_bytes())
    at = draw.draw(st.integers(0, len(content) - 1))
    content[at] ^= draw.draw(st.integers(1, 255))
    (folder / name).write_bytes(content)
    fault = "damaged"
    try:
        for chunk in tapes.read(folder):
            assert all(0 <= key < 2 * (1 << 20) + 2 for key in chunk.key.tolist())
            for ts, start, length, kind, *_ in itertools.chain(chunk.local.tolist(), chunk.venue.tolist()):
                assert start + max(length, kind != 0) <= len(chunk.key), ts
    except DataError as error:
        fault = str(error)
    assert "damaged" in fault


@pytest.mark.parametrize("name", [*FILES[:4], "marks.bin"])
def test_a_file_that_is_cut_short_or_gone_is_named(tmp_path: Path, name: str) -> None:
    tapes.write(tmp_path / "t", tape(), ABOUT)
    content = (tmp_path / "t" / name).read_bytes()
    (tmp_path / "t" / name).write_bytes(content[:-1])
    with pytest.raises(DataError, match=name):
        manifest(tmp_path / "t")
    (tmp_path / "t" / name).unlink()
    with pytest.raises(DataError, match=name):
        manifest(tmp_path / "t")


# Runs.

STACK = """
[stack]
name = "kept"
plugins = ["ticks.py"]
[instruments.COIN]
tick_size = 0.5
lot_size = 1
[instruments.COIN.market]
use = "ticks"
path = "ticks.txt"
[instruments.COIN.venue]
use = "queue"
entry_latency = "1us"
response_latency = "1us"
[sizing]
use = "fixed"
quantity = 3
[pricing]
use = "fixed"
half_spread = 1.0
[execution]
use = "requote"
every = "5us"
[report]
"""

TICKS = '''
"""Reads lines of "ns tick lots kind", all known at once; counts how often it is asked."""
from pathlib import Path

import attrs
import mmkit
import numpy as np

asked = []


@attrs.frozen
class Params:
    path: tuple[Path, ...] = mmkit.field(doc="files")
    chance: bool = mmkit.field(False, doc="draws a number")


def events(params, instrument, rng):
    asked.append(1)
    if params.chance:
        rng.random()
    for path in params.path:
        for number, line in enumerate(path.read_text().split("\\n"), 1):
            if line == "broken":
                raise mmkit.DataError(f"{path}:{number}: no number")
            if line:
                ns, tick, lots, kind = map(int, line.split())
                row = np.zeros(1, mmkit.EVENT)
                row[0] = (ns, ns, tick, lots, kind, mmkit.BOTH)
                yield row


@mmkit.hookimpl
def mmkit_market():
    return mmkit.Market("ticks", params=Params, events=events)
'''


class Bench:
    """A stack over a hand-made recording, and a cache of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.ticks = folder / "ticks.txt"
        self.cache = folder / "cache"
        (folder / "stack.toml").write_text(STACK)
        (folder / "ticks.py").write_text(TICKS)
        rows = market(2000)
        lines = [f"{row['exch_ts']} {row['tick']} {row['lots']} {row['kind']}" for row in rows]
        self.ticks.write_text("\n".join(lines))

    def run(self, *changes: str, **options: Any) -> Run:
        """Runs the stack."""
        self.said = []
        return attempt(self.folder / "stack.toml", engine="python", set=changes, notify=self.said.append, **options)

    @property
    def tapes(self) -> list[Path]:
        """The tapes that were kept, and anything else beside them."""
        return sorted((self.cache / "tapes").iterdir()) if (self.cache / "tapes").is_dir() else []


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(tmp_path)
    monkeypatch.setenv("MMKIT_CACHE", str(made.cache))
    return made


def equal(one: Run, other: Run) -> bool:
    """Returns whether two runs are the same but for how long things took."""
    documents = [{key: value for key, value in run.summary.items() if key != "timing"} for run in (one, other)]
    for document in documents:
        document["counters"] = {key: value for key, value in document["counters"].items() if key != "latency"}
    return one.fills.equals(other.fills) and one.records.equals(other.records) and documents[0] == documents[1]


def test_a_recording_is_converted_once_and_found_again(bench: Bench) -> None:
    first = bench.run()
    assert bench.said == [f"converting {bench.ticks} (once; kept for the next run)"]
    assert len(bench.tapes) == 1
    assert first.summary["fills"]["count"] > 0
    second = bench.run()
    assert bench.said == []
    assert equal(first, second)


def test_a_kept_tape_is_what_the_next_run_reads(bench: Bench) -> None:
    bench.run()
    (kept_tape,) = bench.tapes
    shutil.rmtree(kept_tape)
    tapes.write(kept_tape, tape(count=40), ABOUT)
    assert bench.run().summary["data"]["events"] == 40


@pytest.mark.parametrize(
    "change",
    [
        lambda bench: bench.ticks.write_text(bench.ticks.read_text() + "\n2000000 9999 5 0"),
        lambda bench: (bench.folder / "ticks.py").write_text(TICKS + "\n# another version"),
        lambda bench: (bench.folder / "stack.toml").write_text(STACK.replace("tick_size = 0.5", "tick_size = 0.25")),
        lambda bench: (bench.folder / "stack.toml").write_text(STACK.replace("lot_size = 1", "lot_size = 0.5")),
        lambda bench: (bench.folder / "stack.toml").write_text(STACK.replace('txt"', 'txt"\nchance = true')),
    ],
    ids=["source", "plugin", "tick", "lot", "parameter"],
)
def test_what_makes_another_tape_is_converted_anew(bench: Bench, change: Callable[[Bench], object]) -> None:
    bench.run()
    change(bench)
    bench.run()
    assert bench.said == [f"converting {bench.ticks} (once; kept for the next run)"]


def test_rules_and_seed_do_not_matter_to_a_tape(bench: Bench) -> None:
    bench.run()
    bench.run("pricing.half_spread=2.0", seed=9)
    assert bench.said == []


def test_a_market_that_draws_numbers_is_not_kept(bench: Bench) -> None:
    bench.run("instruments.COIN.market.chance=true")
    assert bench.tapes == []


def test_a_recording_with_a_fault_is_replayed_and_not_kept(bench: Bench) -> None:
    bench.ticks.write_text(bench.ticks.read_text() + "\nbroken")
    for _ in range(2):
        run = bench.run()
        assert str(run.error) == f"{bench.ticks}:2001: no number"
        assert run.summary["data"]["events"] == 2000
        assert bench.tapes == []


def test_a_run_that_ends_early_leaves_nothing(bench: Bench) -> None:
    plugin = TICKS.replace("yield row", "yield row\n                if ns == 900_000:\n                    1 / 0")
    (bench.folder / "ticks.py").write_text(plugin)
    run = bench.run()
    assert isinstance(run.error, PluginError)
    assert bench.tapes == []


def test_a_cache_that_cannot_be_written_is_a_warning(bench: Bench) -> None:
    bench.cache.write_text("a file")
    run = bench.run()
    assert run.error is None
    assert run.summary["data"]["events"] == 2000
    assert len(bench.said) == 1
    assert bench.said[0].startswith("the tape is not kept: ")


def test_a_disk_that_fills_up_is_a_warning(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bench.run()
    shutil.rmtree(bench.cache)

    def full(self: tapes.Writer, chunk: Chunk) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tapes.Writer, "add", full)
    run = bench.run()
    assert equal(run, whole)
    assert bench.said[1:] == [f"the tape is not kept: {kept.folder_of(run.stack.leg)}: No space left on device"]
    assert bench.tapes == []


def test_a_damaged_tape_is_made_anew(bench: Bench) -> None:
    first = bench.run()
    (kept_tape,) = bench.tapes
    (kept_tape / "key.bin").write_bytes(b"")
    assert equal(bench.run(), first)
    assert len(bench.said) == 1
    assert equal(bench.run(), first)
    assert bench.said == []


def test_of_two_runs_at_once_the_first_tape_stays(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    first = bench.run()
    (kept_tape,) = bench.tapes
    aside = bench.folder / "aside"
    kept_tape.rename(aside)
    finish = tapes.Writer.finish

    def late(self: tapes.Writer, *given: Any) -> Any:
        aside.rename(kept_tape)  # somebody else was quicker
        return finish(self, *given)

    monkeypatch.setattr(tapes.Writer, "finish", late)
    assert equal(bench.run(), first)
    assert len(bench.said) == 1
    assert bench.tapes == [kept_tape]


def test_a_stack_names_a_tape_directly(bench: Bench) -> None:
    raw = bench.run()
    tapes.write(bench.folder / "t", tapes.read(bench.tapes[0]), About("COIN", 0.5, 1.0, "ticks"))
    direct = STACK.replace('use = "ticks"\npath = "ticks.txt"', 'use = "tape"\npath = "t"')
    (bench.folder / "stack.toml").write_text(direct)
    run = bench.run()
    assert (run.error, bench.said) == (None, [])
    assert run.fills.equals(raw.fills)
    assert run.records.equals(raw.records)
    assert run.summary["data"] == raw.summary["data"] | {"sources": [str(bench.folder / "t")]}
    assert len(bench.tapes) == 1


def test_a_simulator_is_not_kept(bench: Bench) -> None:
    simulated = STACK.replace('use = "ticks"\npath = "ticks.txt"', 'use = "book"\nduration = "2s"')
    (bench.folder / "stack.toml").write_text(simulated)
    assert bench.run().error is None
    assert (bench.said, bench.tapes) == ([], [])


@pytest.mark.parametrize("engine", ["python", "compiled"])
def test_a_recording_gives_the_same_bytes_from_its_tape(
    bench: Bench, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, engine: str
) -> None:
    recorded = STACK.replace('use = "ticks"\npath = "ticks.txt"', 'use = "hftbacktest"').replace("5us", "100ms")
    recorded = recorded.replace("tick_size = 0.5\nlot_size = 1", "tick_size = 0.01\nlot_size = 0.00001")
    (bench.folder / "stack.toml").write_text(recorded.replace("quantity = 3", "quantity = 0.01"))
    file = data / "derived" / "hftbacktest-format_spot_btcusdt_20240808.npz"
    runs = []
    for name in ("raw", "tape"):
        said: list[str] = []
        runs.append(
            attempt(
                bench.folder / "stack.toml",
                data=[str(file)],
                engine=engine,
                out=tmp_path / name,
                notify=said.append,
            )
        )
        assert any("converting" in line for line in said) is (name == "raw")
    assert runs[0].summary["fills"]["count"] > 0
    assert equal(*runs)
    for name in ("fills.parquet", "records.parquet", "stack.toml"):
        assert (tmp_path / "raw" / name).read_bytes() == (tmp_path / "tape" / name).read_bytes()
