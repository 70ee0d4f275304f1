"""Amounts of money and the currencies they are in, in exact decimals; of the domain it uses errors alone."""
