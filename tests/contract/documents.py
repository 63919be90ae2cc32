"""A contract to make mistakes in."""

import textwrap

DOCUMENT = textwrap.dedent(
    """\
    asyncapi: 3.0.0
    x-owner: somebody
    channels:
      orders:
        address: orders
        messages:
          order: { $ref: '#/components/messages/Order' }
        bindings: { kafka: { partitions: 6, replicas: 3 } }
      ordersProcessed:
        address: orders-processed
        bindings:
          kafka:
            topic: processed
            topicConfiguration: { cleanup.policy: [delete, compact], retention.ms: 60000 }
      dlq: { address: orders-dlq }
    operations:
      forward:
        action: receive
        channel: { $ref: '#/channels/orders' }
        bindings: { kafka: { groupId: { const: forwarder } } }
        x-delivery: at-least-once
        x-identity: json:/id
        x-produces:
          - { channel: ordersProcessed, identity: json:/id }
        x-dead-letters: { channel: dlq }
    components:
      messages:
        Order:
          payload:
            type: object
            required: [id]
            properties: { id: { type: string }, at: { type: string } }
          examples:
            - payload: { id: a, at: 2026-01-01T00:00:00Z }
    """
)
