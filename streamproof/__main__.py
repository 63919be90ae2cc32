"""`python -m streamproof` is the command."""

from streamproof.cli.main import main

main()
