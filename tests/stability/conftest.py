"""Tests are imported by path: the modules beside them are not on the path by themselves."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
