"""`python -m consumer` is `yespo-bridge`."""

from consumer.cli.main import main

main()
