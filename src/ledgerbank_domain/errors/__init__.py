"""Every way in which LedgerBank refuses or fails, as one exception and one catalog; it uses nothing."""
