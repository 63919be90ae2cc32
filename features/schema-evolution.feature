Feature: The order event's schema evolves
  Producers and consumers of different versions live together, whichever is upgraded first.

  Background:
    Given the schema history of message "OrderEvent" in "contracts/orders-avro.asyncapi.yaml"

  Scenario: The history so far
    Then each version is compatible with those before it

  Scenario: A field with a default may come
    When the next version adds {"name": "channel", "type": ["null", "string"], "default": null}
    Then the next version is accepted

  Scenario: A symbol may not, for older consumers do not know it and have no default
    When the next version adds the symbol "returned" to "type"
    Then the next version is refused: missing-enum-symbols at /fields/3/type/symbols

  Scenario: A type may not even be widened, for older consumers do not read it
    When the next version gives "amount" the type "double"
    Then the next version is refused: type-mismatch at /fields/4/type

  Scenario: A field without a default may not
    When the next version adds {"name": "channel", "type": "string"}
    Then the next version is refused: reader-field-missing-default at /fields/7

  Scenario: A field that older consumers need may not go
    When the next version drops the field "amount"
    Then the next version is refused: reader-field-missing-default at /fields/4
