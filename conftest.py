"""The reference pipeline's own step definitions; everything else comes with the installed plugin."""

pytest_plugins = ["steps.forwarder"]
