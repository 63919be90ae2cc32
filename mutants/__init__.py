"""Pipelines with one bug each, and what each bug must be caught by: a verifier that lets a mutant live is at fault."""
