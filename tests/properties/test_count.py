"""So many sequences are tried in all."""

import re
from pathlib import Path

LEAST = 2000


def test_two_thousand_sequences_are_tried() -> None:
    texts = [file.read_text() for file in sorted(Path(__file__).parent.glob("test_*.py")) if file != Path(__file__)]
    counts = [int(count) for text in texts for count in re.findall(r"^@examples\((\d+)\)$", text, re.MULTILINE)]
    properties = sum(len(re.findall(r"^@given\(", text, re.MULTILINE)) for text in texts)
    assert len(counts) == properties, "every property says how often it is tried"
    assert sum(counts) >= LEAST
