"""`python -m twofold`, where `twofold` is not on PATH."""

from twofold.cli.main import main

main()
