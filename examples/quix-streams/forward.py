"""Exactly once, with Quix Streams: a single setting."""

import os

from quixstreams import Application

app = Application(
    broker_address=os.environ["KAFKA_BOOTSTRAP_SERVERS"],
    consumer_group=os.environ["GROUP_ID"],
    processing_guarantee="exactly-once",
    commit_interval=float(os.environ.get("COMMIT_INTERVAL", "0.2")),
    auto_offset_reset="earliest",
    auto_create_topics=False,
    state_dir=os.environ["STATE_DIR"],
    consumer_extra_config={"session.timeout.ms": 6000},
    producer_extra_config={
        "transactional.id": os.environ["TRANSACTIONAL_ID"],
        "transaction.timeout.ms": 10_000,
        "message.timeout.ms": 10_000,
    },
)
values = os.environ.get("VALUES", "json")
orders = app.topic(os.environ["INPUT_TOPIC"], value_deserializer=values)
forwarded = app.topic(os.environ["OUTPUT_TOPIC"], value_serializer=values)
app.dataframe(orders).to_topic(forwarded)

if __name__ == "__main__":
    app.run()
