"""Pipelines with one bug each, and what each bug must be caught by: a verifier that lets a mutant live is at fault."""

from mutants.registry import CLEAN, MUTANTS, Mutant

__all__ = ["CLEAN", "MUTANTS", "Mutant"]
