"""``python -m ledgerbank_app`` is the command ``ledgerbank``."""

from ledgerbank_app.command_line import main

if __name__ == "__main__":
    main()
