"""What goes between a subject and its brokers, request by request: seen, recorded, and held back or cut at will."""

from streamproof.wire.proxy import Proxy
from streamproof.wire.rules import Cut, Deed, Hold, Rule
from streamproof.wire.sightings import Content, Sighting

__all__ = ["Content", "Cut", "Deed", "Hold", "Proxy", "Rule", "Sighting"]
