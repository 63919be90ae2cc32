Feature: Rebalances
  Forwarders come and go; no order is lost, doubled or out of place.

  Background:
    Given a cluster of 3 brokers
    And 2 forwarders in group "order-processor"

  Scenario Outline: A member joins, another dies
    Given the "<protocol>" group protocol
    And 2,000 orders
    When another forwarder joins
    And forwarder 1 is killed with its transaction open
    Then every order is processed exactly once
    And orders with the same key keep their order
    And the group has rebalanced at least 2 times

    Examples:
      | protocol |
      | classic  |
      | consumer |
