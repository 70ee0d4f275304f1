"""Writing, reading and exporting the audit trail. May use only how use-cases behave."""
