Feature: Exactly-once forwarding
  Each order is processed once, whatever breaks on the way.

  Background:
    Given a cluster of 3 brokers
    And 2 forwarders in group "order-processor"

  Scenario: A forwarder dies inside its transaction
    Given 2,000 orders
    When forwarder 1 is killed with its transaction open
    Then every order is processed exactly once
    And orders with the same key keep their order
    And no transaction stays open

  Scenario: A forwarder sleeps beyond its session and wakes as a zombie
    Given 2,000 orders
    When forwarder 2 is paused beyond its session
    Then every order is processed exactly once
    And orders with the same key keep their order

  Scenario Outline: A broker goes away
    Given 2,000 orders
    When the <broker> is <broken>
    Then every order is processed exactly once
    And no transaction stays open

    Examples:
      | broker                  | broken    |
      | transaction coordinator | killed    |
      | group coordinator       | restarted |
      | leader                  | paused    |
