"""Every message that is known: who says it, in which words and since when, what it means, and what helps."""
