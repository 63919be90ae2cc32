"""The first files of a project: what is asked, what a running cluster tells, what is written."""
