"""What goes between a subject and its brokers, request by request: seen, recorded, and held back or cut at will."""

from streamproof.wire.late import Late
from streamproof.wire.moments import Await, Moment, about_of
from streamproof.wire.proxy import Proxy
from streamproof.wire.refusals import PLAUSIBLE
from streamproof.wire.rules import Change, Cut, Deed, Hold, Rule
from streamproof.wire.sightings import Content, Sighting
from streamproof.wire.slow import Slow

__all__ = [
    "PLAUSIBLE",
    "Await",
    "Change",
    "Content",
    "Cut",
    "Deed",
    "Hold",
    "Late",
    "Moment",
    "Proxy",
    "Rule",
    "Sighting",
    "Slow",
    "about_of",
]
