"""The tests that go with each of the rules."""
