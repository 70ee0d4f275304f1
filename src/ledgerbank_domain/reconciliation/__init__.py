"""What to book so that the books say what a bank says: decided here, purely; services ask and write.

``shown`` is what a bank shows, a ``line`` what stands for it in the books, and a ``record`` the books' memory
of which line that is.
"""
