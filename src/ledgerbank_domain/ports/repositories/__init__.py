"""What services ask of stored entities: one protocol a file, kept by every storage alike.

The verbs mean the same everywhere. ``get`` gives the one that must be there, or raises the reason that says
it is not; ``find`` gives it or None; ``find_many`` those that exist, by id; ``list_...`` several in an order.
``..._for_update`` locks what it gives until the unit of work ends, several in ascending order of id. ``add``
inserts; ``save`` updates what this unit of work has locked. Not locked is what does not say so.
"""
