"""Statement files read: one reader for each format, and the values that files of all formats share."""
