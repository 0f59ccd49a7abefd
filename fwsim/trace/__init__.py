"""This room keeps what happened: the event's form, the recorder, reading back, exports and imports."""
