"""What mmkit promises to keep is as it was at the last release, or the changelog says what is not."""

import json

from changes import CHANGELOG, RECORD, unnamed
from documents import STATIC, asked, json_commands
from surface import surface

ELSEWHERE = {"run"}
"""Commands whose --json is a document under another name: summary.json."""


def test_every_change_of_a_public_name_signature_or_key_is_in_the_changelog() -> None:
    recorded = json.loads(RECORD.read_text("utf-8"))["surface"]
    assert unnamed(recorded, surface(), CHANGELOG.read_text("utf-8")) == [], "see docs/stability.md"


def test_every_command_that_prints_json_is_looked_at() -> None:
    assert json_commands() == {*asked(), *STATIC, *ELSEWHERE}
