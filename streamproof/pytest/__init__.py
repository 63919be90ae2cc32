"""The pytest plugin: fixtures, Gherkin steps, and Allure's results."""
