"""The reference pipeline's own step definitions; everything else comes with the installed plugin.

And pytest's own way of testing plugins, which only a conftest at the root may ask for.
"""

pytest_plugins = ["steps.forwarder", "pytester"]
