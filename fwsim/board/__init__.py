"""The board is what is plugged in, as data: functions, bridges, BARs, registers. A run and a placement use the same."""
