"""The Intel graphics device: its registers, what they do by themselves, its GTT, its sinks and its picture."""
