"""The behaviours are what each family's display hardware does by itself: one file a topic; ``table`` says which family
has what.
"""
