"""What goes between a subject and its brokers, request by request: seen, recorded, and held back or cut at will."""

from streamproof.wire.moments import Await, Moment, about_of
from streamproof.wire.proxy import Proxy
from streamproof.wire.rules import Cut, Deed, Hold, Rule
from streamproof.wire.sightings import Content, Sighting

__all__ = ["Await", "Content", "Cut", "Deed", "Hold", "Moment", "Proxy", "Rule", "Sighting", "about_of"]
