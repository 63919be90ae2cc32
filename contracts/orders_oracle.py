"""What comes of an order event, said a second time and in other words than the pipeline's: the tests' own reckoning."""

from typing import Any

STATUS = {
    "placed": "awaiting-payment",
    "paid": "in-progress",
    "packed": "ready",
    "shipped": "in-transit",
    "delivered": "completed",
    "cancelled": "cancelled",
}
SENTENCE = {
    "placed": "thank you, it is on {}.",
    "paid": "we have received your payment of {}.",
    "packed": "it is packed.",
    "shipped": "it is on its way.",
    "delivered": "it has arrived.",
    "cancelled": "it is cancelled, and {} will be returned.",
}


def processed(event: Any) -> dict[str, Any]:
    """The order's new state."""
    return {"status": STATUS[event.value["type"]]}


def notified(event: Any) -> dict[str, Any]:
    """What the customer is told."""
    units, cents = divmod(event.value["amount"], 100)
    price = f"{units}.{cents:02d} {event.value['currency']}"
    return {"text": f"Order {event.value['order_id']}: {SENTENCE[event.value['type']].format(price)}"}
