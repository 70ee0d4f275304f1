"""Reading and writing values on the wire: fields, JSON bodies, pages. Knows no request."""
