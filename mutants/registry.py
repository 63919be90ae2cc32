"""Which mutants there are, family by family, and the clean twins: what a check must not raise anything about."""

from mutants.families import FAMILIES, mutants_of, twins_of

MUTANTS = {mutant.name: mutant for family in FAMILIES for mutant in mutants_of(family)}
# Right, though they look much like a mutant
CLEAN = {mutant.name: mutant for family in FAMILIES for mutant in twins_of(family)}
