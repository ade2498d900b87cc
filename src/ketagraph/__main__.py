"""``python -m ketagraph`` is the command line."""

from ketagraph.cli import main

main()
