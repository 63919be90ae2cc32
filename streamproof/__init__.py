"""Streamproof: does a Kafka pipeline keep the promises in its contract, when things break?"""

from importlib.metadata import version

__version__ = version("streamproof")
