"""The reference pipeline's own step definitions; everything else comes with the installed plugin.

And pytest's own way of testing plugins, which only a conftest at the root may ask for.
"""

import os
from pathlib import Path

pytest_plugins = ["steps.forwarder", "pytester"]

# an environment variable: processes of tests use Hypothesis too
os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(Path(__file__).parent / ".streamproof" / "hypothesis")
