"""Tests are imported by path: the module beside them, which reads and does what a page shows, is not on the path by itself."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
