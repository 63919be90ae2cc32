"""`python -m streamproof` is the command."""

from streamproof.cli import main

main()
