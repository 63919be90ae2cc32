Feature: The order event's schema evolves
  Producers and consumers of different versions live together, whichever is upgraded first.

  Background:
    Given the schema history "contracts/schemas/order_event" at level FULL_TRANSITIVE

  Scenario: The history so far
    Then each version is compatible with those before it

  Scenario: A field with a default may come
    When the next version adds {"name": "channel", "type": ["null", "string"], "default": null}
    Then it is accepted

  Scenario: A field without a default may not
    When the next version adds {"name": "channel", "type": "string"}
    Then it is refused: reader-field-missing-default at /fields/7

  Scenario: A field that older consumers need may not go
    When the next version drops the field "amount"
    Then it is refused: reader-field-missing-default at /fields/4
