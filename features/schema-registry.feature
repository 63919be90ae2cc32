Feature: Avro through the registry
  Values are Avro, in schemas that a real registry keeps.

  Scenario: A forwarder that reads and writes Avro dies inside its transaction
    Given a cluster of 3 brokers
    And 2 instances of subject "orders-avro"
    And 1,000 records
    When instance 1 is killed inside its cycle
    Then every record is processed exactly once
    And records with the same key keep their order
