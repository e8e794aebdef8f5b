"""A command for mmkit that prints the fills of a finished run side by side, with markouts."""
