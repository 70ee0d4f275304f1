"""What the domain asks of the outside, as protocols that adapters keep: storage, time, banks, mail."""
