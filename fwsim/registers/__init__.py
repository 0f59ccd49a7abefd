"""This room says what each register means, in each generation. It is data and has no behaviour."""
