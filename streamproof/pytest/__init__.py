"""The pytest plugin: fixtures, Gherkin steps, and what Allure is told."""
